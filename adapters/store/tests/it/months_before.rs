//! Exchanges from before they were kept by months: none is copied or lost, and whoever reads and writes goes on meanwhile.

use std::time::{Duration, Instant};

use domain::id::PaymentId;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, migrate::Migrator};
use store::testing::TestDatabase;
use uuid::Uuid;

use crate::months::say;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// The last migration before months.
const BEFORE: i64 = 28;

const ROWS: &str = "
insert into merchants (id, name, created_at) values ('00000000-0000-0000-0000-000000000001', 'Shop', now());
insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, intent_id,
                      request, created_at, updated_at)
select '00000000-0000-0000-0000-000000000002', id, 'one', sha256('x'), 'processing', 5, 'USD', 'stripe', 'pi_1',
       jsonb_build_object('amount_minor', 5, 'currency', 'USD'), '2026-01-01', '2026-01-02'
from merchants;
insert into payment_records (payment_id, job_id, attempt, operation, outcome, error, duration_ms, at, channel)
select id, 'job_' || number, 1, 'create_intent', 'ok', 'x', 5, timestamptz '2025-01-01' + number * interval '1 hour', 'paypal'
from payments, generate_series(1, 5000) as number";

/// All that is stored, by ids.
const STORED: &str = "select jsonb_agg(to_jsonb(said) order by id) from payment_records said";
/// The files that hold it, so far as they have rows.
const FILES: &str = "
select string_agg(pg_relation_filenode(oid)::text, ' ') from pg_class
where relname like 'payment_records%' and relkind = 'r' and pg_relation_size(oid) > 0";
const RIGHTS: &str = "
select jsonb_object_agg(role || ' ' || what, has_table_privilege(role, 'payment_records', what))
from unnest(array['sluice_reader', 'sluice_writer']) as role, unnest(array['select', 'insert', 'update', 'delete']) as what";
const INDEXES: &str = "
select jsonb_agg(replace(indexdef, ' ONLY ', ' ') order by indexname) from pg_indexes
where tablename = 'payment_records' and indexname not like '%pkey'";

async fn one<T>(owner: &mut PgConnection, sql: &'static str) -> T
where
    T: sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres> + Send + Unpin,
{
    sqlx::query_scalar(sql).fetch_one(owner).await.unwrap()
}

async fn run(owner: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(owner).await.unwrap();
}

fn payment() -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(2))
}

/// A database of the version before, with its exchanges; a session of its owner's and one of a worker's.
async fn of_before() -> (TestDatabase, PgConnection, PgConnection) {
    let database = TestDatabase::create_empty(&std::env::var("DATABASE_URL").unwrap()).await;
    let mut owner = PgConnection::connect(&database.url()).await.unwrap();
    MIGRATIONS.run_to(BEFORE, &mut owner).await.unwrap();
    run(&mut owner, ROWS).await;
    let mut worker = PgConnection::connect(&database.url()).await.unwrap();
    run(&mut worker, "set role sluice_writer").await;
    // The statement is prepared from here on.
    say(&mut worker, payment(), "before", "2026-01-01T00:00:00Z").await;
    (database, owner, worker)
}

#[tokio::test]
async fn what_is_there_stays_where_it_is_and_means_what_it_meant() {
    let (database, mut owner, mut worker) = of_before().await;
    let stored: Value = one(&mut owner, STORED).await;
    let files: String = one(&mut owner, FILES).await;
    let rights: Value = one(&mut owner, RIGHTS).await;
    let indexes: Value = one(&mut owner, INDEXES).await;
    database.store(false).migrate().await.unwrap();

    assert_eq!(one::<Value>(&mut owner, STORED).await, stored);
    assert_eq!(one::<String>(&mut owner, FILES).await, files);
    assert_eq!(one::<Value>(&mut owner, RIGHTS).await, rights);
    assert_eq!(one::<Value>(&mut owner, INDEXES).await, indexes);
    // A process of the version before goes on, and its next exchange has the next id.
    say(&mut worker, payment(), "after", "2026-02-01T00:00:00Z").await;
    let last = "select jsonb_build_array(id, tableoid::regclass, channel) from payment_records where job_id = 'after'";
    assert_eq!(
        one::<Value>(&mut owner, last).await,
        json!([5_002, "payment_records_before", "stripe"])
    );
    let nobody = sqlx::query(
        "insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at)
         values (gen_random_uuid(), 'x', 1, 'x', 'ok', 1, now())",
    );
    let refused = nobody.execute(&mut worker).await.unwrap_err();
    assert!(refused.to_string().contains("foreign key"), "{refused}");

    // A process that died over its end does it again.
    run(&mut owner, "delete from _sqlx_migrations where version = 29").await;
    let stored: Value = one(&mut owner, STORED).await;
    database.store(false).migrate().await.unwrap();
    assert_eq!(one::<Value>(&mut owner, STORED).await, stored);
}

#[tokio::test]
async fn who_reads_holds_up_the_migration_and_not_who_writes() {
    let (database, mut owner, mut worker) = of_before().await;
    run(&mut owner, "begin; select from payment_records limit 1").await;
    let store = database.store(false);
    let migrating = async {
        store.migrate().await.unwrap();
        Instant::now()
    };
    let writing = async {
        let end = Instant::now() + Duration::from_secs(4);
        let mut slowest = Duration::ZERO;
        while Instant::now() < end {
            let began = Instant::now();
            say(&mut worker, payment(), "meanwhile", "2026-02-01T00:00:00Z").await;
            slowest = slowest.max(began.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let read_until = Instant::now();
        run(&mut owner, "commit").await;
        (slowest, read_until)
    };
    let (migrated_at, (slowest, read_until)) = tokio::join!(migrating, writing);
    assert!(migrated_at > read_until);
    // With room for a machine that has much to do.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    say(&mut worker, payment(), "after", "2026-02-01T00:00:00Z").await;
}

#[tokio::test]
async fn exchanges_of_weeks_ahead_are_named_and_refuse_nobody() {
    let (database, mut owner, mut worker) = of_before().await;
    let ahead = "update payment_records set at = now() + interval '80 days' where job_id = 'job_1'";
    run(&mut owner, ahead).await;
    let store = database.store(false);
    let error = store.migrate().await.unwrap_err().to_string();
    assert!(
        error.contains("weeks ahead of now: set their \"at\" right"),
        "{error}"
    );
    say(&mut worker, payment(), "later", "2099-01-01T00:00:00Z").await;
    run(
        &mut owner,
        "update payment_records set at = now() where at > now()",
    )
    .await;
    store.migrate().await.unwrap();
    store.check().await.unwrap();
}
