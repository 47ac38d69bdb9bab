//! What the provider and the merchants' endpoints say.

use std::collections::HashMap;

use serde::Deserialize;

use crate::journal::Provider;

/// How an offer stands that no payer has opened.
pub const OFFERED: &str = "offered";

/// An intent as the provider really has it, in Stripe's words whoever the provider is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Intent {
    /// Whose it is.
    #[serde(skip)]
    pub provider: Provider,
    /// The account it belongs to.
    pub account: String,
    /// Its id.
    pub id: String,
    /// Its status at the provider.
    pub status: String,
    /// In the currency's minor unit.
    pub amount: i64,
    /// What was received of it.
    pub amount_received: i64,
    /// Lower-case code.
    pub currency: String,
    /// What its creator noted on it.
    pub metadata: HashMap<String, String>,
    /// How often money was taken.
    pub charges_succeeded: u32,
    /// How often a card was declined.
    pub charges_failed: u32,
}

/// A refund as the provider really has it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ProviderRefund {
    /// The account it belongs to.
    pub account: String,
    /// Its id.
    pub id: String,
    /// The intent that it gives back.
    pub payment_intent: String,
    /// In the currency's minor unit.
    pub amount: i64,
    /// Lower-case code.
    pub currency: String,
    /// Its status at the provider.
    pub status: String,
    /// What its creator noted on it.
    pub metadata: HashMap<String, String>,
}

/// A dispute as the provider really has it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ProviderDispute {
    /// Its id.
    pub id: String,
    /// The intent that is disputed.
    pub payment_intent: String,
    /// In the currency's minor unit.
    pub amount: i64,
    /// Its status at the provider.
    pub status: String,
}

/// A call that asked the provider for an intent or a refund.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Opening {
    /// The `Idempotency-Key` it carried.
    pub idempotency_key: Option<String>,
    /// The metadata it carried.
    pub metadata: HashMap<String, String>,
}

/// An attempt to deliver a callback.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Callback {
    /// The event's id.
    pub event: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The account it is about.
    pub account: String,
    /// What ingress answered, if it did.
    pub status: Option<u16>,
    /// Whether the provider takes the answer for a receipt. Some of them want to hear a certain word.
    pub accepted: bool,
}

/// A notification as a merchant received it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Received {
    /// `webhook-id`.
    pub id: Option<String>,
    /// The body as it came.
    pub body: String,
    /// Whether its signature is right.
    pub verified: Option<bool>,
    /// What it was answered with.
    pub answered: Option<u16>,
}

impl Intent {
    /// The payment that it was opened for, as its creator noted on it.
    pub fn payment(&self) -> Option<&str> {
        payment_in(&self.metadata)
    }

    /// Whether it is more than an offer that no payer has opened yet, of which the provider says itself that there is no
    /// such thing.
    pub fn is_there(&self) -> bool {
        self.status != OFFERED
    }
}

impl ProviderRefund {
    /// The refund that it was made for, as its creator noted on it.
    pub fn refund(&self) -> Option<&str> {
        refund_in(&self.metadata)
    }

    /// Whether the money is the payer's, or on its way.
    pub fn is_given_back(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "pending")
    }
}

impl ProviderDispute {
    /// How it stands in Sluice's words; none for a warning, which is no dispute yet.
    pub fn standing(&self) -> Option<&'static str> {
        match self.status.as_str() {
            "won" => Some("won"),
            "lost" => Some("lost"),
            _ => self.is_open().then_some("open"),
        }
    }

    /// Whether the payer's bank has the money until it is decided. Warnings take none.
    pub fn is_open(&self) -> bool {
        !matches!(self.status.as_str(), "won" | "lost") && !self.status.starts_with("warning")
    }

    /// Whether the money is gone.
    pub fn is_lost(&self) -> bool {
        self.status == "lost"
    }
}

impl Opening {
    /// The payment that it is made for.
    pub fn payment(&self) -> Option<&str> {
        payment_in(&self.metadata)
    }

    /// The refund that it is made for.
    pub fn refund(&self) -> Option<&str> {
        refund_in(&self.metadata)
    }
}

fn payment_in(metadata: &HashMap<String, String>) -> Option<&str> {
    metadata.get("sluice_payment_id").map(String::as_str)
}

fn refund_in(metadata: &HashMap<String, String>) -> Option<&str> {
    metadata.get("sluice_refund_id").map(String::as_str)
}

impl Callback {
    /// The merchant's own account that it is about, or whose connected account it is about.
    pub fn own_account(&self) -> &str {
        let (own, _) = self.account.split_once('/').unwrap_or((&self.account, ""));
        own
    }

    /// Whether the provider was told that it is taken care of.
    pub const fn is_accepted(&self) -> bool {
        self.accepted
    }
}

impl Received {
    /// Whether the merchant took it.
    pub fn is_accepted(&self) -> bool {
        self.answered.is_some_and(|status| (200..300).contains(&status))
    }
}
