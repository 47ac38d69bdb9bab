//! The query schedule: which payments, refunds, accounts and payouts their provider is asked about, and when; and which payments
//! and refunds have lost their job.

use chrono::{DateTime, Utc};
use domain::{
    id::{IdempotencyKey, MerchantId, PaymentId, RefundId},
    job::{CreateIntent, CreateRefund, Envelope, QueryPayment, QueryRefund},
    query_schedule::QuerySchedule,
    trace::TraceParent,
};
use failpoints::{Point, reach};
use sqlx::{FromRow, postgres::PgRow};
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

/// Payments and refunds that are pending although nobody has touched them for long, claimed by this process until it lets
/// go. The job that stored each of them is lost, or was put off for as long.
#[derive(Debug)]
pub struct ForgottenBatch {
    claim: Claim,
    /// The jobs of payments.
    pub intents: Vec<Forgotten<CreateIntent>>,
    /// The jobs of refunds.
    pub refunds: Vec<Forgotten<CreateRefund>>,
}

/// A job that is sent again.
#[derive(Debug)]
pub struct Forgotten<J> {
    /// The job.
    pub job: J,
    /// Where its payment began, if that is known.
    pub trace: Option<TraceParent>,
}

/// Claims what a query is due for: what was asked about before and is due again, then what has not changed for `$3`
/// seconds and was not asked about yet. Both walk the one index of such rows from its oldest end, and look at
/// nothing that is not due. The rows are changed by their ids as an array: PostgreSQL takes a limit that it does not know for
/// a tenth of the table, and would go through all of it to join so many.
macro_rules! claim {
    ($table:literal, $which:literal, $returned:literal) => {
        concat!(
            "with again as (
               select id from ", $table, " where ", $which, " and next_query_at <= $1
               order by next_query_at, updated_at limit $2 for no key update skip locked
             ), first as (
               select id from ", $table, " where ", $which, " and next_query_at is null
                 and updated_at <= $1 - make_interval(secs => $3)
               order by next_query_at, updated_at limit $2 - (select count(*) from again) for no key update skip locked
             )
             update ", $table, " as due
             set queries = queries + 1,
                 next_query_at = $1 + make_interval(secs => ($4::float8[])[least(queries + 1, cardinality($4::float8[]))])
             where due.id = any (array(select id from again union all select id from first))
             returning ", $returned
        )
    };
}

mod connect;

pub use connect::ConnectQueryBatch;

const CLAIM_PAYMENTS_IN_REVIEW: &str = claim!(
    "payments",
    "status = 'needs_review'",
    "due.id, due.id as payment_id, merchant_id, queries"
);
/// A declined payment whose intent is open waits for its payer, too.
const CLAIM_WAITING_PAYMENTS: &str = claim!(
    "payments",
    "status in ('requires_action', 'processing', 'failed') and intent_id is not null",
    "due.id, due.id as payment_id, merchant_id, queries"
);
const CLAIM_REFUNDS_IN_REVIEW: &str = claim!(
    "refunds",
    "status = 'needs_review'",
    "due.id, due.payment_id, merchant_id, queries"
);
const CLAIM_WAITING_REFUNDS: &str = claim!(
    "refunds",
    "status = 'processing'",
    "due.id, due.payment_id, merchant_id, queries"
);

const CLAIM_FORGOTTEN_PAYMENTS: &str = claim!(
    "payments",
    "status = 'pending'",
    "merchant_id, idempotency_key, request, traceparent"
);
const CLAIM_FORGOTTEN_REFUNDS: &str = claim!(
    "refunds",
    "status = 'pending'",
    "merchant_id, idempotency_key, request,
     (select traceparent from payments where payments.id = due.payment_id)"
);

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

