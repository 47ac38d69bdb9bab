//! Reading refunds, and translating them from rows.

use chrono::{DateTime, Utc};
use domain::{
    id::{IdempotencyKey, MerchantId, PaymentId, RefundId},
    money::Money,
    refund::{Refund, RefundStatus, TakenBack},
    user::UserId,
};
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, payments::latest_storable, pool::answered};

/// Where a page of refunds starts: after this refund, in the order newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundCursor {
    /// When the last refund of the page before was stored.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: RefundId,
}

/// Which refunds to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefundPage {
    /// Only those of this user's payments.
    pub user_id: Option<UserId>,
    /// Only those of this payment.
    pub payment_id: Option<PaymentId>,
    /// Only those in this status.
    pub status: Option<RefundStatus>,
    /// Only those after this one.
    pub after: Option<RefundCursor>,
    /// How many at the most.
    pub limit: u32,
}

/// Refunds as rows of [`RefundRow`]; what follows says which.
macro_rules! select_refunds {
    ($which:literal) => {
        concat!(
            "select id, merchant_id, payment_id, idempotency_key, fingerprint, status, amount_minor, currency, reversed_minor,
                    channel, channel_refund_id, failure, request, version, created_at, updated_at
             from refunds ",
            $which
        )
    };
}

const SELECT: &str = select_refunds!("where id = $1");

const SELECT_ONE: &str = select_refunds!("where id = ");

const SELECT_PAGE: &str = select_refunds!("where (created_at, id) < (");

const COUNT_MADE: &str = "
select count(*) from refunds where payment_id = $1 and (status <> 'failed' or channel_refund_id is not null)";

const TAKEN_BACK: &str = "
select coalesce(sum(reversed_minor) filter (where status <> 'failed'), 0)::bigint,
       coalesce(bool_or(status = 'failed' and channel_refund_id is not null), false)
from refunds where payment_id = $1";

impl Store {
    /// One refund.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn refund(&self, id: RefundId) -> Result<Option<Refund>, StoreError> {
        let row = answered(
            sqlx::query_as::<_, RefundRow>(SELECT)
                .bind(id.as_uuid())
                .fetch_optional(&self.pool),
        )
        .await?;
        row.map(Refund::try_from).transpose()
    }

    /// How many refunds of a payment its provider has, or may get: all but those that failed before they were made.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn refunds_made(&self, payment_id: PaymentId) -> Result<u32, StoreError> {
        let asking = sqlx::query_scalar(COUNT_MADE).bind(payment_id.as_uuid());
        let made: i64 = answered(asking.fetch_one(&self.pool)).await?;
        Ok(u32::try_from(made).unwrap_or(u32::MAX))
    }

    /// What the refunds of a payment take back from where its money went on to.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn taken_back(&self, payment_id: PaymentId) -> Result<TakenBack, StoreError> {
        let asking = sqlx::query_as(TAKEN_BACK).bind(payment_id.as_uuid());
        let (amount_minor, has_come_back) = answered(asking.fetch_one(&self.pool)).await?;
        Ok(TakenBack {
            amount_minor,
            has_come_back,
        })
    }
}

impl Scoped<'_> {
    /// One refund, if it is there to be seen: it belongs to whom its payment belongs.
    ///
    /// # Errors
    /// As [`Store::refund`].
    pub async fn refund(&self, id: RefundId) -> Result<Option<Refund>, StoreError> {
        let mut select = QueryBuilder::new(SELECT_ONE);
        select.push_bind(id.as_uuid());
        self.narrow(&mut select, None);
        let reading = select.build_query_as::<RefundRow>();
        let row = answered(reading.fetch_optional(&self.store.pool)).await?;
        row.map(Refund::try_from).transpose()
    }

    /// How many refunds of a payment its provider has, or may get; of a payment that cannot be seen, none.
    ///
    /// # Errors
    /// As [`Store::refund`].
    pub async fn refunds_made(&self, payment: &domain::payment::Payment) -> Result<u32, StoreError> {
        if self
            .scope
            .covers(payment.merchant_id, payment.request.user_id.as_ref())
        {
            self.store.refunds_made(payment.id).await
        } else {
            Ok(0)
        }
    }

    /// Refunds, newest first.
    ///
    /// # Errors
    /// As [`Store::refund`].
    pub async fn refunds(&self, page: &RefundPage) -> Result<Vec<Refund>, StoreError> {
        let newest = RefundCursor {
            created_at: latest_storable(),
            id: RefundId::from_uuid(Uuid::max()),
        };
        let after = page.after.unwrap_or(newest);
        let mut select = QueryBuilder::new(SELECT_PAGE);
        select.push_bind(after.created_at).push(", ");
        select.push_bind(after.id.as_uuid()).push(")");
        self.narrow(&mut select, page.user_id.as_ref());
        if let Some(payment_id) = page.payment_id {
            select.push(" and payment_id = ").push_bind(payment_id.as_uuid());
        }
        if let Some(status) = page.status {
            select.push(" and status = ").push_bind(status.name());
        }
        select.push(" order by created_at desc, id desc limit ");
        select.push_bind(i64::from(page.limit));
        let reading = select.build_query_as::<RefundRow>();
        let rows = answered(reading.fetch_all(&self.store.pool)).await?;
        rows.into_iter().map(Refund::try_from).collect()
    }
}

#[derive(FromRow)]
struct RefundRow {
    id: Uuid,
    merchant_id: Uuid,
    payment_id: Uuid,
    idempotency_key: String,
    fingerprint: Vec<u8>,
    status: String,
    amount_minor: i64,
    currency: String,
    reversed_minor: i64,
    channel: String,
    channel_refund_id: Option<String>,
    failure: Option<Value>,
    request: Value,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<RefundRow> for Refund {
    type Error = StoreError;

    fn try_from(row: RefundRow) -> Result<Self, StoreError> {
        let id = RefundId::from_uuid(row.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        Ok(Self {
            id,
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            payment_id: PaymentId::from_uuid(row.payment_id),
            idempotency_key: IdempotencyKey::try_from(row.idempotency_key)
                .map_err(|e| unreadable(e.to_string()))?,
            fingerprint: row
                .fingerprint
                .try_into()
                .map_err(|_| unreadable("fingerprint".into()))?,
            status: row.status.parse().map_err(|e| unreadable(format!("{e}")))?,
            money: Money {
                amount_minor: row.amount_minor,
                currency: row.currency.parse().map_err(|e| unreadable(format!("{e}")))?,
            },
            reversed_minor: row.reversed_minor,
            channel: row.channel.parse().map_err(|e| unreadable(format!("{e}")))?,
            channel_refund_id: row.channel_refund_id,
            failure: row
                .failure
                .map(serde_json::from_value)
                .transpose()
                .map_err(|e| unreadable(e.to_string()))?,
            request: serde_json::from_value(row.request).map_err(|e| unreadable(e.to_string()))?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
