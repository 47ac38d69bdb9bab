//! Which rows belong to one timeline.

use domain::id::{MerchantId, NotificationId, OrderId, PaymentId, RefundId, WalletId, WithdrawalId};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::TimelineOf;
use crate::{Store, StoreError, pool::answered};

/// How many payments of an order, refunds of a payment, notifications and so on are looked at; the newest.
const MOST: i64 = 1_000;

/// The ids of everything that a timeline is about.
#[derive(Debug)]
pub struct Scope {
    /// Whose it is.
    pub merchant_id: MerchantId,
    pub payments: Vec<Uuid>,
    pub refunds: Vec<Uuid>,
    pub orders: Vec<Uuid>,
    pub wallets: Vec<Uuid>,
    pub withdrawals: Vec<Uuid>,
    pub notifications: Vec<Uuid>,
    pub transfers: Vec<Uuid>,
    /// What the jobs were about whose failures belong to it.
    pub correlations: Vec<String>,
    /// Those jobs that are known by themselves.
    pub jobs: Vec<String>,
}

impl Scope {
    /// Everything that belongs to a timeline; none when there is no such thing.
    pub async fn find(store: &Store, of: TimelineOf) -> Result<Option<Self>, StoreError> {
        let (table, id) = match of {
            TimelineOf::Payment(id) => ("payments", id.as_uuid()),
            TimelineOf::Refund(id) => ("refunds", id.as_uuid()),
            TimelineOf::Order(id) => ("orders", id.as_uuid()),
            TimelineOf::Wallet(id) => ("wallets", id.as_uuid()),
        };
        let owner = format!("select merchant_id from {table} where id = $1");
        let owner = sqlx::query_scalar(AssertSqlSafe(owner)).bind(id);
        let owner: Option<Uuid> = answered(owner.fetch_optional(&store.pool)).await?;
        let Some(owner) = owner else { return Ok(None) };
        let mut scope = Self::of(MerchantId::from_uuid(owner));
        match of {
            TimelineOf::Payment(_) => scope.payments.push(id),
            TimelineOf::Refund(_) => scope.refunds.push(id),
            TimelineOf::Order(_) => scope.orders.push(id),
            TimelineOf::Wallet(_) => scope.wallets.push(id),
        }
        scope.complete(store, of).await?;
        Ok(Some(scope))
    }

    const fn of(merchant_id: MerchantId) -> Self {
        Self {
            merchant_id,
            payments: Vec::new(),
            refunds: Vec::new(),
            orders: Vec::new(),
            wallets: Vec::new(),
            withdrawals: Vec::new(),
            notifications: Vec::new(),
            transfers: Vec::new(),
            correlations: Vec::new(),
            jobs: Vec::new(),
        }
    }

    async fn complete(&mut self, store: &Store, of: TimelineOf) -> Result<(), StoreError> {
        self.payments
            .extend(ids(store, PAYMENTS_OF_ORDERS, &self.orders).await?);
        self.refunds.extend(ids(store, REFUNDS, &self.payments).await?);
        self.withdrawals = ids(store, WITHDRAWALS, &self.wallets).await?;
        self.notifications = match of {
            TimelineOf::Refund(refund) => notifications_of_refund(store, refund).await?,
            TimelineOf::Payment(_) | TimelineOf::Order(_) | TimelineOf::Wallet(_) => {
                let subjects = [&self.payments[..], &self.orders, &self.wallets, &self.withdrawals].concat();
                ids(store, NOTIFICATIONS, &subjects).await?
            }
        };
        self.transfers = match of {
            TimelineOf::Refund(refund) => transfers_of_refund(store, refund).await?,
            TimelineOf::Payment(_) | TimelineOf::Order(_) => ids(store, TRANSFERS, &self.payments).await?,
            TimelineOf::Wallet(_) => ids(store, TRANSFERS_OF_WALLETS, &self.wallets).await?,
        };
        self.correlations = self.texts(false);
        self.correlations
            .extend(texts(store, EVENTS, &self.payments).await?);
        self.jobs = texts(store, JOBS_OF_REFUNDS, &self.refunds).await?;
        Ok(())
    }

