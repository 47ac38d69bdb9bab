//! `create_account_link`: show an account's owner the way to where it tells the provider about itself.
//!
//! The link is a secret of a few minutes, made for whoever waits for it: it is part of the reply and of nothing else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    channel::AccountLink,
    fingerprint::Fingerprint,
    id::{IdempotencyKey, JobId, MerchantId, WalletId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
    texts::{InvalidText, check_text},
};

/// The payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateAccountLink {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// The asker's name for this request. A repeat is shown another link.
    pub idempotency_key: IdempotencyKey,
    /// A wallet of the user who owns the account.
    pub wallet_id: WalletId,
    /// Where the owner's browser goes afterwards; an https address.
    pub return_url: String,
    /// Where it goes when the link does not work any more; an https address.
    pub refresh_url: String,
}

impl CreateAccountLink {
    /// Checks the addresses. Stripe sends nobody from its own pages into the clear, except on a developer's machine
    /// (<https://docs.stripe.com/api/account_links/create>).
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidText> {
        for (field, url) in [
            ("return_url", &self.return_url),
            ("refresh_url", &self.refresh_url),
        ] {
            check_text(field, Some(url), 2000)?;
            let is_own = ["http://localhost", "http://127.0.0.1"].into_iter().any(|own| {
                let rest = url.strip_prefix(own);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
            });
            if !is_own && !url.starts_with("https://") {
                let problem = "must start with https://".into();
                return Err(InvalidText { field, problem });
            }
        }
        Ok(())
    }
}

impl Job for CreateAccountLink {
    const CONTRACT: Contract = Contract {
        kind: Kind::CreateAccountLink,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        // Whoever publishes it gets a link for one of its users; ingress checks the addresses.
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        let mut fingerprint = Fingerprint::default();
        fingerprint.field("wallet_id", Some(&self.wallet_id.to_string()));
        fingerprint.field("return_url", Some(&self.return_url));
        fingerprint.field("refresh_url", Some(&self.refresh_url));
        let (merchant_id, key) = (self.merchant_id.as_uuid(), self.idempotency_key.as_str());
        JobId::derive(
            Kind::CreateAccountLink.name(),
            &[merchant_id.as_bytes(), key.as_bytes(), &fingerprint.finish()],
        )
    }

    fn correlation_id(&self) -> String {
        self.wallet_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CreateAccountLinkReply {
    /// The link.
    Link(AccountLink),
    /// The merchant has no such wallet.
    NoSuchWallet,
    /// The wallet's owner has no account yet.
    NoAccount,
    /// The provider refused to make one.
    Refused {
        /// One sentence for people.
        message: String,
    },
    /// The provider did not answer in time, or cannot be asked. Another may be asked for at once.
    Unavailable {
        /// One sentence for people.
        message: String,
    },
}
