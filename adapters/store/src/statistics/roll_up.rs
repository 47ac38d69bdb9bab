//! Keeping the rolled-up figures true.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;

use crate::{Store, StoreError, pool::answered};

/// How much of the past one roll-up looks through at the most.
const STEP: TimeDelta = TimeDelta::hours(1);
/// Nobody waits for it, and what is not done in time would be begun anew: it gets more time than other statements.
const TAKE_TIME: &str = "set local statement_timeout = '10min'";
/// How long its answer is waited for: longer than that, so that PostgreSQL's own word comes first.
const PATIENCE: Duration = Duration::from_secs(11 * 60);
/// A row is seen some time after the moment that it says it was changed at: transactions take their time, and clocks differ.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// Whoever holds it rolls up.
const CLAIM: &str =
    "select done_until from statistics_progress where what = 'payments' for update skip locked";

const PAYMENTS: &str = include_str!("payments.sql");

const DONE_UNTIL: &str = "select done_until from statistics_progress where what = 'payments'";

const ADVANCE: &str = "update statistics_progress set done_until = $1 where what = 'payments'";

/// What came of a roll-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollUp {
    /// Somebody else is at it.
    Taken,
    /// All that had changed by then is counted.
    Until(DateTime<Utc>),
}

impl Store {
    /// Until when all changes are counted.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn rolled_up_until(&self) -> Result<DateTime<Utc>, StoreError> {
        answered(sqlx::query_scalar(DONE_UNTIL).fetch_one(&self.pool)).await
    }

    /// Counts what has changed since the last roll-up and before `now`, or as much of it as one takes.
    ///
    /// # Errors
    /// PostgreSQL is away; then nothing has changed.
    pub async fn roll_up(&self, now: DateTime<Utc>) -> Result<RollUp, StoreError> {
        match timeout(PATIENCE, self.roll_up_once(now)).await {
            Ok(rolled_up) => Ok(rolled_up?),
            Err(_) => Err(StoreError::silent()),
        }
    }

    async fn roll_up_once(&self, now: DateTime<Utc>) -> Result<RollUp, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let claimed: Option<DateTime<Utc>> = sqlx::query_scalar(CLAIM).fetch_optional(&mut *tx).await?;
        let Some(done_until) = claimed else {
            return Ok(RollUp::Taken);
        };
        sqlx::query(TAKE_TIME).execute(&mut *tx).await?;
        let until = now.min(done_until + STEP).max(done_until);
        sqlx::query(PAYMENTS)
            .bind(done_until - OVERLAP)
            .bind(until)
            .execute(&mut *tx)
            .await?;
        sqlx::query(ADVANCE).bind(until).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(RollUp::Until(until))
    }
}
