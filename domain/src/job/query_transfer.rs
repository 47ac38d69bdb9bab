//! `query_transfer`: ask the provider about a payout whose end it has not told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{JobId, MerchantId, WithdrawalId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryTransfer {
    /// What is paid out.
    pub withdrawal_id: WithdrawalId,
    /// Who keeps the wallet.
    pub merchant_id: MerchantId,
    /// Which query about this withdrawal it is, from 1. Each is a job of its own.
    pub query: u32,
}

impl Job for QueryTransfer {
    const CONTRACT: Contract = Contract {
        kind: Kind::QueryTransfer,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let withdrawal_id = self.withdrawal_id.as_uuid();
        JobId::derive(
            Kind::QueryTransfer.name(),
            &[withdrawal_id.as_bytes(), &self.query.to_be_bytes()],
        )
    }

    fn correlation_id(&self) -> String {
        self.withdrawal_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
