//! Money of a wallet on its way out to its owner.
//!
//! The money is set aside when the withdrawal is asked for. Whoever pays it out says how that ended: a merchant by hand, at
//! once, or a provider, which may take its time.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    channel::Channel,
    currency::Currency,
    id::{ConnectedAccountId, MerchantId, WalletId, WithdrawalId},
    user::UserId,
    wallet::{UnknownWalletStatus, Wallet},
};

/// Where a withdrawal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalStatus {
    /// The money is set aside, and nobody has begun to pay it out.
    Requested,
    /// A provider was asked to pay it out.
    Processing,
    /// It was paid out.
    Completed,
    /// The merchant does not pay it out: the money is free again.
    Rejected,
    /// The provider did not pay it out: the money is free again.
    Failed,
}

impl WithdrawalStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Requested,
        Self::Processing,
        Self::Completed,
        Self::Rejected,
        Self::Failed,
    ];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for WithdrawalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WithdrawalStatus {
    type Err = UnknownWalletStatus;

    fn from_str(name: &str) -> Result<Self, UnknownWalletStatus> {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| UnknownWalletStatus::of(name))
    }
}

/// A withdrawal as PostgreSQL holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id, derived from the merchant and the key that it was asked for under.
    pub id: WithdrawalId,
    /// The merchant who keeps the wallet.
    pub merchant_id: MerchantId,
    /// Of which wallet.
    pub wallet_id: WalletId,
    /// Whose wallet it is.
    pub user_id: UserId,
    /// The wallet's currency.
    pub currency: Currency,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Where it stands.
    pub status: WithdrawalStatus,
    /// What whoever asked for it said.
    pub note: Option<String>,
    /// Why it was not paid out.
    pub reason: Option<String>,
    /// The number of the payout, as whoever paid it calls it.
    pub reference: Option<String>,
    /// The provider that pays it out to its owner's account there; none when the merchant does it by hand.
    pub channel: Option<Channel>,
    /// The account that the provider sends it to. It never changes.
    pub account_id: Option<ConnectedAccountId>,
    /// Since when the provider is asked to pay it out.
    pub paying_since: Option<DateTime<Utc>>,
    /// Since when nobody can say whether the provider has paid it out; none once that is known.
    pub in_review_since: Option<DateTime<Utc>>,
    /// Counts the changes; a writer that saw an older version has to look again. A new one has 0, and is stored as 1.
    pub version: i32,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Withdrawal {
    /// A new withdrawal of this much of a wallet, in its minor units.
    pub fn new(
        wallet: &Wallet,
        id: WithdrawalId,
        amount_minor: i64,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            merchant_id: wallet.merchant_id,
            wallet_id: wallet.id,
            user_id: wallet.user_id.clone(),
            currency: wallet.currency,
            amount_minor,
            status: WithdrawalStatus::Requested,
            note,
            reason: None,
            reference: None,
            channel: None,
            account_id: None,
            paying_since: None,
            in_review_since: None,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether a provider was asked to pay it out, and nobody can say whether it did.
    pub const fn is_in_review(&self) -> bool {
        matches!(self.status, WithdrawalStatus::Processing) && self.in_review_since.is_some()
    }
}

/// A withdrawal as the wallet's owner and its merchant see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalView {
    /// The withdrawal's id.
    pub id: WithdrawalId,
    /// The wallet's id.
    pub wallet_id: WalletId,
    /// The merchant's id.
    pub merchant_id: MerchantId,
    /// Whose wallet it is.
    pub user_id: UserId,
    /// Where it stands.
    pub status: WithdrawalStatus,
    /// How much, in the currency's minor unit.
    pub amount_minor: i64,
    /// The ISO 4217 code.
    pub currency: Currency,
    /// What whoever asked for it said.
    pub note: Option<String>,
    /// Why it was not paid out.
    pub reason: Option<String>,
    /// The number of the payout.
    pub reference: Option<String>,
    /// The provider that pays it out; none when the merchant does it by hand.
    pub channel: Option<Channel>,
    /// Since when it is not known whether the provider has paid it out, RFC 3339, UTC. The provider is asked until it is.
    pub in_review_since: Option<DateTime<Utc>>,
    /// When it was stored, RFC 3339, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    pub updated_at: DateTime<Utc>,
}

impl From<&Withdrawal> for WithdrawalView {
    fn from(withdrawal: &Withdrawal) -> Self {
        Self {
            id: withdrawal.id,
            wallet_id: withdrawal.wallet_id,
            merchant_id: withdrawal.merchant_id,
            user_id: withdrawal.user_id.clone(),
            status: withdrawal.status,
            amount_minor: withdrawal.amount_minor,
            currency: withdrawal.currency,
            note: withdrawal.note.clone(),
            reason: withdrawal.reason.clone(),
            reference: withdrawal.reference.clone(),
            channel: withdrawal.channel,
            in_review_since: withdrawal.in_review_since,
            created_at: withdrawal.created_at,
            updated_at: withdrawal.updated_at,
        }
    }
}
