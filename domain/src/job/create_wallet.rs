//! `create_wallet`: open a wallet, unless its owner has one in this currency already.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    currency::Currency,
    id::{JobId, MerchantId, WalletId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
    user::UserId,
    wallet::WalletView,
};

/// The payload. Upstream systems that publish jobs themselves write exactly this. It has no key: whoever asks for the same
/// wallet asks for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateWallet {
    /// Who keeps it.
    pub merchant_id: MerchantId,
    /// Whose it is.
    pub user_id: UserId,
    /// The currency of all that will be in it.
    pub currency: Currency,
}

impl CreateWallet {
    /// The wallet this job is about.
    pub fn wallet_id(&self) -> WalletId {
        WalletId::derive(self.merchant_id, &self.user_id, self.currency.code())
    }
}

impl Job for CreateWallet {
    const CONTRACT: Contract = Contract {
        kind: Kind::CreateWallet,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    };

    fn id(&self) -> JobId {
        JobId::derive(
            Kind::CreateWallet.name(),
            &[self.wallet_id().as_uuid().as_bytes()],
        )
    }

    fn correlation_id(&self) -> String {
        self.wallet_id().to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CreateWalletReply {
    /// The wallet as it stands now.
    Wallet(Box<WalletView>),
}
