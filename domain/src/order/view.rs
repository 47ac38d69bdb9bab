//! How an order looks from outside: in answers of the API and in replies to a waiting ingress.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    currency::Currency,
    id::{MerchantId, OrderId, PaymentId},
    order::{Order, OrderItem, OrderStatus, Shipment},
    user::UserId,
};

/// An order as its merchant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// The order's id.
    pub id: OrderId,
    /// The merchant's id.
    pub merchant_id: MerchantId,
    /// Where it stands.
    pub status: OrderStatus,
    /// What is to be paid, in the currency's minor unit.
    pub total: i64,
    /// The ISO 4217 code.
    pub currency: Currency,
    /// What was bought.
    pub items: Vec<ItemView>,
    /// The payment that has paid it, or else the one that was begun last.
    pub payment_id: Option<PaymentId>,
    /// How much was given back, in minor units.
    pub amount_refunded: i64,
    /// How much is on its way back, in minor units.
    pub amount_refund_pending: i64,
    /// How it was sent, once it was.
    pub shipment: Option<Shipment>,
    /// As the merchant gave it.
    pub user_id: Option<UserId>,
    /// As the merchant gave it.
    pub reference: Option<String>,
    /// As the merchant gave it.
    pub description: Option<String>,
    /// As the merchant gave it.
    pub metadata: BTreeMap<String, String>,
    /// When it was first stored, RFC 3339, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    pub updated_at: DateTime<Utc>,
}

/// One thing that was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemView {
    /// As the merchant gave it.
    pub name: String,
    /// As the merchant gave it.
    pub sku: String,
    /// The price of one, in minor units.
    pub unit_price: i64,
    /// How many were bought.
    pub quantity: u32,
    /// How many are being refunded.
    pub quantity_refund_pending: u32,
    /// How many were refunded.
    pub quantity_refunded: u32,
}

impl From<&Order> for OrderView {
    fn from(order: &Order) -> Self {
        Self {
            id: order.id,
            merchant_id: order.merchant_id,
            status: order.status,
            total: order.money.amount_minor,
            currency: order.money.currency,
            items: order.items.iter().map(ItemView::from).collect(),
            payment_id: order.paid_by.or(order.last_payment),
            amount_refunded: order.refunded_minor(),
            amount_refund_pending: order.refunding_minor(),
            shipment: order.shipment.clone(),
            user_id: order.user_id.clone(),
            reference: order.reference.clone(),
            description: order.description.clone(),
            metadata: order.metadata.clone(),
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

impl From<&OrderItem> for ItemView {
    fn from(item: &OrderItem) -> Self {
        Self {
            name: item.name.clone(),
            sku: item.sku.clone(),
            unit_price: item.unit_price_minor,
            quantity: item.quantity,
            quantity_refund_pending: item.refunding,
            quantity_refunded: item.refunded,
        }
    }
}
