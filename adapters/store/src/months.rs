//! The months of `payment_records`: made ahead of time, and dropped when they are old enough (decision 36).
//!
//! Workers own no table. Each step is a function of the database's, which keeps what must not go, whoever calls it. One process at a
//! time takes a step, and one that finds others in its way has done nothing and can be taken again.

use std::time::Duration;

use chrono::{DateTime, Months, Utc};
use sqlx::{Postgres, Transaction};

use crate::{Store, StoreError, pool::answered};

/// Whoever makes or drops months holds this lock of the database.
const LOCK: i64 = 0x736c_7569_6365_6d6f;
/// All of an old month is looked through for what is still needed. PostgreSQL keeps the limit, so that nothing runs on whose process
/// is gone.
const TAKE_TIME: &str = "set local statement_timeout = '30min'";
/// How long its answer is waited for: longer than that, so that PostgreSQL's own word comes first.
const PATIENCE: Duration = Duration::from_secs(31 * 60);

const PREPARE: &str = "select prepare_payment_records($1)";
const OVER: &str = "select part::text from payment_records_months() where ends_at <= $1 order by ends_at";
// One that is gone by now gives no row.
const DROP: &str = "select drop_payment_records(part) from payment_records_months() where part = $1::name";

impl Store {
    /// Makes the partitions of this month and the `ahead` months after it, unless they are there or another process is at it. Gives
    /// how many it has made.
    ///
    /// # Errors
    /// PostgreSQL is away, or others are in the way. Months that were made stay.
    pub async fn prepare_months(&self, now: DateTime<Utc>, ahead: u32) -> Result<u32, StoreError> {
        let mut made = 0;
        for month in 0..=ahead {
            made += u32::from(answered(self.prepare_month(now, month)).await?);
        }
        Ok(made)
    }

    async fn prepare_month(&self, now: DateTime<Utc>, ahead: u32) -> Result<bool, StoreError> {
        let Some(mut tx) = self.alone().await? else {
            return Ok(false);
        };
        // A day that the month lacks becomes its last one.
        let month = now + Months::new(ahead);
        let made = sqlx::query_scalar(PREPARE)
            .bind(month)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(made)
    }

    /// The partitions that end at `cutoff` or before it, the oldest first.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn months_before(&self, cutoff: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
        answered(sqlx::query_scalar(OVER).bind(cutoff).fetch_all(&self.pool)).await
    }

    /// Drops a partition with all that is in it, and says what came of that. What is over for less than 90 days cannot be dropped.
    ///
    /// # Errors
    /// PostgreSQL is away, others are in the way, or the partition is not old enough.
    pub async fn drop_month(&self, partition: &str) -> Result<DroppedMonth, StoreError> {
        let dropping = tokio::time::timeout(PATIENCE, self.drop_alone(partition)).await;
        dropping.unwrap_or_else(|_| Err(StoreError::silent()))
    }

    async fn drop_alone(&self, partition: &str) -> Result<DroppedMonth, StoreError> {
        let Some(mut tx) = self.alone().await? else {
            return Ok(DroppedMonth::Elsewhere);
        };
        sqlx::query(TAKE_TIME).execute(&mut *tx).await?;
        let dropped: Option<bool> = sqlx::query_scalar(DROP)
            .bind(partition)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(match dropped {
            Some(true) => DroppedMonth::Dropped,
            Some(false) => DroppedMonth::Needed,
            None => DroppedMonth::Elsewhere,
        })
    }

    /// A transaction in which nobody else takes a step, unless somebody does.
    async fn alone(&self) -> Result<Option<Transaction<'static, Postgres>>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let locking = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)").bind(LOCK);
        let is_alone: bool = locking.fetch_one(&mut *tx).await?;
        Ok(is_alone.then_some(tx))
    }
}

/// What came of dropping a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DroppedMonth {
    /// It is gone.
    Dropped,
    /// It holds an exchange about a payment that is open.
    Needed,
    /// Another process is at it, or was.
    Elsewhere,
}
