//! The query schedule: which payments and refunds their provider is asked about, and when.

use chrono::{DateTime, Utc};
use domain::{
    id::{MerchantId, PaymentId, RefundId},
    job::{Envelope, QueryPayment, QueryRefund},
    query_schedule::QuerySchedule,
};
use failpoints::{Point, reach};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    claims::{Claim, seconds},
    pool::answered,
};

/// Queries claimed by this process, until it lets go.
#[derive(Debug)]
pub struct QueryBatch {
    claim: Claim,
    /// The queries to make about payments.
    pub queries: Vec<QueryPayment>,
    /// The queries to make about refunds.
    pub refund_queries: Vec<QueryRefund>,
}

/// Claims what a query is due for: what was asked about before and is due again, then what has not changed for `$3`
/// seconds and was not asked about yet. Both walk the one index of the table's statuses from its oldest end, and look at
/// nothing that is not due. The rows are changed by their ids as an array: PostgreSQL takes a limit that it does not know for
/// a tenth of the table, and would go through all of it to join so many.
macro_rules! claim {
    ($table:literal, $statuses:literal, $payment_id:literal) => {
        concat!(
            "with again as (
               select id from ", $table, " where status in (", $statuses, ") and next_query_at <= $1
               order by next_query_at, updated_at limit $2 for update skip locked
             ), first as (
               select id from ", $table, " where status in (", $statuses, ") and next_query_at is null
                 and updated_at <= $1 - make_interval(secs => $3)
               order by next_query_at, updated_at limit $2 - (select count(*) from again) for update skip locked
             )
             update ", $table, " as due
             set queries = queries + 1,
                 next_query_at = $1 + make_interval(secs => ($4::float8[])[least(queries + 1, cardinality($4::float8[]))])
             where due.id = any (array(select id from again union all select id from first))
             returning due.id, ", $payment_id, " as payment_id, merchant_id, queries"
        )
    };
}

const CLAIM_PAYMENTS_IN_REVIEW: &str = claim!("payments", "'needs_review'", "due.id");
const CLAIM_WAITING_PAYMENTS: &str = claim!("payments", "'requires_action', 'processing'", "due.id");
const CLAIM_REFUNDS_IN_REVIEW: &str = claim!("refunds", "'needs_review'", "due.payment_id");
const CLAIM_WAITING_REFUNDS: &str = claim!("refunds", "'processing'", "due.payment_id");

const PAYMENTS_IN_REVIEW: &str =
    "select count(*), min(updated_at) from payments where status = 'needs_review'";
const REFUNDS_IN_REVIEW: &str = "select count(*), min(updated_at) from refunds where status = 'needs_review'";

#[derive(FromRow)]
struct QueryRow {
    id: Uuid,
    payment_id: Uuid,
    merchant_id: Uuid,
    queries: i32,
}

/// Until when something is due, by which schedule, and how many at the most.
struct Due<'a> {
    now: DateTime<Utc>,
    schedule: &'a QuerySchedule,
    limit: i64,
}

impl Store {
    /// Claims payments and refunds that a query is due for at `now` and that no other process has claimed: those in
    /// review by the schedule `review`, those that wait for the payer or a bank by `waiting`; up to `limit` of each, and
    /// of payments and refunds each, so that none of the four keeps out another.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn claim_queries(
        &self,
        now: DateTime<Utc>,
        review: &QuerySchedule,
        waiting: &QuerySchedule,
        limit: i64,
    ) -> Result<QueryBatch, StoreError> {
        reach(Point::SweepBeforeClaim);
        let of = |schedule| Due { now, schedule, limit };
        let claimed = answered(self.claim_due(&of(review), &of(waiting))).await;
        let batch = self.refusals.note(claimed)?;
        if !batch.is_empty() {
            reach(Point::SweepClaimed);
        }
        Ok(batch)
    }

    async fn claim_due(&self, review: &Due<'_>, waiting: &Due<'_>) -> Result<QueryBatch, StoreError> {
        let mut claim = Claim::begin(self).await?;
        // Payments before refunds, as everywhere.
        let mut payments = claim.queries(CLAIM_PAYMENTS_IN_REVIEW, review).await?;
        payments.extend(claim.queries(CLAIM_WAITING_PAYMENTS, waiting).await?);
        let mut refunds = claim.queries(CLAIM_REFUNDS_IN_REVIEW, review).await?;
        refunds.extend(claim.queries(CLAIM_WAITING_REFUNDS, waiting).await?);
        Ok(QueryBatch {
            claim,
            queries: payments.into_iter().map(QueryPayment::from).collect(),
            refund_queries: refunds.into_iter().map(QueryRefund::from).collect(),
        })
    }

    /// How many payments wait for people or for their provider's word, and since when the oldest does.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn in_review(&self) -> Result<(i64, Option<DateTime<Utc>>), StoreError> {
        answered(sqlx::query_as(PAYMENTS_IN_REVIEW).fetch_one(&self.pool)).await
    }

    /// The same for refunds.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn refunds_in_review(&self) -> Result<(i64, Option<DateTime<Utc>>), StoreError> {
        answered(sqlx::query_as(REFUNDS_IN_REVIEW).fetch_one(&self.pool)).await
    }
}

impl Claim {
    async fn queries(&mut self, text: &'static str, due: &Due<'_>) -> Result<Vec<QueryRow>, StoreError> {
        let rows = sqlx::query_as(text)
            .bind(due.now)
            .bind(due.limit)
            .bind(due.schedule.first.as_secs_f64())
            .bind(seconds(&due.schedule.pauses))
            .fetch_all(&mut *self.tx)
            .await?;
        Ok(rows)
    }
}

impl QueryBatch {
    /// Whether there is nothing to ask about.
    pub const fn is_empty(&self) -> bool {
        self.queries.is_empty() && self.refund_queries.is_empty()
    }

    /// Puts the jobs that ask into the outbox, and keeps what was scheduled. Without this, nothing was.
    ///
    /// # Errors
    /// PostgreSQL is away; the queries are still due.
    pub async fn finish(self, jobs: &[Envelope]) -> Result<(), StoreError> {
        self.claim.finish(jobs).await
    }
}

impl From<QueryRow> for QueryPayment {
    fn from(row: QueryRow) -> Self {
        Self {
            payment_id: PaymentId::from_uuid(row.payment_id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            query: row.queries.cast_unsigned(),
        }
    }
}

impl From<QueryRow> for QueryRefund {
    fn from(row: QueryRow) -> Self {
        Self {
            refund_id: RefundId::from_uuid(row.id),
            payment_id: PaymentId::from_uuid(row.payment_id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            query: row.queries.cast_unsigned(),
        }
    }
}
