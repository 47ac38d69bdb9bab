//! Reading payments, and translating them to and from rows.

use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, NextAction},
    id::{IdempotencyKey, MerchantId, PaymentId},
    money::Money,
    payment::{Closing, Payment, PaymentStatus},
    user::UserId,
};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, Vault, gathered::Found, pool::answered};

/// Where a page of payments starts: after this payment, in the order newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCursor {
    /// When the last payment of the page before was stored.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: PaymentId,
}

/// Which payments to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Only those of this user.
    pub user_id: Option<UserId>,
    /// Only those in this status.
    pub status: Option<PaymentStatus>,
    /// Only those after this one.
    pub after: Option<PageCursor>,
    /// How many at the most.
    pub limit: u32,
}

/// Payments as rows of [`PaymentRow`]; what follows says which.
macro_rules! select_payments {
    ($which:literal) => {
        concat!(
            "select id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, routing, intent_id,
                    client_secret, next_action, failure, request, version, created_at, updated_at, expires_at, closing, is_late,
                    refunded_minor, refund_reserved_minor, disputed_minor, paid_into, traceparent
             from payments ",
            $which
        )
    };
}

const SELECT: &str = select_payments!("where id = any($1)");

const SELECT_OF_INTENT: &str = select_payments!("where merchant_id = $1 and channel = $2 and intent_id = $3");

/// Payments for which what is added holds.
pub const SELECT_WHERE: &str = select_payments!("where ");

impl Store {
    /// One payment.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let store = self.clone();
        let asking = self
            .gathering
            .payments
            .get(id, move |ids| store.clone().all_payments(ids));
        asking.await
    }

    async fn all_payments(self, ids: Vec<PaymentId>) -> Result<Found<PaymentId, Payment>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
        let asking = sqlx::query_as::<_, PaymentRow>(SELECT).bind(ids);
        let rows = self.read_often(asking).await?;
        let named = |row: PaymentRow| (PaymentId::from_uuid(row.id), row.into_payment(&self.vault));
        Ok(rows.into_iter().map(named).collect())
    }

    /// The merchant's payment that this intent of its provider was opened for.
    ///
    /// # Errors
    /// As [`Self::payment`].
    pub async fn payment_of_intent(
        &self,
        merchant_id: MerchantId,
        channel: Channel,
        intent_id: &str,
    ) -> Result<Option<Payment>, StoreError> {
        let row = answered(
            sqlx::query_as::<_, PaymentRow>(SELECT_OF_INTENT)
                .bind(merchant_id.as_uuid())
                .bind(channel.name())
                .bind(intent_id)
                .fetch_optional(&self.pool),
        )
        .await?;
        row.map(|row| row.into_payment(&self.vault)).transpose()
    }
}

impl Scoped<'_> {
    /// One payment, if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::payment`].
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let payment = self.store.payment(id).await?;
        Ok(payment.filter(|payment| {
            let owner = payment.request.user_id.as_ref();
            self.scope.covers(payment.merchant_id, owner)
        }))
    }

    /// Payments, newest first.
    ///
    /// # Errors
    /// As [`Store::payment`].
    pub async fn payments(&self, page: &Page) -> Result<Vec<Payment>, StoreError> {
        let newest = PageCursor {
            created_at: latest_storable(),
            id: PaymentId::from_uuid(Uuid::max()),
        };
        let after = page.after.unwrap_or(newest);
        let mut select = QueryBuilder::new(SELECT_WHERE);
        select.push("(created_at, id) < (");
        select.push_bind(after.created_at).push(", ");
        select.push_bind(after.id.as_uuid()).push(")");
        self.narrow(&mut select, page.user_id.as_ref());
        if let Some(status) = page.status {
            select.push(" and status = ").push_bind(status.name());
        }
        select.push(" order by created_at desc, id desc limit ");
        select.push_bind(i64::from(page.limit));
        self.read_payments(select).await
    }

    /// The payments of a statement that begins as [`SELECT_WHERE`] does.
    pub(crate) async fn read_payments(
        &self,
        mut select: QueryBuilder<Postgres>,
    ) -> Result<Vec<Payment>, StoreError> {
        let rows = answered(select.build_query_as::<PaymentRow>().fetch_all(&self.store.pool)).await?;
        rows.into_iter()
            .map(|row| row.into_payment(&self.store.vault))
            .collect()
    }
}

