//! What came of a wish about an order.

use chrono::{DateTime, Utc};

use crate::{
    id::{IdempotencyKey, MerchantId, OrderId, PaymentId},
    order::StepKind,
    payment::ActionOutcome,
};

/// A wish about an order and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderAction {
    /// Whose wish it was.
    pub merchant_id: MerchantId,
    /// About which order.
    pub order_id: OrderId,
    /// What was wanted.
    pub kind: StepKind,
    /// The key it came under.
    pub idempotency_key: IdempotencyKey,
    /// SHA-256 of the wish; the same key with another fingerprint is a conflict.
    pub fingerprint: [u8; 32],
    /// What came of it.
    pub outcome: ActionOutcome,
    /// The payment that it has begun.
    pub payment_id: Option<PaymentId>,
    /// When that was known.
    pub at: DateTime<Utc>,
}
