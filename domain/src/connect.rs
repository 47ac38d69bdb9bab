//! Accounts that a merchant's users have at a provider, connected to the merchant's own, and the only ways in which they
//! change.
//!
//! The provider decides what an account may do, and what it still wants to know of whoever owns it. Here is what it said
//! last. Unlike a payment, an account may lose what it had: so news are not ranked, and whoever stores them has asked the
//! provider after it had read the account ([`ConnectedAccount::version`]).

mod payable;
mod view;

pub use payable::PayoutRefused;
pub use view::AccountView;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    channel::{Channel, ChannelAccount, Requirements},
    id::{ConnectedAccountId, IdempotencyKey, MerchantId},
    payment::Failure,
    user::UserId,
};

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Asked for; the provider has not made it yet.
    Pending,
    /// It is not known whether the provider has made it.
    NeedsReview,
    /// The provider surely has not made it. Another may be asked for.
    Failed,
    /// Its owner has yet to tell the provider about itself.
    Onboarding,
    /// Its owner has, and the provider still withholds something.
    Restricted,
    /// It can be paid, and paid out.
    Active,
    /// Its provider has refused its owner for good. Another may be asked for.
    Rejected,
    /// The merchant may use it no more, as its owner wants. Another may be asked for.
    Deauthorized,
}

impl AccountStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::NeedsReview,
        Self::Failed,
        Self::Onboarding,
        Self::Restricted,
        Self::Active,
        Self::Rejected,
        Self::Deauthorized,
    ];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::NeedsReview => "needs_review",
            Self::Failed => "failed",
            Self::Onboarding => "onboarding",
            Self::Restricted => "restricted",
            Self::Active => "active",
            Self::Rejected => "rejected",
            Self::Deauthorized => "deauthorized",
        }
    }

    /// Whether it was there and is no more. Nothing changes it again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Rejected | Self::Deauthorized)
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is not that of an account's status.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("unknown status of an account {0:?}")]
pub struct UnknownAccountStatus(String);

impl FromStr for AccountStatus {
    type Err = UnknownAccountStatus;

    fn from_str(name: &str) -> Result<Self, UnknownAccountStatus> {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| UnknownAccountStatus(name.chars().take(32).collect()))
    }
}

/// What an account may do, as its provider says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Payers can pay it.
    pub charges_enabled: bool,
    /// What is in it is paid out to its owner's bank.
    pub payouts_enabled: bool,
    /// The merchant can send it money.
    pub transfers_enabled: bool,
    /// Its owner has told the provider about itself, if perhaps not enough.
    pub details_submitted: bool,
}

impl Abilities {
    /// What is left of them when the account is over.
    const fn none(self) -> Self {
        Self {
            charges_enabled: false,
            payouts_enabled: false,
            transfers_enabled: false,
            details_submitted: self.details_submitted,
        }
    }

    const fn status(self) -> AccountStatus {
        if !self.details_submitted {
            AccountStatus::Onboarding
        } else if self.charges_enabled && self.payouts_enabled && self.transfers_enabled {
            AccountStatus::Active
        } else {
            AccountStatus::Restricted
        }
    }
}

/// An account as PostgreSQL holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedAccount {
    /// Its id, derived from the merchant and the idempotency key.
    pub id: ConnectedAccountId,
    /// The merchant to whose own account it is connected.
    pub merchant_id: MerchantId,
    /// The user who owns it. Apart from accounts that failed or are over, a user has one.
    pub user_id: UserId,
    /// The provider.
    pub channel: Channel,
    /// The key it was asked for under.
    pub idempotency_key: IdempotencyKey,
    /// SHA-256 of what was asked for; the same key with another fingerprint is a conflict.
    pub fingerprint: [u8; 32],
    /// Where its owner lives, an ISO 3166-1 alpha-2 code. It never changes.
    pub country: String,
    /// Where it stands.
    pub status: AccountStatus,
    /// The provider's object, once known.
    pub channel_account_id: Option<String>,
    /// What it may do.
    pub abilities: Abilities,
    /// What the provider still wants to know.
    pub requirements: Requirements,
    /// Why there is none, when there is none.
    pub failure: Option<Failure>,
    /// Counts the changes; a writer that saw an older version has to look again.
    pub version: i32,
    /// When the worker first stored it.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// News about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEvent {
    /// The provider showed it to us.
    Seen(ChannelAccount),
    /// The provider surely has not made it and we have stopped trying.
    GaveUp(Failure),
    /// We have stopped trying and cannot tell what the provider did.
    LostSight,
    /// The provider says that the merchant may use it no more.
    Deauthorized,
}

