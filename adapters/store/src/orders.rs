//! Reading orders, what came of wishes about them, and translating both from rows.

use chrono::{DateTime, Utc};
use domain::{
    id::{IdempotencyKey, MerchantId, OrderId, PaymentId},
    money::Money,
    order::{Order, OrderAction, OrderItem, OrderStatus, Shipment, StepKind},
    user::UserId,
};
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, payments::latest_storable, pool::answered};

/// Where a page of orders starts: after this order, in the order newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderCursor {
    /// When the last order of the page before was stored.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: OrderId,
}

/// Which orders to list, of those that can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderPage {
    /// Only those in this status.
    pub status: Option<OrderStatus>,
    /// Only those of this user of the merchant's.
    pub user_id: Option<UserId>,
    /// Only those with this number of the merchant's.
    pub reference: Option<String>,
    /// Only those stored at this moment or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Only those stored before this moment.
    pub created_before: Option<DateTime<Utc>>,
    /// Only those after this one.
    pub after: Option<OrderCursor>,
    /// How many at the most.
    pub limit: u32,
}

/// Orders as rows of [`OrderRow`]; what follows says which.
macro_rules! select_orders {
    ($which:literal) => {
        concat!(
            "select id, merchant_id, idempotency_key, fingerprint, status, stage, total_minor, currency, user_id, reference,
                    description, metadata, last_payment_id, paid_by, carrier, tracking, version, created_at, updated_at,
                    (select jsonb_agg(jsonb_build_object('name', name, 'sku', sku, 'unit_price_minor', unit_price_minor,
                                                         'quantity', quantity, 'refunding', refunding_quantity,
                                                         'refunded', refunded_quantity) order by position)
                     from order_items where order_id = orders.id) as items
             from orders ",
            $which
        )
    };
}

const SELECT: &str = select_orders!("where id = $1");

const SELECT_PAGE: &str = select_orders!("where (created_at, id) < (");

const SELECT_ACTION: &str = "
select order_id, fingerprint, outcome, payment_id, at
from order_actions where merchant_id = $1 and action = $2 and idempotency_key = $3";

const SELECT_OPEN_PAYMENTS: &str = "
select action.payment_id
from order_actions action left join payments payment on payment.id = action.payment_id
where action.order_id = $1 and action.payment_id is not null
  and (payment.id is null or payment.status not in ('succeeded', 'canceled', 'expired'))
order by action.at, action.payment_id";

impl Store {
    /// One order.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let row = answered(
            sqlx::query_as::<_, OrderRow>(SELECT)
                .bind(id.as_uuid())
                .fetch_optional(&self.pool),
        )
        .await?;
        row.map(Order::try_from).transpose()
    }

    /// What came of the wish about an order that a merchant had under this key, once that is known.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn order_action(
        &self,
        merchant_id: MerchantId,
        kind: StepKind,
        key: &IdempotencyKey,
    ) -> Result<Option<OrderAction>, StoreError> {
        let row = answered(
            sqlx::query_as::<_, ActionRow>(SELECT_ACTION)
                .bind(merchant_id.as_uuid())
                .bind(kind.name())
                .bind(key.as_str())
                .fetch_optional(&self.pool),
        )
        .await?;
        row.map(|row| row.into_action(merchant_id, kind, key)).transpose()
    }

    /// The payments of an order that may still be paid. A payment is stored with the step that begins it; only those that were begun
    /// before that was so may be yet to be stored, and are among them.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn open_payments_of_order(&self, id: OrderId) -> Result<Vec<PaymentId>, StoreError> {
        let ids = answered(
            sqlx::query_scalar::<_, Uuid>(SELECT_OPEN_PAYMENTS)
                .bind(id.as_uuid())
                .fetch_all(&self.pool),
        )
        .await?;
        Ok(ids.into_iter().map(PaymentId::from_uuid).collect())
    }
}

