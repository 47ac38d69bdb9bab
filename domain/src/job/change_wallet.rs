//! `change_wallet`: what is wanted done with a wallet that exists: hold, capture, release, withdraw, complete or reject a
//! withdrawal, end one that is in review, transfer, adjust.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    fingerprint::Fingerprint,
    id::{IdempotencyKey, JobId, MerchantId, WalletId},
    job::{Contract, Job, Kind},
    retry::RetrySchedule,
    texts::{InvalidText, check_text},
    wallet::{HoldView, WalletResult, WalletStep, WalletSubject, WalletTransactionView, WithdrawalView},
};

/// The payload. Upstream systems that publish jobs themselves write exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeWallet {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// The asker's name for this wish.
    pub idempotency_key: IdempotencyKey,
    /// About which wallet.
    pub wallet_id: WalletId,
    /// What is wanted.
    pub request: WalletStep,
    /// Who decided it, by the merchant's own name for that person; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

impl ChangeWallet {
    /// Checks every field that can be checked without the wallet.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidText> {
        self.request.validate()?;
        if matches!(&self.request, WalletStep::Transfer { to_wallet_id, .. } if *to_wallet_id == self.wallet_id)
        {
            return Err(InvalidText {
                field: "to_wallet_id",
                problem: "another wallet than the one that gives".into(),
            });
        }
        check_text("operator", self.operator.as_deref(), 200)
    }

    /// SHA-256 of the wish in one canonical form.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut fingerprint = Fingerprint::default();
        fingerprint.field("wallet_id", Some(&self.wallet_id.to_string()));
        fingerprint.field("operator", self.operator.as_deref());
        self.request.add_to(&mut fingerprint);
        fingerprint.finish()
    }

    /// What the wish is about: the same for every repeat of it.
    pub fn subject(&self) -> WalletSubject {
        self.request.subject(self.merchant_id, &self.idempotency_key)
    }
}

impl Job for ChangeWallet {
    const CONTRACT: Contract = Contract {
        kind: Kind::ChangeWallet,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    };

    /// The fingerprint belongs to the id: the same key with another body is another job, and is refused as such.
    fn id(&self) -> JobId {
        let merchant_id = self.merchant_id.as_uuid();
        let key = self.idempotency_key.as_str().as_bytes();
        JobId::derive(
            Kind::ChangeWallet.name(),
            &[merchant_id.as_bytes(), key, &self.fingerprint()],
        )
    }

    fn correlation_id(&self) -> String {
        self.wallet_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }

    /// RabbitMQ vouches for a merchant, and only an administrator corrects a wallet or ends what is in review.
    fn may_come_from_upstream(&self) -> bool {
        match self.request {
            WalletStep::Adjust { .. } | WalletStep::EndWithdrawal { .. } => false,
            WalletStep::Hold { .. }
            | WalletStep::Capture { .. }
            | WalletStep::Release { .. }
            | WalletStep::Withdraw { .. }
            | WalletStep::CompleteWithdrawal { .. }
            | WalletStep::RejectWithdrawal { .. }
            | WalletStep::Transfer { .. } => !self.idempotency_key.is_of_order(),
        }
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ChangeWalletReply {
    /// It was taken: the hold as it stands now.
    Hold(Box<HoldView>),
    /// It was taken: the withdrawal as it stands now.
    Withdrawal(Box<WithdrawalView>),
    /// It was taken: its line in the wallet's statement.
    Transaction(Box<WalletTransactionView>),
    /// It could not be, and the wallet stays as it was.
    Refused {
        /// A stable code, such as `insufficient_balance`.
        code: String,
        /// One sentence for people.
        message: String,
    },
    /// The merchant has no such wallet, hold or withdrawal.
    NotThere {
        /// What is missing.
        what: String,
    },
    /// The idempotency key belongs to another wish.
    Conflict,
}

impl From<&WalletResult> for ChangeWalletReply {
    fn from(result: &WalletResult) -> Self {
        match result {
            WalletResult::Hold(hold) => Self::Hold(Box::new(hold.into())),
            WalletResult::Withdrawal(withdrawal) => Self::Withdrawal(Box::new(withdrawal.into())),
            WalletResult::Transaction(line) => Self::Transaction(Box::new(line.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{HoldId, WithdrawalId},
        wallet::WithdrawalEnd,
    };

    /// RabbitMQ cannot vouch for an administrator.
    #[test]
    fn upstream_may_want_anything_but_what_is_an_administrators() {
        let key = IdempotencyKey::try_from("k".to_owned()).unwrap();
        let merchant_id = MerchantId::random();
        let hold_id = HoldId::derive(merchant_id, &key);
        let mut job = ChangeWallet {
            merchant_id,
            wallet_id: WalletId::derive(merchant_id, &"anna".parse().unwrap(), "EUR"),
            idempotency_key: key,
            request: WalletStep::Release { hold_id },
            operator: None,
        };
        assert!(job.may_come_from_upstream());
        job.request = WalletStep::Adjust {
            amount_minor: 5,
            reason: "a gift".into(),
            administrator: "root".into(),
        };
        assert!(!job.may_come_from_upstream());
        job.request = WalletStep::EndWithdrawal {
            withdrawal_id: WithdrawalId::derive(merchant_id, &job.idempotency_key),
            end: WithdrawalEnd::Failed,
            reason: "taken back".into(),
            administrator: "root".into(),
        };
        assert!(!job.may_come_from_upstream());
    }
}
