//! The evidence as it was read: plain rows, by the names that their owners give them.

use std::collections::{BTreeMap, HashMap};

use e2e::rabbit::{Depth, Letter};
use serde::Deserialize;
use sqlx::FromRow;

use crate::journal::{Entries, Merchant};

/// Everything that was read, at about the same moment.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The clients' side.
    pub journal: Entries,
    /// The intents of all accounts at the provider.
    pub intents: Vec<Intent>,
    /// The calls that asked the provider to open an intent.
    pub openings: Vec<Opening>,
    /// The provider's attempts to call back.
    pub callbacks: Vec<Callback>,
    /// What merchants received, by the merchant's id, in order of arrival.
    pub mail: BTreeMap<String, Vec<Received>>,
    /// How many entries each of the sandbox's logs has dropped.
    pub dropped: BTreeMap<String, u64>,
    /// Table `payments`.
    pub payments: Vec<Payment>,
    /// Table `payment_callbacks`.
    pub inbox: Vec<TakenIn>,
    /// Table `notifications`.
    pub notifications: Vec<Notification>,
    /// Table `job_failures`.
    pub failures: Vec<Failure>,
    /// Table `outbox`: the ids of the jobs.
    pub outbox: Vec<String>,
    /// The messages in the dead-letter queues, by queue.
    pub parked: BTreeMap<String, Vec<Letter>>,
    /// How many messages each queue holds.
    pub depths: Vec<Depth>,
}

/// An intent as the provider really has it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Intent {
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

/// A call that asked the provider to open an intent.
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

/// A stored payment.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Payment {
    /// Its id, as the API shows it.
    pub id: String,
    /// Its merchant's id, as the API shows it.
    pub merchant: String,
    /// The idempotency key.
    pub idempotency_key: String,
    /// Where it stands.
    pub status: String,
    /// In the currency's minor unit.
    pub amount_minor: i64,
    /// The ISO 4217 code.
    pub currency: String,
    /// The provider's intent, once it is known.
    pub intent_id: Option<String>,
}

/// A callback that was taken in.
#[derive(Debug, Clone, Default, FromRow)]
pub struct TakenIn {
    /// The merchant at whose address it came in.
    pub merchant: String,
    /// The event's id.
    pub event_id: String,
}

/// A stored notification.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Notification {
    /// Its id, which is the `webhook-id`.
    pub id: String,
    /// Who is told.
    pub merchant: String,
    /// About which payment.
    pub payment: String,
    /// What is announced.
    pub event_type: String,
    /// The bytes that are sent.
    pub payload: String,
    /// Where it stands.
    pub status: String,
    /// How many attempts were answered 2xx.
    pub accepted_attempts: i64,
}

/// A try of a job that did not work.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Failure {
    /// The job's id.
    pub job_id: String,
    /// Its kind.
    pub kind: String,
    /// `retry` or `dead_letter`.
    pub disposition: String,
    /// The class of error.
    pub error_class: String,
    /// The payment or event it is about.
    pub correlation_id: String,
}

impl Intent {
    /// The payment that it was opened for, as its creator noted on it.
    pub fn payment(&self) -> Option<&str> {
        payment_in(&self.metadata)
    }
}

impl Opening {
    /// The payment that it is made for.
    pub fn payment(&self) -> Option<&str> {
        payment_in(&self.metadata)
    }
}

fn payment_in(metadata: &HashMap<String, String>) -> Option<&str> {
    metadata.get("sluice_payment_id").map(String::as_str)
}

impl Callback {
    /// Whether the provider was told that it is taken care of.
    pub fn is_accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Received {
    /// Whether the merchant took it.
    pub fn is_accepted(&self) -> bool {
        self.answered.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Facts {
    /// The payments by their ids.
    pub fn payments_by_id(&self) -> HashMap<&str, &Payment> {
        self.payments
            .iter()
            .map(|payment| (payment.id.as_str(), payment))
            .collect()
    }

    /// The intents by the payments they were opened for.
    pub fn intents_by_payment(&self) -> BTreeMap<&str, Vec<&Intent>> {
        let mut intents: BTreeMap<&str, Vec<&Intent>> = BTreeMap::new();
        for intent in &self.intents {
            intents
                .entry(intent.payment().unwrap_or_default())
                .or_default()
                .push(intent);
        }
        intents
    }

    /// The merchants by their accounts at the provider.
    pub fn merchants_by_account(&self) -> HashMap<&str, &Merchant> {
        let merchants = self.journal.merchants.iter();
        merchants
            .map(|merchant| (merchant.account.as_str(), merchant))
            .collect()
    }
}
