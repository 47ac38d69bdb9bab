//! What merchants are told of an order.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    currency::Currency,
    id::{MerchantId, OrderId, PaymentId, RefundId},
    order::{Order, OrderLog, OrderStatus, Shipment},
    user::UserId,
};

/// An order after a step, as far as it fits a notification: without its items, of which there may be many.
#[derive(Debug, Serialize)]
pub struct OrderNews<'a> {
    /// The order's id.
    id: OrderId,
    /// The merchant's id.
    merchant_id: MerchantId,
    /// Where it stands.
    status: OrderStatus,
    /// What is to be paid, in the currency's minor unit.
    total: i64,
    /// The ISO 4217 code.
    currency: Currency,
    /// The payment that the step is about, or else the one that has paid the order or was begun last.
    payment_id: Option<PaymentId>,
    /// The refund that the step is about.
    refund_id: Option<RefundId>,
    /// Why it came to the step.
    reason: Option<&'a str>,
    /// How much was given back, in minor units.
    amount_refunded: i64,
    /// How much is on its way back, in minor units.
    amount_refund_pending: i64,
    /// How it was sent, once it was.
    shipment: Option<&'a Shipment>,
    /// As the merchant gave it.
    user_id: Option<&'a UserId>,
    /// As the merchant gave it.
    reference: Option<&'a str>,
    /// As the merchant gave it.
    description: Option<&'a str>,
    /// As the merchant gave it.
    metadata: &'a BTreeMap<String, String>,
    /// When it was first stored, RFC 3339, UTC.
    created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    updated_at: DateTime<Utc>,
}

impl<'a> OrderNews<'a> {
    /// Of an order as the step `log` has left it.
    pub fn of(order: &'a Order, log: &'a OrderLog) -> Self {
        Self {
            id: order.id,
            merchant_id: order.merchant_id,
            status: order.status,
            total: order.money.amount_minor,
            currency: order.money.currency,
            payment_id: log.payment_id.or(order.paid_by).or(order.last_payment),
            refund_id: log.refund_id,
            reason: log.reason.as_deref(),
            amount_refunded: order.refunded_minor(),
            amount_refund_pending: order.refunding_minor(),
            shipment: order.shipment.as_ref(),
            user_id: order.user_id.as_ref(),
            reference: order.reference.as_deref(),
            description: order.description.as_deref(),
            metadata: &order.metadata,
            created_at: order.created_at,
            updated_at: log.at,
        }
    }
}
