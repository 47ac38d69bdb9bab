//! Ending a run: all that it found, in one transaction, once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{job::Reconcile, ledger::Transfer, reconciliation::Difference};
use failpoints::{Point, reach};
use sqlx::{AssertSqlSafe, postgres::PgQueryResult};
use uuid::Uuid;

use crate::{
    Store, StoreError, TransferRecord,
    pool::answered,
    write::{Together, Tx, insert_transfers},
};

/// What a run found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The run's job.
    pub job: Reconcile,
    /// How many lines the statement had.
    pub entries: usize,
    /// How many of them agree with what we have.
    pub matched: usize,
    /// What does not.
    pub differences: Vec<Difference>,
    /// The provider's fees that nobody had posted.
    pub fees: Vec<Transfer>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Who closes differences that a later run of the same day has looked for again.
const LATER_RUN: &str = "reconcile";

/// The runs of a day end one after the other.
const LOCK_DAY: &str = "
select id from reconciliations where merchant_id = $1 and channel = $2 and day = $3 order by number for update";

const FINISH: &str = "
update reconciliations set status = 'done', entries = $2, matched = $3, finished_at = $4
where id = $1 and status = 'running'";

const POSTED: &str = "select id from ledger_transfers where id = any($1)";

/// All of a difference but its run.
const FACTS: &str = "class, payment_id, refund_id, object_id, entry_id, ours, theirs";

impl Store {
    /// Ends a run; false when it had ended before, or never began, and nothing was written.
    ///
    /// What a person has said about the same difference in an earlier run of the day holds for this one too. What such a
    /// run left open is closed, with a word that says whether it was found again.
    ///
    /// # Errors
    /// PostgreSQL is away or refuses; nothing was written, unless the connection broke during the commit.
    pub async fn finish_reconciliation(&self, finding: &Finding) -> Result<bool, StoreError> {
        self.refusals.note(answered(self.finish(finding)).await)
    }

    async fn finish(&self, finding: &Finding) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        lock_day(&mut tx, &finding.job).await?;
        if end_run(&mut tx, finding).await?.rows_affected() == 0 {
            return Ok(false);
        }
        post_fees(&mut tx, finding).await?;
        insert_differences(&mut tx, finding).await?;
        close_earlier(&mut tx, finding).await?;
        reach(Point::ReconciliationBeforeFinish);
        tx.commit().await?;
        reach(Point::ReconciliationFinished);
        Ok(true)
    }
}

async fn lock_day(tx: &mut Tx<'_>, job: &Reconcile) -> Result<(), StoreError> {
    sqlx::query(LOCK_DAY)
        .bind(job.merchant_id.as_uuid())
        .bind(job.channel.name())
        .bind(job.day)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn end_run(tx: &mut Tx<'_>, finding: &Finding) -> Result<PgQueryResult, StoreError> {
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Ok(sqlx::query(FINISH)
        .bind(finding.job.reconciliation_id().as_uuid())
        .bind(count(finding.entries))
        .bind(count(finding.matched))
        .bind(finding.at)
        .execute(&mut **tx)
        .await?)
}

/// Posts the fees that no other run of the day has posted since this one looked.
async fn post_fees(tx: &mut Tx<'_>, finding: &Finding) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = finding.fees.iter().map(|fee| fee.id.as_uuid()).collect();
    let posted: Vec<Uuid> = sqlx::query_scalar(POSTED).bind(ids).fetch_all(&mut **tx).await?;
    let posted: HashSet<Uuid> = posted.into_iter().collect();
    let fees = finding
        .fees
        .iter()
        .filter(|fee| !posted.contains(&fee.id.as_uuid()));
    let fees: Vec<TransferRecord> = fees
        .map(|fee| TransferRecord {
            transfer: fee.clone(),
            at: finding.at,
        })
        .collect();
    let mut all = Together::default();
    insert_transfers(&mut all, &fees.iter().collect::<Vec<_>>());
    all.run(tx).await
}

async fn insert_differences(tx: &mut Tx<'_>, finding: &Finding) -> Result<(), StoreError> {
    let insert = format!(
        "insert into reconciliation_differences
           (reconciliation_id, {FACTS}, found_at, resolved_at, resolution, resolved_by)
         select $1, seen.*, $9, word.resolved_at, word.resolution, word.resolved_by
         from unnest($2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[])
              as seen ({FACTS})
         left join lateral (
           select resolved_at, resolution, resolved_by
           from reconciliation_differences earlier join reconciliations run on run.id = earlier.reconciliation_id
           where run.merchant_id = $10 and run.channel = $11 and run.day = $12 and resolved_by <> $13
             and ({of_earlier}) is not distinct from ({of_seen})
           order by earlier.id desc limit 1
         ) as word on true",
        of_earlier = facts_of("earlier"),
        of_seen = facts_of("seen"),
    );
    let column = || finding.differences.iter();
    sqlx::query(AssertSqlSafe(insert))
        .bind(finding.job.reconciliation_id().as_uuid())
        .bind(column().map(|found| found.class.name()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|found| found.payment_id.map(|id| id.as_uuid()))
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|found| found.refund_id.map(|id| id.as_uuid()))
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|found| found.object_id.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|found| found.entry_id.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|found| found.ours.as_str()).collect::<Vec<_>>())
        .bind(column().map(|found| found.theirs.as_str()).collect::<Vec<_>>())
        .bind(finding.at)
        .bind(finding.job.merchant_id.as_uuid())
        .bind(finding.job.channel.name())
        .bind(finding.job.day)
        .bind(LATER_RUN)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn close_earlier(tx: &mut Tx<'_>, finding: &Finding) -> Result<(), StoreError> {
    let close = format!(
        "update reconciliation_differences as earlier
         set resolved_at = $2, resolved_by = $3,
             resolution = case when exists (
               select from reconciliation_differences again
               where again.reconciliation_id = $1 and ({of_again}) is not distinct from ({of_earlier}))
             then 'found again by ' else 'no longer found by ' end || $4
         from reconciliations run
         where run.id = earlier.reconciliation_id and run.id <> $1 and earlier.resolved_at is null
           and run.merchant_id = $5 and run.channel = $6 and run.day = $7",
        of_again = facts_of("again"),
        of_earlier = facts_of("earlier"),
    );
    let id = finding.job.reconciliation_id();
    sqlx::query(AssertSqlSafe(close))
        .bind(id.as_uuid())
        .bind(finding.at)
        .bind(LATER_RUN)
        .bind(id.to_string())
        .bind(finding.job.merchant_id.as_uuid())
        .bind(finding.job.channel.name())
        .bind(finding.job.day)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The facts of a difference, as columns of the table with this name.
fn facts_of(table: &str) -> String {
    let facts = FACTS.split(", ").map(|fact| format!("{table}.{fact}"));
    facts.collect::<Vec<_>>().join(", ")
}
