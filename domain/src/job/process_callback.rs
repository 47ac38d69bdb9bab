//! `process_callback`: take in a provider's callback whose signature ingress has verified.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    channel::Channel,
    id::{JobId, MerchantId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessCallback {
    /// The provider it came from.
    pub channel: Channel,
    /// Whose callback address it came to.
    pub merchant_id: MerchantId,
    /// The provider's id of the event.
    pub event_id: String,
    /// The provider's name of what happened.
    pub event_type: String,
    /// When ingress received it.
    pub received_at: DateTime<Utc>,
    /// The raw body, encrypted: it may name the payer.
    pub sealed_body: String,
}

impl ProcessCallback {
    /// The place that [`Self::sealed_body`] is sealed for, so that one callback's body cannot pass for another's.
    pub fn place(channel: Channel, merchant_id: MerchantId, event_id: &str) -> String {
        format!("callback:{channel}/{merchant_id}/{event_id}")
    }
}

impl Job for ProcessCallback {
    const CONTRACT: Contract = Contract {
        kind: Kind::ProcessCallback,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(30),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let merchant_id = self.merchant_id.as_uuid();
        let subject = [
            self.channel.name().as_bytes(),
            merchant_id.as_bytes(),
            self.event_id.as_bytes(),
        ];
        JobId::derive(Kind::ProcessCallback.name(), &subject)
    }

    fn correlation_id(&self) -> String {
        self.event_id.clone()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
