//! `create_wallet`: open a wallet, unless its owner has one in this currency already.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    currency::Currency,
    id::{IdempotencyKey, JobId, MerchantId, WalletId},
    job::{Contract, CreateAccount, Job, Kind},
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
    /// An account at a provider that its owner is to have as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountWish>,
}

/// What is said of an account that is asked for with a wallet: all of [`CreateAccount`] that the wallet does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountWish {
    /// The asker's name for the request for an account.
    pub idempotency_key: IdempotencyKey,
    /// Where the user lives, an ISO 3166-1 alpha-2 code.
    pub country: String,
}

impl CreateWallet {
    /// The wallet this job is about.
    pub fn wallet_id(&self) -> WalletId {
        WalletId::derive(self.merchant_id, &self.user_id, self.currency.code())
    }

    /// The job that has the owner's account opened, if one is asked for.
    pub fn create_account(&self) -> Option<CreateAccount> {
        let wish = self.account.clone()?;
        Some(CreateAccount {
            merchant_id: self.merchant_id,
            idempotency_key: wish.idempotency_key,
            wallet_id: self.wallet_id(),
            country: wish.country,
        })
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

    /// Asking for an account as well is another job than asking for the wallet alone.
    fn id(&self) -> JobId {
        let wallet_id = self.wallet_id();
        let account = self.create_account().map(|job| job.id().as_uuid());
        let parts = [Some(wallet_id.as_uuid()), account];
        let parts: Vec<&[u8]> = parts
            .iter()
            .flatten()
            .map(|id| id.as_bytes().as_slice())
            .collect();
        JobId::derive(Kind::CreateWallet.name(), &parts)
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
