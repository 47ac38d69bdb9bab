//! Checking the ledger now and then: once in a while, however many processes there are.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use crate::{LedgerReport, Store, StoreError, pool::answered};

/// A check that was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct LedgerCheck {
    /// When it was begun: what was written later may not be in it.
    pub begun_at: DateTime<Utc>,
    /// How many disagreements it found.
    pub disagreements: i64,
}

const BEGIN: &str = "
insert into ledger_checks (slot, begun_at) values (date_bin($2, $1, timestamptz '2000-01-01'), $1)
on conflict do nothing
returning slot";

const FINISH: &str = "update ledger_checks set finished_at = $2, disagreements = $3 where slot = $1";

const LAST: &str = "
select begun_at, disagreements from ledger_checks where finished_at is not null order by slot desc limit 1";

/// A check that was begun here and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerCheckBegun(DateTime<Utc>);

impl Store {
    /// Takes up the check of the span of time that `now` is in, each as long as `every`, unless somebody has.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn begin_ledger_check(
        &self,
        now: DateTime<Utc>,
        every: TimeDelta,
    ) -> Result<Option<LedgerCheckBegun>, StoreError> {
        let begun = sqlx::query_scalar(BEGIN).bind(now).bind(every);
        let slot: Option<DateTime<Utc>> = answered(begun.fetch_optional(&self.pool)).await?;
        Ok(slot.map(LedgerCheckBegun))
    }

    /// Says what came of a check.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn finish_ledger_check(
        &self,
        begun: LedgerCheckBegun,
        report: &LedgerReport,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let finished = sqlx::query(FINISH).bind(begun.0).bind(now).bind(report.total);
        answered(finished.execute(&self.pool)).await?;
        Ok(())
    }

    /// The last check that was finished.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn last_ledger_check(&self) -> Result<Option<LedgerCheck>, StoreError> {
        answered(sqlx::query_as(LAST).fetch_optional(&self.pool)).await
    }
}
