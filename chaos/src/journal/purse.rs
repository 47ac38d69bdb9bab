//! What a merchant kept for two of its users: their wallets at Sluice, and what was wanted done with them.
//!
//! What was paid into a wallet or from it stands with the orders, as any payment does.

use super::{Asked, Told, accepted_in};
use crate::traffic::PurseStory;

/// One of the two users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// The one whom the story is about.
    First,
    /// The one who takes part in it.
    Second,
}

/// What is wanted done with a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurseDeed {
    /// Open it.
    Open,
    /// Keep money of it for the merchant.
    Hold {
        /// In the currency's minor unit.
        amount_minor: i64,
    },
    /// Take what is kept.
    Capture {
        /// The hold.
        hold: String,
        /// In the currency's minor unit.
        amount_minor: i64,
    },
    /// Let go what is kept.
    Release {
        /// The hold.
        hold: String,
    },
    /// Set money of it aside, to be paid out.
    Withdraw {
        /// In the currency's minor unit.
        amount_minor: i64,
    },
    /// It was paid out by hand.
    Complete {
        /// The withdrawal.
        withdrawal: String,
    },
    /// It is not paid out.
    Reject {
        /// The withdrawal.
        withdrawal: String,
    },
    /// Have the provider pay it out.
    PayOut {
        /// The withdrawal.
        withdrawal: String,
    },
    /// Give money of it to the other user.
    Transfer {
        /// The other user's wallet.
        to: String,
        /// In the currency's minor unit.
        amount_minor: i64,
    },
    /// Correct what is in it, as an administrator.
    Adjust {
        /// In the currency's minor unit; negative to take.
        amount_minor: i64,
    },
    /// Have an account opened for its owner.
    OpenAccount,
}

/// One step, as often as it was sent under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurseStep {
    /// The idempotency key.
    pub key: String,
    /// Whose wallet it is about.
    pub owner: Owner,
    /// What is wanted.
    pub deed: PurseDeed,
    /// Each time it was sent, in the order of the answers.
    pub asked: Vec<Asked>,
}

/// Everything that happened to the wallets of two users, apart from payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    /// The merchant, as its place among the merchants.
    pub merchant: usize,
    /// How the keys of its steps and the names of its users begin.
    pub key: String,
    /// What was meant to happen.
    pub story: PurseStory,
    /// The ISO 4217 code.
    pub currency: &'static str,
    /// What its merchant wanted done, in the order of the first requests.
    pub steps: Vec<PurseStep>,
    /// What the client saw when it looked at accounts, in order, without repetitions.
    pub looks: Vec<Asked>,
}

impl Owner {
    /// Both.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// The `user_id` of this one of a purse's users.
    pub fn user_of(self, purse: &str) -> String {
        let name = match self {
            Self::First => "first",
            Self::Second => "second",
        };
        format!("{purse}-{name}")
    }
}

impl PurseDeed {
    /// Its name in keys, and in what is kept of it, if anything is.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Hold { .. } => "hold",
            Self::Capture { .. } => "capture",
            Self::Release { .. } => "release",
            Self::Withdraw { .. } => "withdraw",
            Self::Complete { .. } => "complete_withdrawal",
            Self::Reject { .. } => "reject_withdrawal",
            Self::PayOut { .. } => "pay",
            Self::Transfer { .. } => "transfer",
            Self::Adjust { .. } => "adjust",
            Self::OpenAccount => "account",
        }
    }

    /// Whether it is taken as a wish about the wallet, of which it is kept what came of it.
    pub const fn is_wish(&self) -> bool {
        !matches!(self, Self::Open | Self::PayOut { .. } | Self::OpenAccount)
    }

    /// The hold or withdrawal that it ends.
    pub fn ends(&self) -> Option<&str> {
        match self {
            Self::Capture { hold, .. } | Self::Release { hold } => Some(hold),
            Self::Complete { withdrawal } | Self::Reject { withdrawal } | Self::PayOut { withdrawal } => {
                Some(withdrawal)
            }
            Self::Open
            | Self::Hold { .. }
            | Self::Withdraw { .. }
            | Self::Transfer { .. }
            | Self::Adjust { .. }
            | Self::OpenAccount => None,
        }
    }
}

impl PurseStep {
    /// The answers that accepted it.
    pub fn accepted(&self) -> impl Iterator<Item = &Told> {
        accepted_in(&self.asked)
    }

    /// The id of what it is about, as far as its client was told.
    pub fn subject(&self) -> Option<&str> {
        self.accepted()
            .map(|told| told.id.as_str())
            .find(|id| !id.is_empty())
    }
}

impl Purse {
    pub(super) fn new(merchant: usize, key: &str, story: PurseStory, currency: &'static str) -> Self {
        Self {
            merchant,
            key: key.to_owned(),
            story,
            currency,
            steps: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// What was wanted done with this one's wallet.
    pub fn steps_of(&self, owner: Owner) -> impl Iterator<Item = &PurseStep> {
        self.steps.iter().filter(move |step| step.owner == owner)
    }
}
