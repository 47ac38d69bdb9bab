//! Accounts that are connected to a merchant's own at a provider, and money that goes there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    connect::Abilities,
    id::{ConnectedAccountId, WithdrawalId},
    money::Money,
};

/// A connected account that a payment's money goes on to, once it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// The provider's account, such as `acct_…`.
    pub account: String,
    /// What of it the merchant keeps, in the payment's minor unit; nothing when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_fee_minor: Option<i64>,
}

impl Destination {
    /// What of the first `part_minor` of the payment's `whole_minor` goes on to the account, in minor units. The merchant keeps
    /// a proportional part, rounded down: all of its fee when the whole is meant.
    pub fn sent_on(&self, part_minor: i64, whole_minor: i64) -> i64 {
        let fee = i128::from(self.application_fee_minor.unwrap_or_default());
        let kept = fee * i128::from(part_minor) / i128::from(whole_minor.max(1));
        // What is kept is no more than the part.
        part_minor - i64::try_from(kept).unwrap_or(part_minor)
    }
}

/// What a channel needs to open an account for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The account; the provider stores it and shows it again.
    pub account_id: ConnectedAccountId,
    /// Where its owner lives, an ISO 3166-1 alpha-2 code.
    pub country: String,
}

/// The provider's object for an account, as far as Sluice cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelAccount {
    /// The provider's id of it.
    pub id: String,
    /// The account it was opened for, when it carries our mark.
    pub account_id: Option<ConnectedAccountId>,
    /// What it may do.
    pub abilities: Abilities,
    /// What the provider still wants to know.
    pub requirements: Requirements,
    /// The provider has refused its owner for good.
    pub is_rejected: bool,
}

/// What a provider still wants to know of an account's owner, in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// What has to be told for the account to keep what it has, or to get it.
    pub currently_due: Vec<String>,
    /// What was not told in time.
    pub past_due: Vec<String>,
    /// Why the account cannot do something, if it cannot.
    pub disabled_reason: Option<String>,
}

impl Requirements {
    /// The same in an order that says nothing.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.currently_due.sort_unstable();
        self.past_due.sort_unstable();
        self
    }
}

/// What a channel needs to show an account's owner the way to where it tells the provider about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccountLink {
    /// The provider's account.
    pub channel_account_id: String,
    /// Where the owner's browser goes afterwards.
    pub return_url: String,
    /// Where it goes when the link does not work any more, to be sent to another one.
    pub refresh_url: String,
}

/// A page of the provider's, for one visit of the account's owner. Whoever has it can act as the owner there, so it is
/// never stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLink {
    /// Where it is.
    pub url: String,
    /// After this it does not work any more.
    pub expires_at: DateTime<Utc>,
}

/// The address must not reach a log.
impl std::fmt::Debug for AccountLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountLink")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a channel needs to send money from the merchant's own account to a connected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTransfer {
    /// The withdrawal that it pays; the provider stores it and shows it again.
    pub withdrawal_id: WithdrawalId,
    /// How much.
    pub money: Money,
    /// The provider's account that gains.
    pub channel_account_id: String,
}

/// The provider's object for money that was sent to a connected account, as far as Sluice cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelTransfer {
    /// The provider's id of it.
    pub id: String,
    /// The withdrawal that it pays, when it carries our mark.
    pub withdrawal_id: Option<WithdrawalId>,
    /// How much was sent.
    pub money: Money,
    /// How much of it was taken back since, in its minor units.
    pub reversed_minor: i64,
    /// The provider's account that gained.
    pub channel_account_id: String,
}
