//! Money of a wallet that is kept for its merchant, who takes it, or a part of it, or lets it go.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    currency::Currency,
    id::{HoldId, MerchantId, WalletId},
    user::UserId,
    wallet::{UnknownWalletStatus, Wallet},
};

/// Where a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    /// The money is kept.
    Held,
    /// The merchant has taken it, or a part of it; the rest is free again.
    Captured,
    /// All of it is free again.
    Released,
}

impl HoldStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Held, Self::Captured, Self::Released];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Captured => "captured",
            Self::Released => "released",
        }
    }
}

impl fmt::Display for HoldStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HoldStatus {
    type Err = UnknownWalletStatus;

    fn from_str(name: &str) -> Result<Self, UnknownWalletStatus> {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| UnknownWalletStatus::of(name))
    }
}

/// A hold as PostgreSQL holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id, derived from the merchant and the key that it was asked for under.
    pub id: HoldId,
    /// The merchant whom the money is kept for.
    pub merchant_id: MerchantId,
    /// Of which wallet.
    pub wallet_id: WalletId,
    /// Whose wallet it is.
    pub user_id: UserId,
    /// The wallet's currency.
    pub currency: Currency,
    /// How much is kept, in minor units.
    pub amount_minor: i64,
    /// How much of that the merchant has taken, in minor units.
    pub captured_minor: i64,
    /// Where it stands.
    pub status: HoldStatus,
    /// Why it is kept, in the merchant's words.
    pub reason: String,
    /// Counts the changes; a writer that saw an older version has to look again. A new one has 0, and is stored as 1.
    pub version: i32,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Hold {
    /// A new hold of this much of a wallet, in its minor units.
    pub fn new(wallet: &Wallet, id: HoldId, amount_minor: i64, reason: String, now: DateTime<Utc>) -> Self {
        Self {
            id,
            merchant_id: wallet.merchant_id,
            wallet_id: wallet.id,
            user_id: wallet.user_id.clone(),
            currency: wallet.currency,
            amount_minor,
            captured_minor: 0,
            status: HoldStatus::Held,
            reason,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

/// A hold as its merchant and the wallet's owner see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// The hold's id.
    pub id: HoldId,
    /// The wallet's id.
    pub wallet_id: WalletId,
    /// The merchant's id.
    pub merchant_id: MerchantId,
    /// Whose wallet it is.
    pub user_id: UserId,
    /// Where it stands.
    pub status: HoldStatus,
    /// How much is kept, in the currency's minor unit.
    pub amount_minor: i64,
    /// How much of that the merchant has taken, in minor units.
    pub captured_minor: i64,
    /// The ISO 4217 code.
    pub currency: Currency,
    /// Why it is kept.
    pub reason: String,
    /// When it was stored, RFC 3339, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    pub updated_at: DateTime<Utc>,
}

impl From<&Hold> for HoldView {
    fn from(hold: &Hold) -> Self {
        Self {
            id: hold.id,
            wallet_id: hold.wallet_id,
            merchant_id: hold.merchant_id,
            user_id: hold.user_id.clone(),
            status: hold.status,
            amount_minor: hold.amount_minor,
            captured_minor: hold.captured_minor,
            currency: hold.currency,
            reason: hold.reason.clone(),
            created_at: hold.created_at,
            updated_at: hold.updated_at,
        }
    }
}
