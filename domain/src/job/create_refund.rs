//! `create_refund`: give money of a payment back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{IdempotencyKey, JobId, MerchantId, RefundId},
    job::{Contract, Job, Kind},
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

impl CreateRefund {
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
