//! PostgreSQL by itself.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use rand::RngExt;
use sqlx::{
    AssertSqlSafe, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::Rate;
use crate::meter::Meter;

const CONNECTIONS: u32 = 32;
const ROWS: i32 = 100_000;

/// Rows as wide as those of a payment, of an exchange with its provider and of a message in the outbox.
const TABLES: [&str; 4] = [
    "create table raw_payments (id int primary key, status text, version int, facts text)",
    "create table raw_records (id bigint generated always as identity primary key, payment int, facts text)",
    "create table raw_outbox (id bigint generated always as identity primary key, body text)",
    "insert into raw_payments select n, 'pending', 0, repeat('x', 900) from generate_series(0, 99999) n",
];

/// Runs transactions for a while.
pub async fn measure(database_url: &str, meter: &Meter, during: Duration) -> anyhow::Result<Rate> {
    let options: PgConnectOptions = database_url.parse()?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .min_connections(CONNECTIONS)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    for statement in TABLES {
        sqlx::query(AssertSqlSafe(statement)).execute(&pool).await?;
    }
    let began = Instant::now();
    let before = meter.read();
    let lanes = (0..CONNECTIONS).map(|_| lane(&pool, began, during));
    let counts: Vec<u64> = try_join_all(lanes).await?;
    let rate = Rate::of(counts.iter().sum(), meter.since(&before));
    pool.close().await;
    Ok(rate)
}

async fn lane(pool: &PgPool, began: Instant, during: Duration) -> anyhow::Result<u64> {
    let (record, message) = ("x".repeat(400), "x".repeat(500));
    let mut connection = pool.acquire().await?;
    let mut count = 0;
    while began.elapsed() < during {
        let payment = rand::rng().random_range(0..ROWS);
        let mut tx = sqlx::Connection::begin(&mut *connection).await?;
        sqlx::query("select status, version, facts from raw_payments where id = $1 for update")
            .bind(payment)
            .fetch_one(&mut *tx)
            .await?;
        sqlx::query("insert into raw_records (payment, facts) values ($1, $2)")
            .bind(payment)
            .bind(&record)
            .execute(&mut *tx)
            .await?;
        sqlx::query("insert into raw_outbox (body) values ($1)")
            .bind(&message)
            .execute(&mut *tx)
            .await?;
        sqlx::query("update raw_payments set status = 'succeeded', version = version + 1 where id = $1")
            .bind(payment)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        count += 1;
    }
    Ok(count)
}
