//! The query schedule of accounts of users and of what is paid out to them.

use chrono::{DateTime, Utc};
use domain::{
    id::{ConnectedAccountId, MerchantId, WithdrawalId},
    job::{Envelope, QueryAccount, QueryTransfer},
    query_schedule::QuerySchedule,
};
use failpoints::{Point, reach};
use sqlx::FromRow;
use uuid::Uuid;

use super::Due;
use crate::{Store, StoreError, claims::Claim, pool::answered};

/// Queries about accounts and payouts, claimed by this process until it lets go.
#[derive(Debug)]
pub struct ConnectQueryBatch {
    claim: Claim,
    /// The queries to make about accounts.
    pub accounts: Vec<QueryAccount>,
    /// The queries to make about payouts.
    pub transfers: Vec<QueryTransfer>,
}

const CLAIM_ACCOUNTS_IN_REVIEW: &str = claim!(
    "connected_accounts",
    "status = 'needs_review'",
    "due.id, merchant_id, queries"
);
/// An account whose job is lost, or has been put off for long.
const CLAIM_FORGOTTEN_ACCOUNTS: &str = claim!(
    "connected_accounts",
    "status = 'pending'",
    "due.id, merchant_id, queries"
);
const CLAIM_PAYOUTS_IN_REVIEW: &str = claim!(
    "wallet_withdrawals",
    "status = 'processing' and in_review_since is not null",
    "due.id, merchant_id, queries"
);
/// A payout whose job is lost or put off for long, or was parked by a process of a version that kept nothing in review.
const CLAIM_FORGOTTEN_PAYOUTS: &str = claim!(
    "wallet_withdrawals",
    "status = 'processing' and in_review_since is null and channel is not null",
    "due.id, merchant_id, queries"
);

const ACCOUNTS_IN_REVIEW: &str =
    "select count(*), min(updated_at) from connected_accounts where status = 'needs_review'";
const PAYOUTS_IN_REVIEW: &str = "
select count(*), min(in_review_since) from wallet_withdrawals
where status = 'processing' and in_review_since is not null";

#[derive(FromRow)]
struct Row {
    id: Uuid,
    merchant_id: Uuid,
    queries: i32,
}

impl Store {
    /// Claims accounts and payouts that a query is due for at `now` and that no other process has claimed: those in review by the
    /// schedule `review`, and those that nobody has touched for long by `forgotten`; up to `limit` of each of the four.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn claim_connect_queries(
        &self,
        now: DateTime<Utc>,
        review: &QuerySchedule,
        forgotten: &QuerySchedule,
        limit: i64,
    ) -> Result<ConnectQueryBatch, StoreError> {
        reach(Point::SweepBeforeClaim);
        let of = |schedule| Due { now, schedule, limit };
        let claimed = answered(self.claim_connect(&of(review), &of(forgotten))).await;
        let batch = self.refusals.note(claimed)?;
        if !batch.is_empty() {
            reach(Point::SweepClaimed);
        }
        Ok(batch)
    }

    async fn claim_connect(
        &self,
        review: &Due<'_>,
        forgotten: &Due<'_>,
    ) -> Result<ConnectQueryBatch, StoreError> {
        let mut claim = Claim::begin(self).await?;
        // Accounts before what is paid out to them, as everywhere.
        let mut accounts: Vec<Row> = claim.rows(CLAIM_ACCOUNTS_IN_REVIEW, review).await?;
        accounts.extend(claim.rows::<Row>(CLAIM_FORGOTTEN_ACCOUNTS, forgotten).await?);
        let mut payouts: Vec<Row> = claim.rows(CLAIM_PAYOUTS_IN_REVIEW, review).await?;
        payouts.extend(claim.rows::<Row>(CLAIM_FORGOTTEN_PAYOUTS, forgotten).await?);
        Ok(ConnectQueryBatch {
            claim,
            accounts: accounts.into_iter().map(QueryAccount::from).collect(),
            transfers: payouts.into_iter().map(QueryTransfer::from).collect(),
        })
    }

    /// How many accounts of users are not known to be there or not, and since when the oldest is not.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn accounts_in_review(&self) -> Result<(i64, Option<DateTime<Utc>>), StoreError> {
        answered(sqlx::query_as(ACCOUNTS_IN_REVIEW).fetch_one(&self.pool)).await
    }

    /// The same for payouts that are not known to be sent or not.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn payouts_in_review(&self) -> Result<(i64, Option<DateTime<Utc>>), StoreError> {
        answered(sqlx::query_as(PAYOUTS_IN_REVIEW).fetch_one(&self.pool)).await
    }
}

impl ConnectQueryBatch {
    /// Whether there is nothing to ask about.
    pub const fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.transfers.is_empty()
    }

    /// Puts the jobs that ask into the outbox, and keeps what was scheduled. Without this, nothing was.
    ///
    /// # Errors
    /// PostgreSQL is away; the queries are still due.
    pub async fn finish(self, jobs: &[Envelope]) -> Result<(), StoreError> {
        self.claim.finish(jobs).await
    }
}

impl From<Row> for QueryAccount {
    fn from(row: Row) -> Self {
        Self {
            account_id: ConnectedAccountId::from_uuid(row.id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            query: row.queries.cast_unsigned(),
        }
    }
}

impl From<Row> for QueryTransfer {
    fn from(row: Row) -> Self {
        Self {
            withdrawal_id: WithdrawalId::from_uuid(row.id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            query: row.queries.cast_unsigned(),
        }
    }
}
