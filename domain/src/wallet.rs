//! What a merchant keeps for a user of its, in one currency.
//!
//! The ledger is what moves a wallet's money. A wallet's figures follow from the postings on its account and from nothing
//! else ([`Wallet::after`]): they are kept so that two movements at once cannot spend the same money, and each movement
//! leaves a numbered [`WalletTransaction`] that says how the wallet stood after it.

mod action;
mod hold;
mod paying;
mod step;
#[cfg(test)]
mod tests;
mod transition;
mod view;
mod withdrawal;

pub use action::{WalletAction, WalletResult};
pub use hold::{Hold, HoldStatus, HoldView};
pub use paying::PaidFromWallet;
pub use step::{WalletStep, WalletStepKind, WalletSubject, WithdrawalEnd};
pub use transition::{TakenStep, UntakenStep, WalletStanding, WalletStepRefused};
pub use view::{WalletTransactionView, WalletView};
pub use withdrawal::{Withdrawal, WithdrawalStatus, WithdrawalView};

use chrono::{DateTime, Utc};

use crate::{
    currency::Currency,
    id::{MerchantId, TransferId, WalletId},
    ledger::{Account, Layer, Phase, Transfer, TransferKind},
    user::UserId,
};

/// A wallet as PostgreSQL holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Its id, derived from the merchant, the user and the currency, each of which has one wallet.
    pub id: WalletId,
    /// The merchant who keeps it.
    pub merchant_id: MerchantId,
    /// The user whose money is in it.
    pub user_id: UserId,
    /// The currency of all that is in it.
    pub currency: Currency,
    /// What is in it, in minor units.
    pub balance_minor: i64,
    /// How much of that is held for something, in minor units.
    pub held_minor: i64,
    /// Counts the changes; a writer that saw an older version has to look again.
    pub version: i32,
    /// When the worker first stored it.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A line of a wallet's statement. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletTransaction {
    /// The wallet.
    pub wallet_id: WalletId,
    /// Its place in the statement: counted from 1 without gaps.
    pub number: i32,
    /// The transfer of the ledger that it comes from.
    pub transfer_id: TransferId,
    /// What the transfer is for.
    pub kind: TransferKind,
    /// How far it goes.
    pub phase: Phase,
    /// The id of what it is about.
    pub subject: String,
    /// What the wallet gained, in minor units; negative when it gave.
    pub amount_minor: i64,
    /// How much more of it is held than before, in minor units; negative when it is less.
    pub hold_minor: i64,
    /// What was in the wallet afterwards, in minor units.
    pub balance_minor: i64,
    /// How much of that was held afterwards, in minor units.
    pub held_minor: i64,
    /// Why, in the words of whoever wanted it.
    pub note: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A wallet after a movement, still at the version that it was read at, and the line of its statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletChange {
    /// The wallet.
    pub wallet: Wallet,
    /// The line.
    pub transaction: WalletTransaction,
}

/// A movement that a wallet does not take.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum WalletRefused {
    /// It would give or hold more than is free.
    #[error("the wallet has {available_minor} minor units available, and {needed_minor} are needed")]
    NotEnough {
        /// What is in the wallet and not held.
        available_minor: i64,
        /// What would be taken or held.
        needed_minor: i64,
    },
    /// It would hold more than can be counted.
    #[error("the wallet can hold at most {} minor units", Wallet::MAX_MINOR)]
    TooMuch,
}

/// The text names no status of a hold or a withdrawal.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("unknown status {0:?}")]
pub struct UnknownWalletStatus(pub String);

impl UnknownWalletStatus {
    fn of(name: &str) -> Self {
        Self(name.chars().take(32).collect())
    }
}

impl WalletRefused {
    /// A stable code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotEnough { .. } => "insufficient_balance",
            Self::TooMuch => "balance_too_large",
        }
    }
}

impl Wallet {
    /// The most that may be in a wallet, in minor units: what a JSON number keeps exactly.
    pub const MAX_MINOR: i64 = 9_007_199_254_740_991;

    /// The wallet of this user in this currency, with nothing in it yet.
    pub fn new(merchant_id: MerchantId, user_id: UserId, currency: Currency, now: DateTime<Utc>) -> Self {
        Self {
            id: WalletId::derive(merchant_id, &user_id, currency.code()),
            merchant_id,
            user_id,
            currency,
            balance_minor: 0,
            held_minor: 0,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Its account in the merchant's books.
    pub fn account(&self) -> Account {
        Account::customer_wallet(self.merchant_id, &self.user_id, self.currency)
    }

    /// What is in it and not held, in minor units.
    pub const fn available_minor(&self) -> i64 {
        self.balance_minor - self.held_minor
    }

    /// Whether so much, in minor units, can be taken from it or held.
    ///
    /// # Errors
    /// Less is available.
    pub const fn has(&self, needed_minor: i64) -> Result<(), WalletRefused> {
        let available_minor = self.available_minor();
        if available_minor < needed_minor {
            return Err(WalletRefused::NotEnough {
                available_minor,
                needed_minor,
            });
        }
        Ok(())
    }

    /// How the wallet is after a transfer of the ledger, by the postings on its account.
    ///
    /// # Errors
    /// It gives or holds more than is available, or gains more than fits.
    pub fn after(
        &self,
        transfer: &Transfer,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<WalletChange, WalletRefused> {
        let account = self.account().id;
        let moved = |layer| -> i64 {
            let ours = transfer
                .postings
                .iter()
                .filter(|posting| posting.account.id == account);
            let on_layer = ours.filter(|posting| posting.layer == layer);
            on_layer.map(|posting| posting.amount_minor).sum()
        };
        // What is held is negative on the pending layer.
        let (amount_minor, hold_minor) = (moved(Layer::Posted), -moved(Layer::Pending));
        let wallet = Self {
            balance_minor: self.balance_minor + amount_minor,
            held_minor: self.held_minor + hold_minor,
            updated_at: now,
            ..self.clone()
        };
        self.has(hold_minor - amount_minor)?;
        if wallet.balance_minor > Self::MAX_MINOR {
            return Err(WalletRefused::TooMuch);
        }
        let transaction = WalletTransaction {
            wallet_id: self.id,
            number: self.version + 1,
            transfer_id: transfer.id,
            kind: transfer.kind,
            phase: transfer.phase,
            subject: transfer.subject.clone(),
            amount_minor,
            hold_minor,
            balance_minor: wallet.balance_minor,
            held_minor: wallet.held_minor,
            note,
            at: now,
        };
        Ok(WalletChange { wallet, transaction })
    }
}
