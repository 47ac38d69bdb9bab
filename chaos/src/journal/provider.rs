//! The providers that payments go through.

use e2e::accounts::Account;

/// A provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// Stripe, at which every merchant has an account.
    #[default]
    Stripe,
    /// Alipay.
    Alipay,
    /// WeChat Pay.
    Wechat,
    /// PayPal.
    Paypal,
    /// Sluice's own ledger, which pays from the wallets of a merchant's users.
    Wallet,
}

impl Provider {
    /// The account that a merchant needs there besides the one that it has anyway.
    pub const fn account(self) -> Option<Account> {
        match self {
            Self::Stripe | Self::Wallet => None,
            Self::Alipay => Some(Account::Alipay),
            Self::Wechat => Some(Account::Wechat),
            Self::Paypal => Some(Account::Paypal),
        }
    }
}
