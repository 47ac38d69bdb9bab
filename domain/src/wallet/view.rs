//! How a wallet and its statement look from outside: in answers of the API and in replies to a waiting ingress.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    currency::Currency,
    id::{MerchantId, WalletId},
    user::UserId,
    wallet::{Wallet, WalletTransaction},
};

/// A wallet as its merchant and its owner see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletView {
    /// The wallet's id.
    pub id: WalletId,
    /// The merchant's id.
    pub merchant_id: MerchantId,
    /// Whose it is.
    pub user_id: UserId,
    /// The ISO 4217 code.
    pub currency: Currency,
    /// What is in it, in the currency's minor unit.
    pub balance_minor: i64,
    /// How much of that is held for something, in minor units.
    pub held_minor: i64,
    /// How much of it is free, in minor units.
    pub available_minor: i64,
    /// When it was first stored, RFC 3339, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    pub updated_at: DateTime<Utc>,
}

/// A line of a wallet's statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletTransactionView {
    /// The wallet's id.
    pub wallet_id: WalletId,
    /// Its place in the statement, from 1.
    pub number: i32,
    /// What the movement was for, such as `transfer`.
    pub kind: String,
    /// How far it went: `pending`, `posted` or `voided`.
    pub phase: String,
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
    /// When, RFC 3339, UTC.
    pub at: DateTime<Utc>,
}

impl From<&Wallet> for WalletView {
    fn from(wallet: &Wallet) -> Self {
        Self {
            id: wallet.id,
            merchant_id: wallet.merchant_id,
            user_id: wallet.user_id.clone(),
            currency: wallet.currency,
            balance_minor: wallet.balance_minor,
            held_minor: wallet.held_minor,
            available_minor: wallet.available_minor(),
            created_at: wallet.created_at,
            updated_at: wallet.updated_at,
        }
    }
}

impl From<&WalletTransaction> for WalletTransactionView {
    fn from(line: &WalletTransaction) -> Self {
        let kind = line.kind.name();
        Self {
            wallet_id: line.wallet_id,
            number: line.number,
            // It is a wallet's statement: what is said of its kind need not say so again.
            kind: kind.strip_prefix("wallet_").unwrap_or(kind).to_owned(),
            phase: line.phase.name().to_owned(),
            subject: line.subject.clone(),
            amount_minor: line.amount_minor,
            hold_minor: line.hold_minor,
            balance_minor: line.balance_minor,
            held_minor: line.held_minor,
            note: line.note.clone(),
            at: line.at,
        }
    }
}
