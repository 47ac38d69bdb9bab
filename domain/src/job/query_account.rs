//! `query_account`: ask the provider about an account of a user that it has not said to be there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{ConnectedAccountId, JobId, MerchantId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryAccount {
    /// Which account.
    pub account_id: ConnectedAccountId,
    /// Whose it is connected to.
    pub merchant_id: MerchantId,
    /// Which query about this account it is, from 1. Each is a job of its own.
    pub query: u32,
}

impl Job for QueryAccount {
    const CONTRACT: Contract = Contract {
        kind: Kind::QueryAccount,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let account_id = self.account_id.as_uuid();
        JobId::derive(
            Kind::QueryAccount.name(),
            &[account_id.as_bytes(), &self.query.to_be_bytes()],
        )
    }

    fn correlation_id(&self) -> String {
        self.account_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
