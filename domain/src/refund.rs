//! A refund and the only ways it can change.
//!
//! As with payments, statuses are ranked and only climb, so that news may come late, twice and in any order. The amount
//! is set aside on the payment before the provider is asked, and every step of the refund's money is a step of the
//! payment's too: [`Refund::apply`] takes both and gives both. A refund can fail after it had succeeded, when the
//! payer's bank sends the money back; so `failed` outranks everything.

mod request;
mod reservation;
mod reversal;
mod status;
mod transition;
mod view;

pub use request::{InvalidRefundRequest, RefundRequest};
pub use reservation::RefundRefused;
pub use reversal::TakenBack;
pub use status::{RefundStatus, UnknownRefundStatus};
pub use transition::{AppliedRefund, RefundEvent, RefundTransitionError};
pub use view::RefundView;

use chrono::{DateTime, Utc};

use crate::{
    channel::Channel,
    id::{IdempotencyKey, MerchantId, PaymentId, RefundId},
    money::Money,
    payment::Failure,
};

/// A refund as PostgreSQL holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its id, derived from the merchant and the idempotency key.
    pub id: RefundId,
    /// Whose refund it is.
    pub merchant_id: MerchantId,
    /// The payment it gives back, or a part of it.
    pub payment_id: PaymentId,
    /// The key it was asked for under.
    pub idempotency_key: IdempotencyKey,
    /// SHA-256 of what was asked for; the same key with another fingerprint is a conflict.
    pub fingerprint: [u8; 32],
    /// Where it stands.
    pub status: RefundStatus,
    /// What is given back.
    pub money: Money,
    /// What of it comes back from the account that the payment's money went on to, in minor units: all but what the merchant
    /// had kept. It is fixed when the refund is set aside.
    pub reversed_minor: i64,
    /// The provider it goes through: the payment's.
    pub channel: Channel,
    /// The provider's object, once known.
    pub channel_refund_id: Option<String>,
    /// Why it does not go on, when it does not.
    pub failure: Option<Failure>,
    /// What the merchant said when asking.
    pub request: RefundRequest,
    /// Counts the changes; a writer that saw an older version has to look again.
    pub version: i32,
    /// When the worker first stored it.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
