//! Expiry: which payments were not paid in time and are to be closed.
//!
//! Only a payment whose intent is known and still open is claimed. What is pending or in review may have an intent that
//! nobody here knows of, and what the provider is at work on cannot be closed. Where we capture, it is at work on nothing before
//! that: what its payer has merely agreed to is claimed as well.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    channel::Channel,
    id::{MerchantId, PaymentId},
    job::{Envelope, ExpirePayment},
};
use failpoints::{Point, reach};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    claims::{Claim, seconds},
    pool::answered,
};

/// Payments to close, claimed by this process until it lets go.
#[derive(Debug)]
pub struct ExpiryBatch {
    claim: Claim,
    /// The payments to close.
    pub expiries: Vec<ExpirePayment>,
}

#[derive(FromRow)]
struct ExpiryRow {
    id: Uuid,
    merchant_id: Uuid,
    closings: i32,
}

// By an array of ids, as for queries.
const CLAIM: &str = "
with open as (
  select id from payments
  where status in ('requires_action', 'failed') and intent_id is not null
    and coalesce(next_closing_at, expires_at) <= $1
  order by coalesce(next_closing_at, expires_at)
  limit $2
  for no key update skip locked
), agreed as (
  select id from payments
  where status = 'processing' and channel = any ($4) and intent_id is not null
    and coalesce(next_closing_at, expires_at) <= $1
  order by coalesce(next_closing_at, expires_at)
  limit $2 - (select count(*) from open)
  for no key update skip locked
)
update payments
set closings = closings + 1,
    next_closing_at = $1 + make_interval(secs => ($3::float8[])[least(closings + 1, cardinality($3::float8[]))])
where id = any (array(select id from open union all select id from agreed))
returning id, merchant_id, closings";

impl Store {
    /// Claims up to `limit` payments that were not paid by `now` and that no other process has claimed. Should one not
    /// be closed, it is due again after the pause that follows this attempt: the first of `pauses` after the first one,
    /// and the last of them after all that have none of their own. `capturing` are the channels whose money moves only when we
    /// ask for it.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn claim_expiries(
        &self,
        now: DateTime<Utc>,
        pauses: &[Duration],
        capturing: &[Channel],
        limit: i64,
    ) -> Result<ExpiryBatch, StoreError> {
        reach(Point::SweepBeforeClaim);
        let claimed = answered(self.claim_expired(now, pauses, capturing, limit)).await;
        let batch = self.refusals.note(claimed)?;
        if !batch.expiries.is_empty() {
            reach(Point::SweepClaimed);
        }
        Ok(batch)
    }

    async fn claim_expired(
        &self,
        now: DateTime<Utc>,
        pauses: &[Duration],
        capturing: &[Channel],
        limit: i64,
    ) -> Result<ExpiryBatch, StoreError> {
        let capturing: Vec<&str> = capturing.iter().map(|channel| channel.name()).collect();
        let mut claim = Claim::begin(self).await?;
        let rows: Vec<ExpiryRow> = sqlx::query_as(CLAIM)
            .bind(now)
            .bind(limit)
            .bind(seconds(pauses))
            .bind(capturing)
            .fetch_all(&mut *claim.tx)
            .await?;
        Ok(ExpiryBatch {
            claim,
            expiries: rows.into_iter().map(ExpirePayment::from).collect(),
        })
    }
}

impl ExpiryBatch {
    /// Puts the jobs that close into the outbox, and keeps what was noted. Without this, nothing was.
    ///
    /// # Errors
    /// PostgreSQL is away; the payments are still due.
    pub async fn finish(self, jobs: &[Envelope]) -> Result<(), StoreError> {
        self.claim.finish(jobs).await
    }
}

impl From<ExpiryRow> for ExpirePayment {
    fn from(row: ExpiryRow) -> Self {
        Self {
            payment_id: PaymentId::from_uuid(row.id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            closing: row.closings.cast_unsigned(),
        }
    }
}
