//! `create_transfer`: have a provider pay a withdrawal out to its owner's account.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{JobId, MerchantId, WalletId, WithdrawalId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
    wallet::WithdrawalView,
};

/// The payload. It has no key: a withdrawal is paid out once, whoever asks for it and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTransfer {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// Of which wallet.
    pub wallet_id: WalletId,
    /// What is paid out.
    pub withdrawal_id: WithdrawalId,
}

impl Job for CreateTransfer {
    const CONTRACT: Contract = Contract {
        kind: Kind::CreateTransfer,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    };

    fn id(&self) -> JobId {
        JobId::derive(
            Kind::CreateTransfer.name(),
            &[
                self.merchant_id.as_uuid().as_bytes(),
                self.wallet_id.as_uuid().as_bytes(),
                self.withdrawal_id.as_uuid().as_bytes(),
            ],
        )
    }

    fn correlation_id(&self) -> String {
        self.withdrawal_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CreateTransferReply {
    /// The withdrawal as it stands now.
    Withdrawal(Box<WithdrawalView>),
    /// It is not paid out this way, and stays as it was.
    Refused {
        /// A stable code, such as `account_not_open`.
        code: String,
        /// One sentence for people.
        message: String,
    },
    /// The merchant has no such withdrawal of this wallet.
    NoSuchWithdrawal,
}
