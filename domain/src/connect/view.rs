//! How an account looks from outside: in answers of the API, in replies to a waiting ingress, in notifications.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    channel::{Channel, Requirements},
    connect::{AccountStatus, ConnectedAccount},
    id::{ConnectedAccountId, MerchantId},
    payment::Failure,
    user::UserId,
};

/// An account as its merchant and its owner see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The account's id.
    pub id: ConnectedAccountId,
    /// The merchant's id.
    pub merchant_id: MerchantId,
    /// The user who owns it.
    pub user_id: UserId,
    /// The provider.
    pub channel: Channel,
    /// The provider's id of it, once it exists: what a payment's `destination` and `connected_account` are.
    pub channel_account_id: Option<String>,
    /// Where its owner lives, an ISO 3166-1 alpha-2 code.
    pub country: String,
    /// Where it stands.
    pub status: AccountStatus,
    /// Payers can pay it.
    pub charges_enabled: bool,
    /// What is in it is paid out to its owner's bank.
    pub payouts_enabled: bool,
    /// The merchant can send it money.
    pub transfers_enabled: bool,
    /// Its owner has told the provider about itself, if perhaps not enough.
    pub details_submitted: bool,
    /// What the provider still wants to know.
    pub requirements: Requirements,
    /// Why there is none, and what can be done.
    pub failure: Option<Failure>,
    /// When it was first stored, RFC 3339, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    pub updated_at: DateTime<Utc>,
}

impl From<&ConnectedAccount> for AccountView {
    fn from(account: &ConnectedAccount) -> Self {
        Self {
            id: account.id,
            merchant_id: account.merchant_id,
            user_id: account.user_id.clone(),
            channel: account.channel,
            channel_account_id: account.channel_account_id.clone(),
            country: account.country.clone(),
            status: account.status,
            charges_enabled: account.abilities.charges_enabled,
            payouts_enabled: account.abilities.payouts_enabled,
            transfers_enabled: account.abilities.transfers_enabled,
            details_submitted: account.abilities.details_submitted,
            requirements: account.requirements.clone(),
            failure: account.failure.clone(),
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}
