//! `query_payment`: ask the provider about a payment whose end it has not told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{JobId, MerchantId, PaymentId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryPayment {
    /// Which payment.
    pub payment_id: PaymentId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Which query about this payment it is, from 1. Each is a job of its own.
    pub query: u32,
}

impl Job for QueryPayment {
    const CONTRACT: Contract = Contract {
        kind: Kind::QueryPayment,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let payment_id = self.payment_id.as_uuid();
        JobId::derive(
            Kind::QueryPayment.name(),
            &[payment_id.as_bytes(), &self.query.to_be_bytes()],
        )
    }

    fn correlation_id(&self) -> String {
        self.payment_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
