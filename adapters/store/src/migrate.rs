//! The migrations of `migrations/`, built into every binary that opens a store.

use sqlx::{PgPool, migrate::Migrator};

use crate::StoreError;

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

pub async fn run(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    // A migration may take its time, and so may waiting for another process that migrates.
    sqlx::raw_sql("set statement_timeout = 0; set lock_timeout = 0")
        .execute(&mut *connection)
        .await?;
    let migrated = MIGRATOR.run(&mut *connection).await;
    connection.close().await?;
    Ok(migrated?)
}

pub async fn check(pool: &PgPool) -> Result<(), StoreError> {
    let needed = MIGRATOR
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default();
    let known = sqlx::query_scalar::<_, bool>("select to_regclass('_sqlx_migrations') is not null");
    let found = if known.fetch_one(pool).await? {
        let newest = "select coalesce(max(version), 0) from _sqlx_migrations where success";
        sqlx::query_scalar(newest).fetch_one(pool).await?
    } else {
        0
    };
    // A newer schema is fine: migrations only add, so that processes of the version before can go on reading and writing while
    // others are started. What those begin may be nothing that these know of: the changelog says who has to be stopped first.
    if found < needed {
        Err(StoreError::WrongSchema { found, needed })
    } else {
        Ok(())
    }
}
