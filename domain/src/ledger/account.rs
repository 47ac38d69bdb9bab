//! The accounts of a merchant's books.

use std::fmt;

use crate::{
    channel::Channel,
    currency::Currency,
    id::{AccountId, MerchantId},
    user::UserId,
};

/// What an account stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountKind {
    /// What belongs to the merchant.
    MerchantBalance,
    /// What a provider holds for the merchant: negative by that much.
    ProviderClearing,
    /// What a provider has kept for its services.
    Fees,
    /// What is reserved for refunds under way; used on the pending layer.
    RefundsPending,
    /// What banks withhold until a dispute is decided.
    Disputes,
    /// What belongs to a customer of the merchant.
    CustomerWallet,
    /// What is held of customers' wallets; used on the pending layer.
    WalletHolds,
    /// The other side of corrections that a person made.
    Adjustments,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::MerchantBalance,
        Self::ProviderClearing,
        Self::Fees,
        Self::RefundsPending,
        Self::Disputes,
        Self::CustomerWallet,
        Self::WalletHolds,
        Self::Adjustments,
    ];

    /// The name used in the database and by the console.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MerchantBalance => "merchant_balance",
            Self::ProviderClearing => "provider_clearing",
            Self::Fees => "fees",
            Self::RefundsPending => "refunds_pending",
            Self::Disputes => "disputes",
            Self::CustomerWallet => "customer_wallet",
            Self::WalletHolds => "wallet_holds",
            Self::Adjustments => "adjustments",
        }
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An account: one for each merchant, kind, detail and currency. It comes into being with its first posting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account {
    /// Its id, derived from the rest.
    pub id: AccountId,
    /// Whose books it is in.
    pub merchant_id: MerchantId,
    /// What it stands for.
    pub kind: AccountKind,
    /// Which of its kind: the channel, or the customer. Empty where there is only one.
    pub detail: String,
    /// The currency of every posting on it.
    pub currency: Currency,
}

impl Account {
    /// What belongs to the merchant.
    pub fn merchant_balance(merchant_id: MerchantId, currency: Currency) -> Self {
        Self::of(merchant_id, AccountKind::MerchantBalance, "", currency)
    }

    /// What the provider holds for the merchant.
    pub fn provider_clearing(merchant_id: MerchantId, channel: Channel, currency: Currency) -> Self {
        Self::of(
            merchant_id,
            AccountKind::ProviderClearing,
            channel.name(),
            currency,
        )
    }

    /// What the provider has kept.
    pub fn fees(merchant_id: MerchantId, channel: Channel, currency: Currency) -> Self {
        Self::of(merchant_id, AccountKind::Fees, channel.name(), currency)
    }

    /// What is reserved for refunds under way.
    pub fn refunds_pending(merchant_id: MerchantId, currency: Currency) -> Self {
        Self::of(merchant_id, AccountKind::RefundsPending, "", currency)
    }

    /// What banks withhold.
    pub fn disputes(merchant_id: MerchantId, currency: Currency) -> Self {
        Self::of(merchant_id, AccountKind::Disputes, "", currency)
    }

    /// What belongs to a user of the merchant.
    pub fn customer_wallet(merchant_id: MerchantId, user: &UserId, currency: Currency) -> Self {
        Self::of(merchant_id, AccountKind::CustomerWallet, user.as_str(), currency)
    }

    /// What is held of the merchant's users' wallets.
    pub fn wallet_holds(merchant_id: MerchantId, currency: Currency) -> Self {
        Self::of(merchant_id, AccountKind::WalletHolds, "", currency)
    }

    /// The other side of corrections that a person made.
    pub fn adjustments(merchant_id: MerchantId, currency: Currency) -> Self {
        Self::of(merchant_id, AccountKind::Adjustments, "", currency)
    }

    fn of(merchant_id: MerchantId, kind: AccountKind, detail: &str, currency: Currency) -> Self {
        Self {
            id: AccountId::derive(merchant_id, kind.name(), detail, currency.code()),
            merchant_id,
            kind,
            detail: detail.to_owned(),
            currency,
        }
    }
}
