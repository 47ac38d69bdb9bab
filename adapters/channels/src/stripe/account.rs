//! Accounts that are connected to the merchant's own, and money that goes there (<https://docs.stripe.com/api/accounts/object>,
//! <https://docs.stripe.com/connect/handling-api-verification>).

use domain::{
    channel::{AccountLink, ChannelAccount, ChannelTransfer, Requirements},
    connect::Abilities,
    id::{ConnectedAccountId, WithdrawalId},
};

use super::{
    amount,
    wire::{Listed, Untranslatable, WireMetadata},
};
use crate::redact::redact;

/// How many requirements of a list are kept, and how much of each: with all else that is told of an account they have to fit a
/// notification.
const MOST_REQUIREMENTS: usize = 50;
const LONGEST_REQUIREMENT: usize = 100;

/// An account.
#[derive(Debug, Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireAccount {
    pub(super) id: String,
    pub(super) charges_enabled: Option<bool>,
    pub(super) payouts_enabled: Option<bool>,
    pub(super) details_submitted: Option<bool>,
    pub(super) capabilities: Option<WireCapabilities>,
    pub(super) requirements: Option<WireRequirements>,
    pub(super) metadata: Option<WireMetadata>,
}

/// What an account was given.
#[derive(Debug, Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireCapabilities {
    pub(super) transfers: Option<String>,
}

/// What Stripe still wants to know.
#[derive(Debug, Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireRequirements {
    pub(super) currently_due: Option<Vec<String>>,
    pub(super) past_due: Option<Vec<String>>,
    pub(super) disabled_reason: Option<String>,
}

/// A link. No `Debug`: whoever has it can act as the account's owner.
#[derive(miniserde::Deserialize)]
pub(super) struct WireAccountLink {
    pub(super) url: String,
    pub(super) expires_at: i64,
}

impl Listed for WireAccount {
    fn id(&self) -> Option<String> {
        Some(self.id.clone())
    }
}

impl WireAccount {
    /// The account it was opened for.
    pub(super) fn account_id(&self) -> Option<ConnectedAccountId> {
        self.metadata.as_ref()?.account_id()
    }

    /// The account in Sluice's words.
    pub(super) fn translate(self) -> ChannelAccount {
        let transfers = self
            .capabilities
            .as_ref()
            .and_then(|given| given.transfers.as_deref());
        let abilities = Abilities {
            charges_enabled: self.charges_enabled == Some(true),
            payouts_enabled: self.payouts_enabled == Some(true),
            transfers_enabled: transfers == Some("active"),
            details_submitted: self.details_submitted == Some(true),
        };
        ChannelAccount {
            account_id: self.account_id(),
            abilities,
            is_rejected: self
                .requirements
                .as_ref()
                .is_some_and(WireRequirements::is_rejection),
            requirements: self
                .requirements
                .map(WireRequirements::translate)
                .unwrap_or_default(),
            id: self.id,
        }
    }
}

impl WireRequirements {
    /// Such as `rejected.fraud` (<https://docs.stripe.com/api/accounts/object#account_object-requirements-disabled_reason>).
    fn is_rejection(&self) -> bool {
        let reason = self.disabled_reason.as_deref();
        reason.is_some_and(|reason| reason.starts_with("rejected."))
    }

    fn translate(self) -> Requirements {
        Requirements {
            currently_due: listed(self.currently_due),
            past_due: listed(self.past_due),
            disabled_reason: self.disabled_reason.map(|reason| written(&reason)),
        }
    }
}

impl WireAccountLink {
    /// None when it says no time at which it ends.
    pub(super) fn translate(self) -> Option<AccountLink> {
        let expires_at = chrono::DateTime::from_timestamp(self.expires_at, 0)?;
        let url = self.url;
        Some(AccountLink { url, expires_at })
    }
}

/// Money that was sent to an account (<https://docs.stripe.com/api/transfers/object>).
#[derive(Debug, Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireTransfer {
    id: String,
    amount: i64,
    amount_reversed: Option<i64>,
    currency: String,
    destination: String,
    metadata: Option<WireMetadata>,
}

impl Listed for WireTransfer {
    fn id(&self) -> Option<String> {
        Some(self.id.clone())
    }
}

impl WireTransfer {
    /// The withdrawal that it pays.
    pub(super) fn withdrawal_id(&self) -> Option<WithdrawalId> {
        self.metadata.as_ref()?.withdrawal_id()
    }

    /// The transfer in Sluice's words.
    pub(super) fn translate(self) -> Result<ChannelTransfer, Untranslatable> {
        let in_words = |amount| amount::from_wire(amount, &self.currency);
        Ok(ChannelTransfer {
            withdrawal_id: self.withdrawal_id(),
            money: in_words(self.amount)?,
            reversed_minor: in_words(self.amount_reversed.unwrap_or_default())?.amount_minor,
            channel_account_id: self.destination,
            id: self.id,
        })
    }
}

fn listed(requirements: Option<Vec<String>>) -> Vec<String> {
    let mut requirements = requirements.unwrap_or_default();
    // Which ones are kept does not depend on their order, which says nothing.
    requirements.sort_unstable();
    requirements
        .into_iter()
        .take(MOST_REQUIREMENTS)
        .map(|name| written(&name))
        .collect()
}

fn written(text: &str) -> String {
    redact(text).chars().take(LONGEST_REQUIREMENT).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(account: serde_json::Value) -> ChannelAccount {
        serde_json::from_value::<WireAccount>(account)
            .unwrap()
            .translate()
    }

    #[test]
    fn an_account_can_be_sent_money_once_stripe_says_so() {
        for (capabilities, is_enabled) in [
            (json!({"transfers": "active"}), true),
            (json!({"transfers": "pending"}), false),
            (json!({"transfers": "inactive"}), false),
            (json!({}), false),
            (json!(null), false),
        ] {
            let seen = read(json!({"id": "acct_1", "capabilities": capabilities}));
            assert_eq!(seen.abilities.transfers_enabled, is_enabled);
            assert!(!seen.abilities.charges_enabled, "what is not said is not so");
        }
    }

    #[test]
    fn what_was_taken_back_of_a_transfer_is_seen() {
        let read = |more: &str| {
            let transfer = format!(
                r#"{{"id": "tr_1", "amount": 700, "currency": "eur", "destination": "acct_1"{more}}}"#
            );
            let transfer: WireTransfer = miniserde::json::from_str(&transfer).unwrap();
            transfer.translate().unwrap().reversed_minor
        };
        assert_eq!(read(r#", "amount_reversed": 200"#), 200);
        assert_eq!(read(r#", "amount_reversed": 0"#), 0);
        assert_eq!(read(""), 0);
    }

    #[test]
    fn requirements_are_kept_within_bounds() {
        let many: Vec<_> = (0..500)
            .map(|number| format!("{number}{}", "x".repeat(300)))
            .collect();
        let requirements = json!({"currently_due": many, "disabled_reason": "requirements.past_due"});
        let seen = read(json!({"id": "acct_1", "requirements": requirements}));
        assert_eq!(seen.requirements.currently_due.len(), MOST_REQUIREMENTS);
        assert!(
            seen.requirements
                .currently_due
                .iter()
                .all(|name| name.len() <= LONGEST_REQUIREMENT)
        );
        assert_eq!(
            seen.requirements.disabled_reason.as_deref(),
            Some("requirements.past_due")
        );
    }
}
