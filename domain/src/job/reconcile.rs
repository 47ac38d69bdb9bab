//! `reconcile`: compare a merchant's day at a channel with what the provider says.

use std::time::Duration;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    channel::Channel,
    id::{JobId, MerchantId, ReconciliationId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconcile {
    /// Whose books.
    pub merchant_id: MerchantId,
    /// Which provider.
    pub channel: Channel,
    /// Which day, from midnight to midnight UTC.
    pub day: NaiveDate,
    /// Which comparison of this day it is, from 1. Each is a job of its own.
    pub number: u32,
}

impl Reconcile {
    /// The comparison this job makes.
    pub fn reconciliation_id(&self) -> ReconciliationId {
        ReconciliationId::derive(
            self.merchant_id,
            self.channel.name(),
            &self.day.to_string(),
            self.number,
        )
    }
}

impl Job for Reconcile {
    const CONTRACT: Contract = Contract {
        kind: Kind::Reconcile,
        schema: 1,
        // A provider that is away for an afternoon must not cost a day its comparison.
        retry: RetrySchedule::OverADay,
        timeout: Duration::from_secs(600),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let id = self.reconciliation_id().as_uuid();
        JobId::derive(Kind::Reconcile.name(), &[id.as_bytes()])
    }

    fn correlation_id(&self) -> String {
        self.reconciliation_id().to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