#[derive(FromRow)]
struct ForgottenRow {
    merchant_id: Uuid,
    idempotency_key: String,
    request: serde_json::Value,
    traceparent: Option<String>,
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
        let mut payments: Vec<QueryRow> = claim.rows(CLAIM_PAYMENTS_IN_REVIEW, review).await?;
        payments.extend(claim.rows::<QueryRow>(CLAIM_WAITING_PAYMENTS, waiting).await?);
        let mut refunds: Vec<QueryRow> = claim.rows(CLAIM_REFUNDS_IN_REVIEW, review).await?;
        refunds.extend(claim.rows::<QueryRow>(CLAIM_WAITING_REFUNDS, waiting).await?);
        Ok(QueryBatch {
            claim,
            queries: payments.into_iter().map(QueryPayment::from).collect(),
            refund_queries: refunds.into_iter().map(QueryRefund::from).collect(),
        })
    }

    /// Claims up to `limit` payments and as many refunds that have been pending for longer than the schedule's first wait
    /// at `now`, and that no other process has claimed.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn claim_forgotten(
        &self,
        now: DateTime<Utc>,
        schedule: &QuerySchedule,
        limit: i64,
    ) -> Result<ForgottenBatch, StoreError> {
        reach(Point::SweepBeforeClaim);
        let due = Due { now, schedule, limit };
        let batch = self.refusals.note(answered(self.claim_pending(&due)).await)?;
        if !batch.is_empty() {
            reach(Point::SweepClaimed);
        }
        Ok(batch)
    }

    async fn claim_pending(&self, due: &Due<'_>) -> Result<ForgottenBatch, StoreError> {
        let mut claim = Claim::begin(self).await?;
        let payments: Vec<ForgottenRow> = claim.rows(CLAIM_FORGOTTEN_PAYMENTS, due).await?;
        let refunds: Vec<ForgottenRow> = claim.rows(CLAIM_FORGOTTEN_REFUNDS, due).await?;
        let intents = payments.into_iter().map(ForgottenRow::into_intent);
        let refunds = refunds.into_iter().map(ForgottenRow::into_refund);
        Ok(ForgottenBatch {
            claim,
            intents: intents.collect::<Result<_, _>>()?,
            refunds: refunds.collect::<Result<_, _>>()?,
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
    async fn rows<Row>(&mut self, text: &'static str, due: &Due<'_>) -> Result<Vec<Row>, StoreError>
    where
        Row: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
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

impl ForgottenBatch {
    /// Whether nothing was forgotten.
    pub const fn is_empty(&self) -> bool {
        self.intents.is_empty() && self.refunds.is_empty()
    }

    /// Puts the jobs into the outbox again, and keeps what was scheduled. Without this, nothing was.
    ///
    /// # Errors
    /// PostgreSQL is away; what was forgotten still is.
    pub async fn finish(self, jobs: &[Envelope]) -> Result<(), StoreError> {
        self.claim.finish(jobs).await
    }
}

impl ForgottenRow {
    fn into_intent(self) -> Result<Forgotten<CreateIntent>, StoreError> {
        let (merchant_id, idempotency_key) = self.asker()?;
        let trace = self.traceparent.and_then(|text| text.parse().ok());
        let request = serde_json::from_value(self.request);
        let job = CreateIntent {
            merchant_id,
            idempotency_key,
            request: request.map_err(|error| StoreError::unreadable("a payment's request", error))?,
        };
        Ok(Forgotten { job, trace })
    }

    fn into_refund(self) -> Result<Forgotten<CreateRefund>, StoreError> {
        let (merchant_id, idempotency_key) = self.asker()?;
        let trace = self.traceparent.and_then(|text| text.parse().ok());
        let request = serde_json::from_value(self.request);
        let job = CreateRefund {
            merchant_id,
            idempotency_key,
            request: request.map_err(|error| StoreError::unreadable("a refund's request", error))?,
        };
        Ok(Forgotten { job, trace })
    }

    fn asker(&self) -> Result<(MerchantId, IdempotencyKey), StoreError> {
        let key = IdempotencyKey::try_from(self.idempotency_key.clone());
        let key = key.map_err(|error| StoreError::unreadable("an idempotency key", error))?;
        Ok((MerchantId::from_uuid(self.merchant_id), key))
    }
}