/// PostgreSQL's calendar ends before chrono's.
pub fn latest_storable() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default()
}

#[derive(FromRow)]
struct PaymentRow {
    id: Uuid,
    merchant_id: Uuid,
    idempotency_key: String,
    fingerprint: Vec<u8>,
    status: String,
    amount_minor: i64,
    currency: String,
    channel: String,
    routing: Option<Value>,
    intent_id: Option<String>,
    /// Sealed before there was a next action of several kinds.
    client_secret: Option<Vec<u8>>,
    next_action: Option<Vec<u8>>,
    failure: Option<Value>,
    request: Value,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    closing: Option<String>,
    is_late: bool,
    refunded_minor: i64,
    refund_reserved_minor: i64,
    disputed_minor: i64,
    paid_into: Option<String>,
    traceparent: Option<String>,
}

impl PaymentRow {
    fn into_payment(self, vault: &Vault) -> Result<Payment, StoreError> {
        let id = PaymentId::from_uuid(self.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        let next_action = match (&self.next_action, &self.client_secret) {
            (Some(sealed), _) => Some(open_next_action(vault, id, sealed)?),
            (None, Some(sealed)) => Some(NextAction::client_secret(open_text(
                vault,
                &format!("payments.client_secret:{id}"),
                sealed,
            )?)),
            (None, None) => None,
        };
        Ok(Payment {
            id,
            merchant_id: MerchantId::from_uuid(self.merchant_id),
            idempotency_key: IdempotencyKey::try_from(self.idempotency_key)
                .map_err(|e| unreadable(e.to_string()))?,
            fingerprint: self
                .fingerprint
                .try_into()
                .map_err(|_| unreadable("fingerprint".into()))?,
            status: self.status.parse().map_err(|e| unreadable(format!("{e}")))?,
            money: Money {
                amount_minor: self.amount_minor,
                currency: self.currency.parse().map_err(|e| unreadable(format!("{e}")))?,
            },
            channel: self.channel.parse().map_err(|e| unreadable(format!("{e}")))?,
            routing: self
                .routing
                .map(serde_json::from_value)
                .transpose()
                .map_err(|e| unreadable(e.to_string()))?,
            intent_id: self.intent_id,
            next_action,
            failure: self
                .failure
                .map(serde_json::from_value)
                .transpose()
                .map_err(|e| unreadable(e.to_string()))?,
            expires_at: self.expires_at,
            closing: self
                .closing
                .map(|name| Closing::named(&name).ok_or_else(|| unreadable(format!("closing {name:?}"))))
                .transpose()?,
            is_late: self.is_late,
            paid_into: self
                .paid_into
                .map(|user| user.parse().map_err(|e| unreadable(format!("{e}"))))
                .transpose()?,
            refunded_minor: self.refunded_minor,
            refund_reserved_minor: self.refund_reserved_minor,
            disputed_minor: self.disputed_minor,
            request: serde_json::from_value(self.request).map_err(|e| unreadable(e.to_string()))?,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            // Nobody does without the payment for its sake.
            trace: self.traceparent.and_then(|text| text.parse().ok()),
        })
    }
}

fn place(id: PaymentId) -> String {
    format!("payments.next_action:{id}")
}

fn open_next_action(vault: &Vault, id: PaymentId, sealed: &[u8]) -> Result<NextAction, StoreError> {
    let json = open_text(vault, &place(id), sealed)?;
    // The parser's own error would quote what it stumbled over.
    serde_json::from_str(&json).map_err(|_| StoreError::unreadable(place(id), "is no next action"))
}

fn open_text(vault: &Vault, place: &str, sealed: &[u8]) -> Result<String, StoreError> {
    let plain = vault
        .open(place, sealed)
        .map_err(|e| StoreError::unreadable(place, e))?;
    String::from_utf8(plain).map_err(|e| StoreError::unreadable(place, e.utf8_error()))
}

pub fn seal_next_action(vault: &Vault, payment: &Payment) -> Option<Vec<u8>> {
    let action = payment.next_action.as_ref()?;
    let json = serde_json::to_vec(action).ok()?;
    Some(vault.seal(&place(payment.id), &json))
}
