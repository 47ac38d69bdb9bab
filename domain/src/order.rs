//! An order and the only ways it can change.
//!
//! How far an order has come is its stage, which only climbs. What is given back of it is counted by item beside that. Its
//! status is what people look at: the stage, or that money is on its way back, or was given back last. An order is paid
//! once: [`Order::hear`] says of any other payment of it that its money is not wanted. What merchants want done with an
//! order is taken by [`Order::take`], or refused with the reason.

mod action;
mod log;
mod news;
mod request;
mod status;
mod step;
mod transition;
mod view;

pub use action::OrderAction;
pub use log::{LoggedStep, OrderLog, OrderLogView};
pub use news::OrderNews;
pub use request::{InvalidOrder, ItemRequest, OrderRequest};
pub use status::{OrderStage, OrderStatus, UnknownOrderStatus};
pub use step::{ItemCount, OrderRefund, OrderStep, PayOrder, StepKind};
pub use transition::{HeardOrder, OrderEvent, OrderRefused, RefundNews};
pub use view::{ItemView, OrderView};

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    id::{IdempotencyKey, MerchantId, OrderId, PaymentId},
    money::Money,
    user::UserId,
};

/// An order as PostgreSQL holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id, derived from the merchant and the idempotency key.
    pub id: OrderId,
    /// Whose order it is.
    pub merchant_id: MerchantId,
    /// The key it was created under.
    pub idempotency_key: IdempotencyKey,
    /// SHA-256 of what was asked for; the same key with another fingerprint is a conflict.
    pub fingerprint: [u8; 32],
    /// Where it stands, for people.
    pub status: OrderStatus,
    /// How far it has come.
    pub stage: OrderStage,
    /// What is to be paid: the sum of its items.
    pub money: Money,
    /// What was bought, and how much of it is given back.
    pub items: Vec<OrderItem>,
    /// The user of the merchant's who bought it.
    pub user_id: Option<UserId>,
    /// The merchant's own number for it.
    pub reference: Option<String>,
    /// What the payer reads on the provider's side.
    pub description: Option<String>,
    /// The merchant's own notes, given back unchanged.
    pub metadata: BTreeMap<String, String>,
    /// The payment that was begun last.
    pub last_payment: Option<PaymentId>,
    /// The payment that has paid it.
    pub paid_by: Option<PaymentId>,
    /// How it was sent, once it was.
    pub shipment: Option<Shipment>,
    /// Counts the changes; a writer that saw an older version has to look again.
    pub version: i32,
    /// When the worker first stored it.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// One thing that was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// What people call it.
    pub name: String,
    /// What the merchant calls it; one of its kind in an order.
    pub sku: String,
    /// The price of one, in minor units.
    pub unit_price_minor: i64,
    /// How many were bought.
    pub quantity: u32,
    /// How many are being refunded.
    pub refunding: u32,
    /// How many were refunded.
    pub refunded: u32,
}

/// How an order was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number of it.
    pub tracking: String,
}

impl Order {
    /// The order that a request asks for, before anything was done about it.
    ///
    /// # Errors
    /// The request cannot be used.
    pub fn new(
        merchant_id: MerchantId,
        idempotency_key: IdempotencyKey,
        request: OrderRequest,
        now: DateTime<Utc>,
    ) -> Result<Self, InvalidOrder> {
        request.validate()?;
        Ok(Self {
            id: OrderId::derive(merchant_id, &idempotency_key),
            merchant_id,
            idempotency_key,
            fingerprint: request.fingerprint(),
            status: OrderStatus::Created,
            stage: OrderStage::Created,
            money: request.total()?,
            items: request.items.into_iter().map(OrderItem::from).collect(),
            user_id: request.user_id,
            reference: request.reference,
            description: request.description,
            metadata: request.metadata,
            last_payment: None,
            paid_by: None,
            shipment: None,
            version: 0,
            created_at: now,
            updated_at: now,
        })
    }

    /// How much is being given back, in minor units.
    pub fn refunding_minor(&self) -> i64 {
        self.items.iter().map(|item| item.price_of(item.refunding)).sum()
    }

    /// How much was given back, in minor units.
    pub fn refunded_minor(&self) -> i64 {
        self.items.iter().map(|item| item.price_of(item.refunded)).sum()
    }
}

impl OrderItem {
    /// How many can still be refunded.
    pub const fn left(&self) -> u32 {
        self.quantity - self.refunding - self.refunded
    }

    /// What so many of it cost. The total of the order was computed, so no part of it is too large.
    const fn price_of(&self, quantity: u32) -> i64 {
        self.unit_price_minor * quantity as i64
    }
}

impl From<ItemRequest> for OrderItem {
    fn from(item: ItemRequest) -> Self {
        let ItemRequest {
            name,
            sku,
            unit_price_minor,
            quantity,
            currency: _,
        } = item;
        Self {
            name,
            sku,
            unit_price_minor,
            quantity,
            refunding: 0,
            refunded: 0,
        }
    }
}
