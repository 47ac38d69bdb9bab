//! `create_refund`: give money of a payment back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    channel::RefundReason,
    id::{IdempotencyKey, JobId, MerchantId, RefundId},
    job::{Contract, Job, Kind},
    payment::Payment,
    refund::{RefundRequest, RefundView},
    retry::RetrySchedule,
};

/// The payload. Upstream systems that publish jobs themselves write exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRefund {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// The asker's name for this request; the refund's id derives from it.
    pub idempotency_key: IdempotencyKey,
    /// What is asked for.
    pub request: RefundRequest,
}

/// How the keys begin under which Sluice itself refunds. Nobody else may use one: taking it beforehand would keep a late
/// payment from being refunded.
pub const OWN_REFUND_KEYS: &str = "late-payment:";

/// Who decides that a payment is refunded which came too late, where the merchant's terms say so.
const OPERATOR: &str = "sluice";

impl CreateRefund {
    /// The refund of a payment that came too late, after it had been closed, or its order paid or canceled: one for each,
    /// whoever notices it.
    #[expect(clippy::expect_used, reason = "a short text of visible ASCII is a key")]
    pub fn of_late_payment(payment: &Payment) -> Self {
        let key = format!("{OWN_REFUND_KEYS}{}", payment.id);
        Self {
            merchant_id: payment.merchant_id,
            idempotency_key: IdempotencyKey::try_from(key).expect("a key"),
            request: RefundRequest {
                reason: Some(RefundReason::PaidLate),
                operator: Some(OPERATOR.into()),
                ..RefundRequest::all_of(payment.id)
            },
        }
    }

    /// The refund this job is about.
    pub fn refund_id(&self) -> RefundId {
        RefundId::derive(self.merchant_id, &self.idempotency_key)
    }
}

impl Job for CreateRefund {
    const CONTRACT: Contract = Contract {
        kind: Kind::CreateRefund,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    };

    /// The fingerprint belongs to the id: the same key with another body is another job, and is refused as such.
    fn id(&self) -> JobId {
        let fingerprint = self.request.fingerprint();
        JobId::derive(
            Kind::CreateRefund.name(),
            &[self.refund_id().as_uuid().as_bytes(), &fingerprint],
        )
    }

    fn correlation_id(&self) -> String {
        self.request.payment_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }

    fn may_come_from_upstream(&self) -> bool {
        let key = &self.idempotency_key;
        let is_own = key.as_str().starts_with(OWN_REFUND_KEYS) || key.is_of_order();
        !is_own && self.request.order.is_none() && self.request.reason != Some(RefundReason::PaidLate)
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CreateRefundReply {
    /// The refund as it stands now; a failed one says why.
    Refund(Box<RefundView>),
    /// The merchant has no such payment.
    NoSuchPayment,
    /// The idempotency key belongs to another request.
    Conflict,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PaymentId;

    fn asked(key: &str, reason: Option<RefundReason>) -> CreateRefund {
        let merchant_id = MerchantId::random();
        CreateRefund {
            merchant_id,
            idempotency_key: IdempotencyKey::try_from(key.to_owned()).unwrap(),
            request: RefundRequest {
                reason,
                ..RefundRequest::all_of(PaymentId::from_uuid(merchant_id.as_uuid()))
            },
        }
    }

    #[test]
    fn nobody_can_take_the_key_or_the_reason_of_a_late_payments_refund() {
        assert!(asked("order-1", Some(RefundReason::Duplicate)).may_come_from_upstream());
        assert!(!asked("late-payment:pay_1", None).may_come_from_upstream());
        assert!(!asked("order-1", Some(RefundReason::PaidLate)).may_come_from_upstream());
    }
}
