//! How things stand, for whoever looks at all of them at once. Everything here is bounded in time or kept by an index.

use chrono::{DateTime, Utc};
use domain::id::{ConnectedAccountId, MerchantId, PaymentId, RefundId, WalletId, WithdrawalId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// What was said to a channel's provider over some time, and what came of it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ChannelTraffic {
    /// The channel.
    pub channel: String,
    /// How many calls.
    pub calls: i64,
    /// Calls that did what they were to, or said how things stand.
    pub ok: i64,
    /// Calls that were answered with a decline: the provider works, the payer's bank said no.
    pub declined: i64,
    /// Calls whose outcome nobody knows, as no answer came.
    pub unknown: i64,
    /// Half of the calls took no longer than this, in milliseconds.
    pub median_ms: f64,
    /// 95 of 100 calls took no longer than this, in milliseconds.
    pub slow_ms: f64,
    /// When the last of them was made.
    pub last_at: DateTime<Utc>,
}

/// What waits for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct ReviewCounts {
    /// Payments whose provider does not say what became of them.
    pub payments: i64,
    /// Since when the oldest of them is.
    pub oldest_payment: Option<DateTime<Utc>>,
    /// The same for refunds.
    pub refunds: i64,
    /// Since when the oldest of them is.
    pub oldest_refund: Option<DateTime<Utc>>,
    /// Withdrawals of which nobody can say whether their provider has paid them out.
    pub payouts: i64,
    /// Since when the oldest of them is.
    pub oldest_payout: Option<DateTime<Utc>>,
    /// Connected accounts whose provider does not say whether it made them.
    pub accounts: i64,
    /// Since when the oldest of them is.
    pub oldest_account: Option<DateTime<Utc>>,
    /// Differences that nobody has said anything about.
    pub differences: i64,
    /// Withdrawals that nobody has paid out or rejected.
    pub withdrawals: i64,
}

/// Something that waits for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InReview {
    /// Its id.
    pub id: String,
    /// What has the timeline that tells of it, where anything has.
    pub told_by: Option<String>,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Through which channel.
    pub channel: String,
    /// How much it is about, in the currency's minor unit, and in which currency; nothing for an account.
    pub amount: Option<(i64, String)>,
    /// Since when.
    pub since: DateTime<Utc>,
}

#[derive(FromRow)]
struct InReviewRow {
    id: Uuid,
    told_by: Option<Uuid>,
    merchant_id: Uuid,
    channel: String,
    amount_minor: Option<i64>,
    currency: Option<String>,
    since: DateTime<Utc>,
}

const TRAFFIC: &str = "
select channel, count(*) as calls, count(*) filter (where outcome in ('ok', 'not_found', 'absent')) as ok,
       count(*) filter (where outcome = 'declined') as declined,
       count(*) filter (where outcome = 'unknown') as unknown,
       percentile_cont(0.5) within group (order by duration_ms)::double precision as median_ms,
       percentile_cont(0.95) within group (order by duration_ms)::double precision as slow_ms,
       max(at) as last_at
from payment_records where at >= $1 and outcome <> 'started'
group by channel order by channel";

const REVIEW: &str = "
select payment.n as payments, payment.oldest as oldest_payment, refund.n as refunds, refund.oldest as oldest_refund,
       payout.n as payouts, payout.oldest as oldest_payout, account.n as accounts, account.oldest as oldest_account,
       (select count(*) from reconciliation_differences where resolved_at is null) as differences,
       (select count(*) from wallet_withdrawals where status = 'requested') as withdrawals
from (select count(*) as n, min(updated_at) as oldest from payments where status = 'needs_review') as payment,
     (select count(*) as n, min(updated_at) as oldest from refunds where status = 'needs_review') as refund,
     (select count(*) as n, min(in_review_since) as oldest from wallet_withdrawals
      where status = 'processing' and in_review_since is not null) as payout,
     (select count(*) as n, min(updated_at) as oldest from connected_accounts where status = 'needs_review') as account";

const PAYMENTS: &str = "
select id, id as told_by, merchant_id, channel, amount_minor, currency, updated_at as since
from payments where status = 'needs_review' order by updated_at limit $1";

const REFUNDS: &str = "
select id, id as told_by, merchant_id, channel, amount_minor, currency, updated_at as since
from refunds where status = 'needs_review' order by updated_at limit $1";

const PAYOUTS: &str = "
select id, wallet_id as told_by, merchant_id, channel, amount_minor, currency, in_review_since as since
from wallet_withdrawals where status = 'processing' and in_review_since is not null order by in_review_since limit $1";

// An account is asked for through a wallet of its owner's, and that wallet's timeline tells of what was paid out to it.
const ACCOUNTS: &str = "
select id, (select wallets.id from wallets where (wallets.merchant_id, wallets.user_id) = (account.merchant_id, account.user_id)
            order by created_at, id limit 1) as told_by,
       merchant_id, channel, null::bigint as amount_minor, null::text as currency, updated_at as since
from connected_accounts account where status = 'needs_review' order by updated_at limit $1";

impl Store {
    /// What was said to each channel's provider about payments since `since`. Channels that were not spoken to are left out.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn channel_traffic(&self, since: DateTime<Utc>) -> Result<Vec<ChannelTraffic>, StoreError> {
        answered(sqlx::query_as(TRAFFIC).bind(since).fetch_all(&self.pool)).await
    }

    /// How much waits for people.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn review_counts(&self) -> Result<ReviewCounts, StoreError> {
        answered(sqlx::query_as(REVIEW).fetch_one(&self.pool)).await
    }

    /// The `limit` payments that have waited for people the longest.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn list_payments_in_review(&self, limit: i64) -> Result<Vec<InReview>, StoreError> {
        let named = |id| PaymentId::from_uuid(id).to_string();
        self.in_review_by(PAYMENTS, limit, named, named).await
    }

    /// The `limit` refunds that have waited for people the longest.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn list_refunds_in_review(&self, limit: i64) -> Result<Vec<InReview>, StoreError> {
        let named = |id| RefundId::from_uuid(id).to_string();
        self.in_review_by(REFUNDS, limit, named, named).await
    }

    /// The `limit` payouts that have waited for people the longest, each told of by its wallet.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn list_payouts_in_review(&self, limit: i64) -> Result<Vec<InReview>, StoreError> {
        let named = |id| WithdrawalId::from_uuid(id).to_string();
        self.in_review_by(PAYOUTS, limit, named, wallet).await
    }

    /// The `limit` connected accounts that have waited for people the longest, each told of by a wallet of its owner's.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn list_accounts_in_review(&self, limit: i64) -> Result<Vec<InReview>, StoreError> {
        let named = |id| ConnectedAccountId::from_uuid(id).to_string();
        self.in_review_by(ACCOUNTS, limit, named, wallet).await
    }

    async fn in_review_by(
        &self,
        select: &'static str,
        limit: i64,
        named: fn(Uuid) -> String,
        told_by: fn(Uuid) -> String,
    ) -> Result<Vec<InReview>, StoreError> {
        let found = sqlx::query_as(select).bind(limit);
        let rows: Vec<InReviewRow> = answered(found.fetch_all(&self.pool)).await?;
        let found = rows.into_iter().map(|row| InReview {
            id: named(row.id),
            told_by: row.told_by.map(told_by),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            channel: row.channel,
            amount: row.amount_minor.zip(row.currency),
            since: row.since,
        });
        Ok(found.collect())
    }
}

fn wallet(id: Uuid) -> String {
    WalletId::from_uuid(id).to_string()
}
