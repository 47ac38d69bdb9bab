//! `create_order`: store an order that a merchant asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{IdempotencyKey, JobId, MerchantId, OrderId},
    job::{Contract, Job, Kind},
    order::{OrderRequest, OrderView},
    retry::RetrySchedule,
};

/// The payload. Upstream systems that publish jobs themselves write exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOrder {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// The asker's name for this request; the order's id derives from it.
    pub idempotency_key: IdempotencyKey,
    /// What is asked for.
    pub request: OrderRequest,
}

impl CreateOrder {
    /// The order this job is about.
    pub fn order_id(&self) -> OrderId {
        OrderId::derive(self.merchant_id, &self.idempotency_key)
    }
}

impl Job for CreateOrder {
    const CONTRACT: Contract = Contract {
        kind: Kind::CreateOrder,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    };

    /// The fingerprint belongs to the id: the same key with another body is another job, and is refused as such.
    fn id(&self) -> JobId {
        let fingerprint = self.request.fingerprint();
        JobId::derive(
            Kind::CreateOrder.name(),
            &[self.order_id().as_uuid().as_bytes(), &fingerprint],
        )
    }

    fn correlation_id(&self) -> String {
        self.order_id().to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }

    fn may_come_from_upstream(&self) -> bool {
        !self.idempotency_key.is_of_order()
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CreateOrderReply {
    /// The order as it stands now.
    Order(Box<OrderView>),
    /// The idempotency key belongs to another request.
    Conflict,
}
