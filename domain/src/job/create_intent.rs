//! `create_intent`: open the provider's intent for a payment that a merchant asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{IdempotencyKey, JobId, MerchantId, PaymentId},
    job::{Contract, Job, Kind},
    payment::{PaymentRequest, PaymentView},
    retry::RetrySchedule,
};

/// The payload. Upstream systems that publish jobs themselves write exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateIntent {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// The asker's name for this request; the payment's id derives from it.
    pub idempotency_key: IdempotencyKey,
    /// What is asked for.
    pub request: PaymentRequest,
}

impl CreateIntent {
    /// The payment this job is about.
    pub fn payment_id(&self) -> PaymentId {
        PaymentId::derive(self.merchant_id, &self.idempotency_key)
    }
}

impl Job for CreateIntent {
    const CONTRACT: Contract = Contract {
        kind: Kind::CreateIntent,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    };

    /// The fingerprint belongs to the id: the same key with another body is another job, and is refused as such.
    fn id(&self) -> JobId {
        let fingerprint = self.request.fingerprint();
        JobId::derive(
            Kind::CreateIntent.name(),
            &[self.payment_id().as_uuid().as_bytes(), &fingerprint],
        )
    }

    fn correlation_id(&self) -> String {
        self.payment_id().to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }

    fn may_come_from_upstream(&self) -> bool {
        !self.idempotency_key.is_of_order() && self.request.order_id.is_none()
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CreateIntentReply {
    /// The payment as it stands now, its client secret included.
    Payment(Box<PaymentView>),
    /// The idempotency key belongs to another request.
    Conflict,
}
