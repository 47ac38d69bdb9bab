//! The query schedule: which payments their provider is asked about, and when.
//!
//! Due payments are claimed by locking their rows, passing over those that another process has locked. Their next query
//! is scheduled, and the jobs that ask are put into the outbox, in the same transaction: however many processes sweep,
//! a query happens once, and one that was cut off happened not at all.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    id::{MerchantId, PaymentId},
    job::{Envelope, QueryPayment},
};
use failpoints::{Point, reach};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    pool::answered,
    write::{Tx, insert_jobs},
};

/// Queries claimed by this process, until it lets go.
#[derive(Debug)]
pub struct QueryBatch {
    tx: Tx,
    /// The queries to make.
    pub queries: Vec<QueryPayment>,
}

#[derive(FromRow)]
struct QueryRow {
    id: Uuid,
    merchant_id: Uuid,
    queries: i32,
}

const CLAIM: &str = "
with due as (
  select id from payments
  where status = 'needs_review' and coalesce(next_query_at, updated_at) <= $1
  order by coalesce(next_query_at, updated_at)
  limit $2
  for update skip locked
)
update payments
set queries = queries + 1,
    next_query_at = $1 + make_interval(secs => ($3::float8[])[least(queries + 1, cardinality($3::float8[]))])
from due where payments.id = due.id
returning payments.id, merchant_id, queries";

const IN_REVIEW: &str = "select count(*), min(updated_at) from payments where status = 'needs_review'";

impl Store {
    /// Claims up to `limit` payments that a query is due for at `now` and that no other process has claimed. Their next
    /// query is due after the pause that follows this one: the first of `pauses` after the first query, and the last of
    /// them after all that have none of their own.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn claim_queries(
        &self,
        now: DateTime<Utc>,
        pauses: &[Duration],
        limit: i64,
    ) -> Result<QueryBatch, StoreError> {
        reach(Point::SweepBeforeClaim);
        let claimed = answered(self.claim_due(now, pauses, limit)).await;
        let (tx, rows) = self.refusals.note(claimed)?;
        let queries: Vec<QueryPayment> = rows.into_iter().map(QueryPayment::from).collect();
        if !queries.is_empty() {
            reach(Point::SweepClaimed);
        }
        Ok(QueryBatch { tx, queries })
    }

    async fn claim_due(
        &self,
        now: DateTime<Utc>,
        pauses: &[Duration],
        limit: i64,
    ) -> Result<(Tx, Vec<QueryRow>), StoreError> {
        let mut tx = self.pool.begin().await?;
        let rows = sqlx::query_as(CLAIM)
            .bind(now)
            .bind(limit)
            .bind(pauses.iter().map(Duration::as_secs_f64).collect::<Vec<_>>())
            .fetch_all(&mut *tx)
            .await?;
        Ok((tx, rows))
    }

    /// How many payments wait for people or for their provider's word, and since when the oldest does.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn in_review(&self) -> Result<(i64, Option<DateTime<Utc>>), StoreError> {
        answered(sqlx::query_as(IN_REVIEW).fetch_one(&self.pool)).await
    }
}

impl QueryBatch {
    /// Puts the jobs that ask into the outbox, and keeps what was scheduled. Without this, nothing was.
    ///
    /// # Errors
    /// PostgreSQL is away; the queries are still due.
    pub async fn finish(self, jobs: &[Envelope]) -> Result<(), StoreError> {
        answered(self.schedule(jobs)).await
    }

    async fn schedule(mut self, jobs: &[Envelope]) -> Result<(), StoreError> {
        insert_jobs(&mut self.tx, &jobs.iter().collect::<Vec<_>>()).await?;
        reach(Point::SweepBeforeCommit);
        self.tx.commit().await?;
        reach(Point::SweepCommitted);
        Ok(())
    }
}

impl From<QueryRow> for QueryPayment {
    fn from(row: QueryRow) -> Self {
        Self {
            payment_id: PaymentId::from_uuid(row.id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            query: row.queries.cast_unsigned(),
        }
    }
}
