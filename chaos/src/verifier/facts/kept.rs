//! What the database says about wallets and about accounts of their owners, and what the provider says about these.

use std::collections::HashMap;

use serde::Deserialize;
use sqlx::FromRow;

/// A stored wallet.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Wallet {
    /// Its id, as the API shows it.
    pub id: String,
    /// Its merchant's id, as the API shows it.
    pub merchant: String,
    /// Whose it is.
    pub user_id: String,
    /// The ISO 4217 code.
    pub currency: String,
    /// What is in it, by its own row.
    pub balance_minor: i64,
    /// What of that is held, by its own row.
    pub held_minor: i64,
    /// How often it has moved.
    pub version: i32,
}

/// A line of a wallet's statement.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Line {
    /// The wallet.
    pub wallet: String,
    /// Its number.
    pub number: i32,
    /// The ledger's transfer that it is about.
    pub transfer: String,
    /// What that is for.
    pub kind: String,
    /// How far it goes.
    pub phase: String,
    /// The payment, refund, hold, withdrawal or movement.
    pub subject: String,
    /// What the wallet gained.
    pub amount_minor: i64,
    /// What was held of it besides.
    pub hold_minor: i64,
    /// What was in it afterwards.
    pub balance_minor: i64,
    /// What was held of that afterwards.
    pub held_minor: i64,
}

/// What came of a wish about a wallet.
#[derive(Debug, Clone, Default, FromRow)]
pub struct WalletAction {
    /// Whose wish it was.
    pub merchant: String,
    /// The idempotency key.
    pub idempotency_key: String,
    /// What was wanted.
    pub action: String,
    /// About which wallet.
    pub wallet: String,
    /// `done` or `refused`.
    pub outcome: String,
}

/// Money of a wallet that is kept for its merchant.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Hold {
    /// Its id, as the API shows it.
    pub id: String,
    /// The wallet.
    pub wallet: String,
    /// In the currency's minor unit.
    pub amount_minor: i64,
    /// What the merchant took of it.
    pub captured_minor: i64,
    /// Where it stands.
    pub status: String,
}

/// Money of a wallet on its way out to its owner.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Withdrawal {
    /// Its id, as the API shows it.
    pub id: String,
    /// Its merchant's id, as the API shows it.
    pub merchant: String,
    /// The wallet.
    pub wallet: String,
    /// Whose that is.
    pub user_id: String,
    /// In the currency's minor unit.
    pub amount_minor: i64,
    /// The ISO 4217 code.
    pub currency: String,
    /// Where it stands.
    pub status: String,
    /// The provider that pays it out, where one does.
    pub channel: Option<String>,
}

/// An account of a user at a provider.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Account {
    /// Its id, as the API shows it.
    pub id: String,
    /// Its merchant's id, as the API shows it.
    pub merchant: String,
    /// Whose it is.
    pub user_id: String,
    /// Where it stands.
    pub status: String,
    /// The provider's id of it, once known.
    pub channel_account_id: Option<String>,
}

/// An account of somebody else's as the provider really has it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ProviderAccount {
    /// The account that it is connected to.
    pub account: String,
    /// Its id.
    pub id: String,
    /// Whether it may charge.
    pub charges_enabled: bool,
    /// What its creator noted on it.
    pub metadata: HashMap<String, String>,
}

/// A transfer to such an account as the provider really has made it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ProviderTransfer {
    /// The account that it went out from.
    pub account: String,
    /// Its id.
    pub id: String,
    /// The account that it went to.
    pub destination: String,
    /// In the currency's minor unit.
    pub amount: i64,
    /// What of it was taken back.
    pub amount_reversed: i64,
    /// Lower-case code.
    pub currency: String,
    /// The withdrawal that it pays out.
    pub transfer_group: Option<String>,
}

impl WalletAction {
    /// Whether it was done.
    pub fn is_done(&self) -> bool {
        self.outcome == "done"
    }
}

impl Hold {
    /// Whether its money is set aside.
    pub fn is_open(&self) -> bool {
        self.status == "held"
    }
}

impl Withdrawal {
    /// Whether its money is set aside.
    pub fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "requested" | "processing")
    }

    /// Whether a provider has paid it out.
    pub fn is_sent(&self) -> bool {
        self.status == "completed" && self.channel.is_some()
    }
}

impl ProviderAccount {
    /// The account that it was opened as, as its creator noted on it.
    pub fn account_id(&self) -> Option<&str> {
        self.metadata.get("sluice_account_id").map(String::as_str)
    }
}
