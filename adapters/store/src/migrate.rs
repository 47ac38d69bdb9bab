//! The migrations of `migrations/`, built into every binary that opens a store.

use sqlx::{PgPool, migrate::Migrator};

use crate::StoreError;

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

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
    let known = sqlx::query_scalar::<_, bool>("select to_regclass('_sqlx_migrations') is not null");
    let found = if known.fetch_one(pool).await? {
        let applied = "select version from _sqlx_migrations where success";
        sqlx::query_scalar::<_, i64>(applied).fetch_all(pool).await?
    } else {
        Vec::new()
    };
    // Each of ours, and not the newest alone: what was merged later may have an older number.
    let needed = MIGRATOR.iter().map(|migration| migration.version);
    let missing: Vec<i64> = needed.filter(|version| !found.contains(version)).collect();
    // A newer schema is fine: migrations only add, so that processes of the version before can go on reading and writing while
    // others are started. What those begin may be nothing that these know of: the changelog says who has to be stopped first.
    match missing.first() {
        Some(&first) => Err(StoreError::WrongSchema {
            first,
            missing: missing.len(),
        }),
        None => Ok(()),
    }
}
