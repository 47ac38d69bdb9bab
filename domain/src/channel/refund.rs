//! The provider's object for a refund: what is asked for, and what is told of it.

use serde::{Deserialize, Serialize};

use crate::{
    channel::{Destination, IntentRef},
    id::{PaymentId, RefundId},
    money::Money,
    payment::Failure,
};

/// A refund that its provider is asked about, as far as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRef {
    /// The refund.
    pub refund_id: RefundId,
    /// The provider's id of it.
    pub id: String,
    /// The intent that is refunded.
    pub intent: IntentRef,
    /// How much it gives back.
    pub money: Money,
}

/// What a channel needs to refund an intent, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefund {
    /// The refund; the provider stores it and sends it back in callbacks.
    pub refund_id: RefundId,
    /// The payment that is refunded.
    pub payment_id: PaymentId,
    /// The intent that was paid, with all that was paid.
    pub intent: IntentRef,
    /// How much to give back.
    pub money: Money,
    /// Why, in the few words that providers know.
    pub reason: Option<RefundReason>,
    /// Where the provider sends callbacks about it, where that is said with each refund.
    pub callback_url: String,
    /// Where the payment's money went on to: its part is taken back from there, and the merchant's share given back.
    pub destination: Option<Destination>,
}

/// Why money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The payer wanted it.
    RequestedByCustomer,
    /// The payer paid twice.
    Duplicate,
    /// The payment was not the card holder's will.
    Fraudulent,
    /// The payment came after it had expired or was canceled, and the merchant does not want it then; or its order was paid
    /// by another one, or canceled.
    PaidLate,
}

impl RefundReason {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestedByCustomer => "requested_by_customer",
            Self::Duplicate => "duplicate",
            Self::Fraudulent => "fraudulent",
            Self::PaidLate => "paid_late",
        }
    }
}

/// The provider's object for a refund, as far as Sluice cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRefund {
    /// The provider's id of it.
    pub id: String,
    /// The refund it was made for, when it carries our mark.
    pub refund_id: Option<RefundId>,
    /// The intent it refunds, when the provider says so.
    pub intent_id: Option<String>,
    /// How much it gives back.
    pub money: Money,
    /// Where it stands.
    pub status: ChannelRefundStatus,
}

/// Where a provider's refund stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelRefundStatus {
    /// Accepted; the provider will tell whether the money arrived.
    Processing,
    /// The money has left the merchant and did not arrive: a person has to send it another way, at the provider.
    Stuck,
    /// The money was given back.
    Succeeded,
    /// It was not, or it came back. A refund can fail after it had succeeded.
    Failed(Failure),
}

impl ChannelRefundStatus {
    /// The name used in errors and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Stuck => "stuck",
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
        }
    }
}