impl Scoped<'_> {
    /// One order, if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::order`].
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let order = self.store.order(id).await?;
        Ok(order.filter(|order| self.scope.covers(order.merchant_id, order.user_id.as_ref())))
    }

    /// Orders, newest first.
    ///
    /// # Errors
    /// As [`Store::order`].
    pub async fn orders(&self, page: &OrderPage) -> Result<Vec<Order>, StoreError> {
        let newest = OrderCursor {
            created_at: latest_storable(),
            id: OrderId::from_uuid(Uuid::max()),
        };
        let after = page.after.unwrap_or(newest);
        let mut select = QueryBuilder::new(SELECT_PAGE);
        select.push_bind(after.created_at).push(", ");
        select.push_bind(after.id.as_uuid()).push(")");
        self.narrow(&mut select, page.user_id.as_ref());
        if let Some(status) = page.status {
            select.push(" and status = ").push_bind(status.name());
        }
        if let Some(reference) = &page.reference {
            select.push(" and reference = ").push_bind(reference.clone());
        }
        if let Some(from) = page.created_from {
            select.push(" and created_at >= ").push_bind(from);
        }
        if let Some(before) = page.created_before {
            select.push(" and created_at < ").push_bind(before);
        }
        select.push(" order by created_at desc, id desc limit ");
        select.push_bind(i64::from(page.limit));
        let reading = select.build_query_as::<OrderRow>();
        let rows = answered(reading.fetch_all(&self.store.pool)).await?;
        rows.into_iter().map(Order::try_from).collect()
    }

    /// What came of the wish about an order that a merchant had under this key, once that is known. Whoever acts for a
    /// merchant knows the key.
    ///
    /// # Errors
    /// As [`Store::order`].
    pub async fn order_action(
        &self,
        merchant_id: MerchantId,
        kind: StepKind,
        key: &IdempotencyKey,
    ) -> Result<Option<OrderAction>, StoreError> {
        if self.scope.reaches(merchant_id) {
            self.store.order_action(merchant_id, kind, key).await
        } else {
            Ok(None)
        }
    }
}

#[derive(FromRow)]
struct OrderRow {
    id: Uuid,
    merchant_id: Uuid,
    idempotency_key: String,
    fingerprint: Vec<u8>,
    status: String,
    stage: String,
    total_minor: i64,
    currency: String,
    user_id: Option<String>,
    reference: Option<String>,
    description: Option<String>,
    metadata: Value,
    last_payment_id: Option<Uuid>,
    paid_by: Option<Uuid>,
    carrier: Option<String>,
    tracking: Option<String>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    items: Value,
}

impl TryFrom<OrderRow> for Order {
    type Error = StoreError;

    fn try_from(row: OrderRow) -> Result<Self, StoreError> {
        let id = OrderId::from_uuid(row.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        let items: Vec<OrderItem> =
            serde_json::from_value(row.items).map_err(|e| unreadable(e.to_string()))?;
        Ok(Self {
            id,
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            idempotency_key: IdempotencyKey::try_from(row.idempotency_key)
                .map_err(|e| unreadable(e.to_string()))?,
            fingerprint: row
                .fingerprint
                .try_into()
                .map_err(|_| unreadable("fingerprint".into()))?,
            status: row.status.parse().map_err(|e| unreadable(format!("{e}")))?,
            stage: row.stage.parse().map_err(|e| unreadable(format!("{e}")))?,
            money: Money {
                amount_minor: row.total_minor,
                currency: row.currency.parse().map_err(|e| unreadable(format!("{e}")))?,
            },
            items,
            user_id: row
                .user_id
                .map(UserId::try_from)
                .transpose()
                .map_err(|e| unreadable(e.to_string()))?,
            reference: row.reference,
            description: row.description,
            metadata: serde_json::from_value(row.metadata).map_err(|e| unreadable(e.to_string()))?,
            last_payment: row.last_payment_id.map(PaymentId::from_uuid),
            paid_by: row.paid_by.map(PaymentId::from_uuid),
            shipment: row
                .carrier
                .zip(row.tracking)
                .map(|(carrier, tracking)| Shipment { carrier, tracking }),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

#[derive(FromRow)]
struct ActionRow {
    order_id: Uuid,
    fingerprint: Vec<u8>,
    outcome: Value,
    payment_id: Option<Uuid>,
    at: DateTime<Utc>,
}

impl ActionRow {
    fn into_action(
        self,
        merchant_id: MerchantId,
        kind: StepKind,
        key: &IdempotencyKey,
    ) -> Result<OrderAction, StoreError> {
        let unreadable =
            |problem: String| StoreError::unreadable(format!("the wish {:?}", key.as_str()), problem);
        Ok(OrderAction {
            merchant_id,
            order_id: OrderId::from_uuid(self.order_id),
            kind,
            idempotency_key: key.clone(),
            fingerprint: self
                .fingerprint
                .try_into()
                .map_err(|_| unreadable("fingerprint".into()))?,
            outcome: serde_json::from_value(self.outcome).map_err(|e| unreadable(e.to_string()))?,
            payment_id: self.payment_id.map(PaymentId::from_uuid),
            at: self.at,
        })
    }
}
