//! `expire_payment`: close a payment that was not paid in time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{JobId, MerchantId, PaymentId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpirePayment {
    /// Which payment.
    pub payment_id: PaymentId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Which attempt to close this payment it is, from 1. Each is a job of its own.
    pub closing: u32,
}

impl Job for ExpirePayment {
    const CONTRACT: Contract = Contract {
        kind: Kind::ExpirePayment,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let payment_id = self.payment_id.as_uuid();
        JobId::derive(
            Kind::ExpirePayment.name(),
            &[payment_id.as_bytes(), &self.closing.to_be_bytes()],
        )
    }

    fn correlation_id(&self) -> String {
        self.payment_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
