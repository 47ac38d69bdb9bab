//! Keeping the rolled-up figures true.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;

use crate::{Scoped, Store, StoreError, pool::answered};

/// How much of the past one roll-up looks through at the most.
const STEP: TimeDelta = TimeDelta::hours(1);
/// Nobody waits for it, and what is not done in time would be begun anew: it gets more time than other statements.
const TAKE_TIME: &str = "set local statement_timeout = '10min'";
/// How long its answer is waited for: longer than that, so that PostgreSQL's own word comes first.
const PATIENCE: Duration = Duration::from_secs(11 * 60);
/// A row is seen some time after the moment that it says it was changed at: transactions take their time, and clocks differ.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// Whoever holds it rolls up.
const CLAIM: &str = "select done_until from statistics_progress where what = $1 for update skip locked";

const DONE_UNTIL: &str = "select min(done_until) from statistics_progress where what = any($1)";

const ADVANCE: &str = "update statistics_progress set done_until = $2 where what = $1";

/// What is counted, each in its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Payments.
    Payments,
    /// Orders.
    Orders,
}

/// What came of a roll-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollUp {
    /// Somebody else is at it.
    Taken,
    /// All that had changed by then is counted.
    Until(DateTime<Utc>),
}

impl Counted {
    /// All that is counted.
    pub const ALL: [Self; 2] = [Self::Payments, Self::Orders];

    /// Its name in the database and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Orders => "orders",
        }
    }

    /// Counts the quarters anew in which something is that changed from `$1` until `$2`.
    const fn recount(self) -> &'static str {
        match self {
            Self::Payments => include_str!("payments.sql"),
            Self::Orders => include_str!("orders.sql"),
        }
    }
}

impl Scoped<'_> {
    /// Until when all changes of these are counted.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn statistics_until(&self, counted: &[Counted]) -> Result<DateTime<Utc>, StoreError> {
        self.store.rolled_up_until(counted).await
    }
}

impl Store {
    /// Until when all changes of these are counted.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn rolled_up_until(&self, counted: &[Counted]) -> Result<DateTime<Utc>, StoreError> {
        let names: Vec<&str> = counted.iter().map(|counted| counted.name()).collect();
        let asking = sqlx::query_scalar(DONE_UNTIL).bind(names);
        answered(asking.fetch_one(&self.pool)).await
    }

    /// Counts what has changed since the last roll-up and before `now`, or as much of it as one takes.
    ///
    /// # Errors
    /// PostgreSQL is away; then nothing has changed.
    pub async fn roll_up(&self, counted: Counted, now: DateTime<Utc>) -> Result<RollUp, StoreError> {
        match timeout(PATIENCE, self.roll_up_once(counted, now)).await {
            Ok(rolled_up) => Ok(rolled_up?),
            Err(_) => Err(StoreError::silent()),
        }
    }

    async fn roll_up_once(&self, counted: Counted, now: DateTime<Utc>) -> Result<RollUp, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let claiming = sqlx::query_scalar(CLAIM).bind(counted.name());
        let claimed: Option<DateTime<Utc>> = claiming.fetch_optional(&mut *tx).await?;
        let Some(done_until) = claimed else {
            return Ok(RollUp::Taken);
        };
        sqlx::query(TAKE_TIME).execute(&mut *tx).await?;
        let until = now.min(done_until + STEP).max(done_until);
        sqlx::query(counted.recount())
            .bind(done_until - OVERLAP)
            .bind(until)
            .execute(&mut *tx)
            .await?;
        let advancing = sqlx::query(ADVANCE).bind(counted.name()).bind(until);
        advancing.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(RollUp::Until(until))
    }
}
