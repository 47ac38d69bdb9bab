//! How a payment looks from outside: in answers of the API, in replies to a waiting ingress, in notifications.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    channel::{Channel, Destination, Flow, Method, NextAction},
    currency::Currency,
    id::{MerchantId, OrderId, PaymentId, WalletId},
    payment::{Failure, Payment, PaymentStatus},
    user::UserId,
};

/// A payment as its merchant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentView {
    /// The payment's id.
    pub id: PaymentId,
    /// The merchant's id.
    pub merchant_id: MerchantId,
    /// The order that it pays, if it pays one.
    #[serde(default)]
    pub order_id: Option<OrderId>,
    /// The wallet that it is paid into, if it is paid into one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<WalletId>,
    /// The merchant's user that it belongs to, when it is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// The amount in the currency's minor unit.
    pub amount: i64,
    /// The ISO 4217 code.
    pub currency: Currency,
    /// The provider it goes through.
    pub channel: Channel,
    /// The provider's id of the intent, once it exists.
    pub channel_intent_id: Option<String>,
    /// With what the payer pays, when the merchant, a route or the channel has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// How the payer gets there, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// The connected account that is paid through the merchant's own, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_account: Option<String>,
    /// The connected account that the money goes on to, and what the merchant keeps of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// What the payer needs to pay. Given to the merchant that asks, never put into notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_action: Option<NextAction>,
    /// Why it does not go on, and what the payer can do.
    pub failure: Option<Failure>,
    /// After this it is closed, unless it was paid. RFC 3339, UTC.
    pub expires_at: DateTime<Utc>,
    /// Whether it was paid after it had been closed here.
    pub late: bool,
    /// How much was given back, in minor units.
    pub amount_refunded: i64,
    /// How much is set aside for refunds under way, in minor units.
    pub amount_refund_pending: i64,
    /// How much is, or was lost to be, disputed, in minor units.
    pub amount_disputed: i64,
    /// As the merchant gave it.
    pub description: Option<String>,
    /// As the merchant gave it.
    pub reference: Option<String>,
    /// As the merchant gave it.
    pub metadata: BTreeMap<String, String>,
    /// When it was first stored, RFC 3339, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    pub updated_at: DateTime<Utc>,
}

impl PaymentView {
    /// The payment without what it is paid with: fit for a notification.
    pub fn public(payment: &Payment) -> Self {
        let request = &payment.request;
        Self {
            id: payment.id,
            merchant_id: payment.merchant_id,
            order_id: request.order_id,
            wallet_id: request.wallet_id,
            user_id: request.user_id.clone(),
            status: payment.status,
            amount: payment.money.amount_minor,
            currency: payment.money.currency,
            channel: payment.channel,
            channel_intent_id: payment.intent_id.clone(),
            method: payment.method(),
            flow: payment.flow(),
            connected_account: request.connected_account.clone(),
            destination: request.destination.clone(),
            next_action: None,
            failure: payment.failure.clone(),
            expires_at: payment.expires_at,
            late: payment.is_late,
            amount_refunded: payment.refunded_minor,
            amount_refund_pending: payment.refund_reserved_minor,
            amount_disputed: payment.disputed_minor,
            description: request.description.clone(),
            reference: request.reference.clone(),
            metadata: request.metadata.clone(),
            created_at: payment.created_at,
            updated_at: payment.updated_at,
        }
    }

    /// The payment with what it is paid with: for the merchant itself, over its own connection.
    pub fn for_merchant(payment: &Payment) -> Self {
        Self {
            next_action: payment.next_action.clone(),
            ..Self::public(payment)
        }
    }

    /// The payment as the merchant's user may see it: without whom the merchant shares the money with.
    #[must_use]
    pub fn for_user(self) -> Self {
        Self {
            connected_account: None,
            destination: None,
            ..self
        }
    }
}