    /// The ids as they are written; those of notifications, too, where people act upon them.
    pub fn texts(&self, with_notifications: bool) -> Vec<String> {
        let payments = self
            .payments
            .iter()
            .map(|id| PaymentId::from_uuid(*id).to_string());
        let refunds = self.refunds.iter().map(|id| RefundId::from_uuid(*id).to_string());
        let orders = self.orders.iter().map(|id| OrderId::from_uuid(*id).to_string());
        let wallets = self.wallets.iter().map(|id| WalletId::from_uuid(*id).to_string());
        let withdrawals = self
            .withdrawals
            .iter()
            .map(|id| WithdrawalId::from_uuid(*id).to_string());
        let told = self.notifications.iter().filter(|_| with_notifications);
        let told = told.map(|id| NotificationId::from_uuid(*id).to_string());
        payments
            .chain(refunds)
            .chain(orders)
            .chain(wallets)
            .chain(withdrawals)
            .chain(told)
            .collect()
    }
}

const PAYMENTS_OF_ORDERS: &str = "
select payment_id from order_actions where order_id = any ($1) and payment_id is not null limit $2";
const REFUNDS: &str = "select id from refunds where payment_id = any ($1) order by created_at desc limit $2";
const WITHDRAWALS: &str = "
select id from wallet_withdrawals where wallet_id = any ($1) order by created_at desc limit $2";
// Each part by an index of its own.
const NOTIFICATIONS: &str = "
(select id from notifications where payment_id = any ($1) order by created_at desc limit $2)
union all
(select id from notifications where order_id = any ($1) order by created_at desc limit $2)
union all
(select id from notifications where wallet_id = any ($1) order by created_at desc limit $2)";
const TRANSFERS: &str = "
select id from ledger_transfers where payment_id = any ($1) order by at desc limit $2";
// A timeline is of one wallet at the most, whose newest lines the index has at its end.
const TRANSFERS_OF_WALLETS: &str = "
select transfer_id from wallet_transactions where wallet_id = ($1::uuid[])[1] order by number desc limit $2";
const EVENTS: &str = "select event_id from payment_callbacks where payment_id = any ($1) limit $2";
const JOBS_OF_REFUNDS: &str = "
select distinct job_id from refund_records where refund_id = any ($1) limit $2";

const NOTIFICATIONS_OF_REFUND: &str = "
select told.id from refunds join notifications told on told.payment_id = refunds.payment_id
where refunds.id = $1 and told.event_type like 'refund.%' and told.payload::jsonb #>> '{data,id}' = $2
order by told.created_at desc limit $3";
const TRANSFERS_OF_REFUND: &str = "
select moved.id from refunds join ledger_transfers moved on moved.payment_id = refunds.payment_id
where refunds.id = $1 and starts_with(moved.subject, $2) order by moved.at desc limit $3";

async fn notifications_of_refund(store: &Store, refund: RefundId) -> Result<Vec<Uuid>, StoreError> {
    of_refund(store, NOTIFICATIONS_OF_REFUND, refund).await
}

async fn transfers_of_refund(store: &Store, refund: RefundId) -> Result<Vec<Uuid>, StoreError> {
    of_refund(store, TRANSFERS_OF_REFUND, refund).await
}

async fn of_refund(store: &Store, sql: &'static str, refund: RefundId) -> Result<Vec<Uuid>, StoreError> {
    let asking = sqlx::query_scalar(sql)
        .bind(refund.as_uuid())
        .bind(refund.to_string())
        .bind(MOST);
    answered(asking.fetch_all(&store.pool)).await
}

async fn ids(store: &Store, sql: &'static str, of: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    answered(sqlx::query_scalar(sql).bind(of).bind(MOST).fetch_all(&store.pool)).await
}

async fn texts(store: &Store, sql: &'static str, of: &[Uuid]) -> Result<Vec<String>, StoreError> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    answered(sqlx::query_scalar(sql).bind(of).bind(MOST).fetch_all(&store.pool)).await
}
