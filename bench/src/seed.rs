//! Many payments that are long over: copies of some that went through the pipeline, with all that belongs to them.
//!
//! Copies get ids, keys and moments of their own. What is sealed in them opens under the original's id only, which nobody will
//! try. Triggers and foreign keys are passed over while copying: they held for the originals.

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

/// The tables that grow with each payment.
const TABLES: [&str; 7] = [
    "payments",
    "payment_records",
    "payment_callbacks",
    "ledger_transfers",
    "ledger_postings",
    "notifications",
    "notification_attempts",
];
/// Columns with an id that is a payment's, or of something that belongs to one.
const IDS: [&str; 6] = [
    "payments.id",
    "ledger_transfers.id",
    "notifications.id",
    "payment_id",
    "transfer_id",
    "notification_id",
];
/// Columns with a text that no two payments share.
const NAMES: [&str; 4] = ["idempotency_key", "intent_id", "event_id", "subject"];
/// Copies of each original in one statement.
const AT_ONCE: u64 = 50;

/// Copies the payments that are stored until there are so many, and lets PostgreSQL look at them.
///
/// # Errors
/// PostgreSQL refuses, or there is nothing to copy.
pub async fn multiply(database_url: &str, wanted: u64) -> anyhow::Result<u64> {
    let mut connection = PgConnection::connect(database_url).await?;
    for table in TABLES {
        run(
            &mut connection,
            &format!("create table originals_{table} as select * from {table}"),
        )
        .await?;
    }
    let originals: i64 = sqlx::query_scalar("select count(*) from originals_payments")
        .fetch_one(&mut connection)
        .await?;
    let originals = u64::try_from(originals)?;
    anyhow::ensure!(originals > 0, "there are no payments to copy");
    let copies = wanted.div_ceil(originals).saturating_sub(1);
    run(&mut connection, "set session_replication_role = replica").await?;
    run(&mut connection, "set statement_timeout = 0").await?;
    let mut statements = Vec::new();
    for table in TABLES {
        statements.push(copying(&mut connection, table).await?);
    }
    let mut from = 1;
    while from <= copies {
        let to = (from + AT_ONCE - 1).min(copies);
        for statement in &statements {
            run(
                &mut connection,
                &statement.replace("$numbers", &format!("{from}, {to}")),
            )
            .await?;
        }
        from = to + 1;
    }
    for table in TABLES {
        run(&mut connection, &format!("drop table originals_{table}")).await?;
        run(&mut connection, &format!("vacuum analyze {table}")).await?;
    }
    run(&mut connection, "checkpoint").await?;
    connection.close().await?;
    Ok(originals * (copies + 1))
}

/// The statement that copies a table's originals.
async fn copying(connection: &mut PgConnection, table: &'static str) -> anyhow::Result<String> {
    let columns = "select column_name::text, data_type::text from information_schema.columns
                   where table_schema = 'public' and table_name = $1 and is_identity = 'NO' and is_generated = 'NEVER'
                     and coalesce(column_default, '') not like 'nextval(%'
                   order by ordinal_position";
    let columns = sqlx::query(columns).bind(table).fetch_all(connection).await?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in columns {
        let (name, kind): (String, String) = (column.try_get(0)?, column.try_get(1)?);
        values.push(copied(table, &name, &kind));
        names.push(name);
    }
    let (names, values) = (names.join(", "), values.join(", "));
    (!names.is_empty())
        .then_some(())
        .with_context(|| format!("no table {table}"))?;
    Ok(format!(
        "insert into {table} ({names}) select {values} from originals_{table}, generate_series($numbers) as n"
    ))
}

/// What a copy has in a column.
fn copied(table: &str, name: &str, kind: &str) -> String {
    let is_id = IDS
        .iter()
        .any(|id| *id == name || *id == format!("{table}.{name}"));
    match kind {
        "uuid" if is_id => format!("md5({name}::text || ':' || n)::uuid"),
        "timestamp with time zone" => format!("{name} - n * interval '1 minute'"),
        _ if NAMES.contains(&name) => format!("{name} || ':' || n"),
        _ => name.to_owned(),
    }
}

async fn run(connection: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    let ran = sqlx::query(AssertSqlSafe(sql)).execute(connection).await;
    ran.with_context(|| sql.to_owned()).map(drop)
}
