//! A migrated database that those of tests are copies of: to migrate each would take most of a short test's time.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::TestDatabase;
use crate::migrate::MIGRATOR;

/// Whoever makes a template holds this lock of the server; the others wait for it.
const MAKING: i64 = 0x736c_7569_6365_7465;

/// The name of the template on this server, which is made if need be.
pub(super) async fn of(server: &str) -> Result<String, sqlx::Error> {
    let name = name();
    let mut connection = PgConnection::connect(server).await?;
    if !exists(&mut connection, &name).await? {
        sqlx::query("select pg_advisory_lock($1)")
            .bind(MAKING)
            .execute(&mut connection)
            .await?;
        if !exists(&mut connection, &name).await? {
            make(server, &mut connection, &name).await?;
        }
    }
    connection.close().await?;
    Ok(name)
}

/// Under a name that nobody looks for until it is complete.
#[expect(clippy::expect_used, reason = "a test cannot go on without its database")]
async fn make(server: &str, connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let making = TestDatabase::create_empty(server).await;
    let store = making.store(false);
    store.migrate().await.expect("the migrations apply");
    store.close().await;
    let rename = format!("alter database {} rename to {name}", making.name);
    sqlx::query(AssertSqlSafe(rename)).execute(connection).await?;
    Ok(())
}

async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
}

/// Other migrations are another template.
fn name() -> String {
    let mut fingerprint = ring::digest::Context::new(&ring::digest::SHA256);
    for migration in MIGRATOR.iter() {
        fingerprint.update(&migration.checksum);
    }
    let fingerprint = fingerprint.finish();
    let start: String = fingerprint.as_ref()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sluice_template_{start}")
}
