//! `capture_payment`: have a provider move the money that a payer has agreed to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{JobId, MerchantId, PaymentId},
    job::{Contract, Job, Kind},
    payment::Payment,
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturePayment {
    /// Which payment.
    pub payment_id: PaymentId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The payment's version when the payer had agreed. A payer whose account was declined may agree again, and that is
    /// another capture; the provider moves the money of one intent once, however many ask.
    pub version: i32,
}

impl From<&Payment> for CapturePayment {
    fn from(payment: &Payment) -> Self {
        Self {
            payment_id: payment.id,
            merchant_id: payment.merchant_id,
            version: payment.version,
        }
    }
}

impl Job for CapturePayment {
    const CONTRACT: Contract = Contract {
        kind: Kind::CapturePayment,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let payment_id = self.payment_id.as_uuid();
        JobId::derive(
            Kind::CapturePayment.name(),
            &[payment_id.as_bytes(), &self.version.to_be_bytes()],
        )
    }

    fn correlation_id(&self) -> String {
        self.payment_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
