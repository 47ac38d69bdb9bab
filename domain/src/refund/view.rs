//! How a refund looks from outside: in answers of the API, in replies to a waiting ingress, in notifications.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    channel::{Channel, RefundReason},
    currency::Currency,
    id::{MerchantId, PaymentId, RefundId},
    payment::Failure,
    refund::{Refund, RefundStatus},
};

/// A refund as its merchant sees it; its user sees it without what is its merchant's own, see [`Self::for_user`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundView {
    /// The refund's id.
    pub id: RefundId,
    /// The payment it gives back.
    pub payment_id: PaymentId,
    /// The merchant's id.
    pub merchant_id: MerchantId,
    /// Where it stands.
    pub status: RefundStatus,
    /// The amount in the currency's minor unit.
    pub amount: i64,
    /// The ISO 4217 code.
    pub currency: Currency,
    /// The provider it goes through.
    pub channel: Channel,
    /// The provider's id of the refund, once it exists.
    pub channel_refund_id: Option<String>,
    /// Why it does not go on, and what can be done.
    pub failure: Option<Failure>,
    /// As the merchant gave it.
    pub reason: Option<RefundReason>,
    /// As the merchant gave it.
    pub operator: Option<String>,
    /// As the merchant gave it.
    pub description: Option<String>,
    /// As the merchant gave it.
    pub metadata: BTreeMap<String, String>,
    /// When it was first stored, RFC 3339, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    pub updated_at: DateTime<Utc>,
}

impl From<&Refund> for RefundView {
    fn from(refund: &Refund) -> Self {
        let request = &refund.request;
        Self {
            id: refund.id,
            payment_id: refund.payment_id,
            merchant_id: refund.merchant_id,
            status: refund.status,
            amount: refund.money.amount_minor,
            currency: refund.money.currency,
            channel: refund.channel,
            channel_refund_id: refund.channel_refund_id.clone(),
            failure: refund.failure.clone(),
            reason: request.reason,
            operator: request.operator.clone(),
            description: request.description.clone(),
            metadata: request.metadata.clone(),
            created_at: refund.created_at,
            updated_at: refund.updated_at,
        }
    }
}

impl RefundView {
    /// As its user sees it: who of the merchant's people decided it, and what they wrote about it, is not for users.
    pub fn for_user(refund: &Refund) -> Self {
        Self {
            operator: None,
            description: None,
            ..Self::from(refund)
        }
    }
}
