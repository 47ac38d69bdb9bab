//! `query_refund`: ask the provider about a refund whose end it has not told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{JobId, MerchantId, PaymentId, RefundId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryRefund {
    /// Which refund.
    pub refund_id: RefundId,
    /// The payment it gives back.
    pub payment_id: PaymentId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Which query about this refund it is, from 1. Each is a job of its own.
    pub query: u32,
}

impl Job for QueryRefund {
    const CONTRACT: Contract = Contract {
        kind: Kind::QueryRefund,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let refund_id = self.refund_id.as_uuid();
        JobId::derive(
            Kind::QueryRefund.name(),
            &[refund_id.as_bytes(), &self.query.to_be_bytes()],
        )
    }

    fn correlation_id(&self) -> String {
        self.payment_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
