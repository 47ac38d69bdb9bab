//! `create_account`: have a provider open an account for a merchant's user, connected to the merchant's own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    connect::AccountView,
    fingerprint::Fingerprint,
    id::{ConnectedAccountId, IdempotencyKey, JobId, MerchantId, WalletId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
    texts::InvalidText,
};

/// The payload. Upstream systems that publish jobs themselves write exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// The asker's name for this request; the account's id derives from it.
    pub idempotency_key: IdempotencyKey,
    /// A wallet of the user who is to own the account. All wallets of a user share one account.
    pub wallet_id: WalletId,
    /// Where the user lives, an ISO 3166-1 alpha-2 code.
    pub country: String,
}

impl CreateAccount {
    /// The account this job is about.
    pub fn account_id(&self) -> ConnectedAccountId {
        ConnectedAccountId::derive(self.merchant_id, &self.idempotency_key)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Names the field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidText> {
        let is_code = self.country.len() == 2 && self.country.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_code {
            return Ok(());
        }
        Err(InvalidText {
            field: "country",
            problem: "an ISO 3166-1 alpha-2 code such as \"DE\"".into(),
        })
    }

    /// SHA-256 of the request in one canonical form.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut fingerprint = Fingerprint::default();
        fingerprint.field("wallet_id", Some(&self.wallet_id.to_string()));
        fingerprint.field("country", Some(&self.country));
        fingerprint.finish()
    }
}

impl Job for CreateAccount {
    const CONTRACT: Contract = Contract {
        kind: Kind::CreateAccount,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    };

    /// The fingerprint belongs to the id: the same key with another body is another job, and is refused as such.
    fn id(&self) -> JobId {
        JobId::derive(
            Kind::CreateAccount.name(),
            &[self.account_id().as_uuid().as_bytes(), &self.fingerprint()],
        )
    }

    fn correlation_id(&self) -> String {
        self.account_id().to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CreateAccountReply {
    /// The user's account as it stands now. It may have been asked for under another key before.
    Account(Box<AccountView>),
    /// The merchant has no such wallet.
    NoSuchWallet,
    /// The idempotency key belongs to another request.
    Conflict,
    /// The user has an account in another country, which cannot change.
    OtherCountry,
}
