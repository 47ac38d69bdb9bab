//! `cancel_payment` and `confirm_payment`: what a merchant wants done with a payment that exists.
//!
//! The two are queues of their own, so that a crowd of one does not keep out the other, and have the same payload.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{IdempotencyKey, JobId, MerchantId, PaymentId},
    job::{Contract, Job, Kind},
    payment::{ActionRequest, PaymentView},
    retry::RetrySchedule,
};

/// The payload. Upstream systems that publish jobs themselves write exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// The asker's name for this wish.
    pub idempotency_key: IdempotencyKey,
    /// About which payment.
    pub payment_id: PaymentId,
    /// What is wanted; it has to be what the kind of the job says.
    pub request: ActionRequest,
}

/// Close a payment before it is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CancelPayment(pub Wish);

/// Try to pay a payment with a payment method, from the merchant's server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfirmPayment(pub Wish);

impl Wish {
    /// The fingerprint belongs to the id: the same key with another body is another job, and is refused as such.
    fn job_id(&self, kind: Kind) -> JobId {
        let fingerprint = self.request.fingerprint(self.payment_id);
        let merchant_id = self.merchant_id.as_uuid();
        let key = self.idempotency_key.as_str().as_bytes();
        JobId::derive(kind.name(), &[merchant_id.as_bytes(), key, &fingerprint])
    }
}

const fn contract(kind: Kind) -> Contract {
    Contract {
        kind,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    }
}

impl Job for CancelPayment {
    const CONTRACT: Contract = contract(Kind::CancelPayment);

    fn id(&self) -> JobId {
        self.0.job_id(Kind::CancelPayment)
    }

    fn correlation_id(&self) -> String {
        self.0.payment_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.0.merchant_id
    }

    fn may_come_from_upstream(&self) -> bool {
        !self.0.idempotency_key.is_of_order()
    }
}

impl Job for ConfirmPayment {
    const CONTRACT: Contract = contract(Kind::ConfirmPayment);

    fn id(&self) -> JobId {
        self.0.job_id(Kind::ConfirmPayment)
    }

    fn correlation_id(&self) -> String {
        self.0.payment_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.0.merchant_id
    }

    fn may_come_from_upstream(&self) -> bool {
        !self.0.idempotency_key.is_of_order()
    }
}

/// What a worker answers to whoever waits for such a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum PaymentActionReply {
    /// It was carried out: the payment as it stands now, its client secret included.
    Payment(Box<PaymentView>),
    /// It could not be, and the payment stays as it was.
    Refused {
        /// A stable code, such as `payment_already_paid`.
        code: String,
        /// One sentence for people.
        message: String,
    },
    /// The merchant has no such payment.
    NoSuchPayment,
    /// The idempotency key belongs to another wish.
    Conflict,
}