/// An account after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedAccount {
    /// The account now.
    pub account: ConnectedAccount,
    /// False when the event told nothing new, so that nothing needs to be written, or told.
    pub changed: bool,
}

/// The event does not belong to this account. People have to look at it; the account stays as it is.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum AccountMismatch {
    /// Another object of the provider than the one this account knows.
    #[error("{seen} is shown, but the {status} account is {stored}")]
    OtherAccount {
        /// The account's status.
        status: AccountStatus,
        /// The provider's object that it knows.
        stored: String,
        /// The one that is shown.
        seen: String,
    },
    /// It carries the mark of another account of ours.
    #[error("{seen} carries the mark of {marked}")]
    OtherMark {
        /// The provider's object.
        seen: String,
        /// Whose mark it carries.
        marked: ConnectedAccountId,
    },
    /// It was given up as surely not made, and is shown as made.
    #[error("{seen} is shown, but it was given up before it was made")]
    GivenUp {
        /// The provider's object.
        seen: String,
    },
}

impl ConnectedAccount {
    /// Whether there is nothing left to make: the provider has it, or it was given up and its merchant told so.
    pub const fn is_settled(&self) -> bool {
        self.channel_account_id.is_some() || matches!(self.status, AccountStatus::Failed)
    }

    /// Whether its user may have another one: this one was never made, or is over.
    pub const fn leaves_room(&self) -> bool {
        matches!(self.status, AccountStatus::Failed) || self.status.is_over()
    }

    /// Whether it can be sent money.
    pub const fn takes_transfers(&self) -> bool {
        self.abilities.transfers_enabled && !self.status.is_over()
    }

    /// The account after `event`. An event that is repeated or outranked changes nothing.
    ///
    /// # Errors
    /// The event is about another account, or one that was given up.
    pub fn apply(self, event: AccountEvent) -> Result<AppliedAccount, AccountMismatch> {
        match event {
            AccountEvent::Seen(seen) => self.see(seen),
            // Whoever gave up did not know of the provider's account.
            AccountEvent::GaveUp(_) | AccountEvent::LostSight if self.is_settled() => Ok(AppliedAccount {
                account: self,
                changed: false,
            }),
            AccountEvent::GaveUp(failure) => Ok(self.stopped(AccountStatus::Failed, failure)),
            AccountEvent::LostSight => {
                Ok(self.stopped(AccountStatus::NeedsReview, Failure::account_outcome_unknown()))
            }
            AccountEvent::Deauthorized => Ok(self.lost()),
        }
    }

    /// What is over stays so: should the provider take it back, its owner may have another one by then.
    fn lost(self) -> AppliedAccount {
        let changed = self.channel_account_id.is_some() && !self.status.is_over();
        let account = if changed {
            Self {
                status: AccountStatus::Deauthorized,
                abilities: self.abilities.none(),
                ..self
            }
        } else {
            self
        };
        AppliedAccount { account, changed }
    }

    fn see(self, seen: ChannelAccount) -> Result<AppliedAccount, AccountMismatch> {
        self.check_belongs(&seen)?;
        if self.status.is_over() {
            let (account, changed) = (self, false);
            return Ok(AppliedAccount { account, changed });
        }
        let (status, abilities) = if seen.is_rejected {
            (AccountStatus::Rejected, seen.abilities.none())
        } else {
            (seen.abilities.status(), seen.abilities)
        };
        let account = Self {
            status,
            channel_account_id: Some(seen.id),
            abilities,
            // The provider lists them in any order.
            requirements: seen.requirements.sorted(),
            failure: None,
            ..self.clone()
        };
        let changed = account != self;
        Ok(AppliedAccount { account, changed })
    }

    fn check_belongs(&self, seen: &ChannelAccount) -> Result<(), AccountMismatch> {
        let is_other = |stored: &&String| **stored != seen.id;
        if let Some(stored) = self.channel_account_id.as_ref().filter(is_other) {
            return Err(AccountMismatch::OtherAccount {
                status: self.status,
                stored: stored.clone(),
                seen: seen.id.clone(),
            });
        }
        if let Some(marked) = seen.account_id.filter(|marked| *marked != self.id) {
            let seen = seen.id.clone();
            return Err(AccountMismatch::OtherMark { seen, marked });
        }
        if self.status == AccountStatus::Failed {
            let seen = seen.id.clone();
            return Err(AccountMismatch::GivenUp { seen });
        }
        Ok(())
    }

    fn stopped(self, status: AccountStatus, failure: Failure) -> AppliedAccount {
        AppliedAccount {
            changed: self.status != status,
            account: Self {
                status,
                failure: Some(failure),
                ..self
            },
        }
    }
}

#[cfg(test)]
mod tests;
