//! One account's state: its objects, its keys, its events. Every change happens under the account's one lock,
//! and nothing waits while it is held: events and timers are collected and handed out afterwards.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::charges::Charge;
use super::connected::Connected;
use super::disputes::Dispute;
use super::endpoints::Endpoint;
use super::events::{Event, EventLog};
use super::idempotency::Idempotency;
use super::intents::Intent;
use super::methods::Method;
use super::refunds::Refund;
use super::transactions::{FeeRate, Transaction};
use super::transfers::Transfer;
use crate::accounts::Accounts;
use crate::clock;
use crate::table::Table;

/// A merchant's account at the double; each secret key has its own, and so has each account connected to it.
#[derive(Debug)]
pub struct Account {
    /// `sk_test_…`; of a connected account `sk_test_…/acct_…`, where the key is that of its platform.
    pub secret_key: String,
    /// The account's state.
    pub book: Mutex<Book>,
}

impl Account {
    /// An empty account.
    pub fn open(secret_key: &str) -> Self {
        let connected = secret_key
            .split_once('/')
            .map(|(_, connected)| connected.to_owned());
        Self {
            secret_key: secret_key.to_owned(),
            book: Mutex::new(Book {
                connected,
                ..Book::default()
            }),
        }
    }

    /// The key of the platform that it is connected to.
    pub fn platform(&self) -> Option<&str> {
        self.secret_key.split_once('/').map(|(platform, _)| platform)
    }
}

impl Accounts<Account> {
    /// The account of this name; opened at first sight, as any test key is good.
    pub fn of_key(&self, secret_key: &str) -> Arc<Account> {
        self.get_or_open(secret_key, || Account::open(secret_key))
    }
}

/// Which call causes a change: told in the events it emits.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// `req_…`; none for what happens by itself.
    pub request_id: Option<String>,
    /// The call's idempotency key.
    pub idempotency_key: Option<String>,
    /// The sandbox's own address, for links.
    pub base_url: String,
}

/// Something that happens later by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timer {
    /// A bank debit ends; tells whether it was paid.
    Debit {
        /// The intent it pays.
        intent: String,
        /// Whether the money came.
        paid: bool,
    },
    /// A refund ends; tells whether it succeeded.
    Refund {
        /// The refund.
        refund: String,
        /// Whether the money arrived.
        succeeded: bool,
    },
}

/// All state of an account.
#[derive(Debug, Default)]
pub struct Book {
    /// Payment intents.
    pub intents: Table<Intent>,
    /// Charges.
    pub charges: Table<Charge>,
    /// Refunds.
    pub refunds: Table<Refund>,
    /// Disputes.
    pub disputes: Table<Dispute>,
    /// Accounts that were opened for others.
    pub accounts: Table<Connected>,
    /// Transfers to them.
    pub transfers: Table<Transfer>,
    /// Movements of money.
    pub transactions: Table<Transaction>,
    /// What the provider keeps of charges from now on.
    pub fee_rate: FeeRate,
    /// Payment methods by id.
    pub methods: HashMap<String, Method>,
    /// Webhook endpoints, oldest first.
    pub endpoints: Vec<Endpoint>,
    /// Events that happened.
    pub events: EventLog,
    /// Idempotency keys.
    pub idempotency: Idempotency,
    /// `acct_…` of a connected account: told in its events.
    connected: Option<String>,
    fresh: Vec<Arc<Event>>,
    timers: Vec<Timer>,
    changes: u64,
}

impl Book {
    /// Notes that something changed.
    pub fn touch(&mut self) {
        self.changes += 1;
    }

    /// How often something changed: two equal counts mean that nothing did in between.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// An intent's charges, oldest first.
    pub fn charges_of(&self, intent: &str) -> impl DoubleEndedIterator<Item = &Charge> {
        let ids = self.intents.get(intent).map(|intent| intent.charges.as_slice());
        ids.unwrap_or_default()
            .iter()
            .filter_map(|id| self.charges.get(id))
    }

    /// A charge's refunds, oldest first.
    pub fn refunds_of(&self, charge: &Charge) -> impl DoubleEndedIterator<Item = &Refund> {
        charge.refunds.iter().filter_map(|id| self.refunds.get(id))
    }

    /// Records an event and queues it for delivery.
    pub fn emit(&mut self, kind: &'static str, object: &Value, previous: Option<&Value>, origin: &Origin) {
        let pending = self
            .endpoints
            .iter()
            .filter(|endpoint| !endpoint.connect && endpoint.wants(kind))
            .count();
        let mut data = json!({ "object": object });
        if let Some(previous) = previous {
            data["previous_attributes"] = previous.clone();
        }
        let mut event = Event::build(kind, &data, pending, origin);
        if let Some(connected) = &self.connected {
            event.object["account"] = connected.as_str().into();
        }
        let event = Arc::new(event);
        self.events.push(Arc::clone(&event));
        self.fresh.push(event);
        self.touch();
    }

    /// Emits an event that shows an intent as it is now.
    pub fn emit_intent(&mut self, kind: &'static str, id: &str, origin: &Origin) {
        if let Some(object) = self.intents.get(id).map(Intent::render) {
            self.emit(kind, &object, None, origin);
        }
    }

    /// Emits an event that shows a charge as it is now.
    pub fn emit_charge(&mut self, kind: &'static str, id: &str, origin: &Origin) {
        if let Some(object) = self.charges.get(id).map(Charge::render) {
            self.emit(kind, &object, None, origin);
        }
    }

    /// Lets something happen after the settling time.
    pub fn later(&mut self, timer: Timer) {
        self.timers.push(timer);
    }

    /// Takes the events that were not handed out for delivery yet.
    pub fn take_fresh(&mut self) -> Vec<Arc<Event>> {
        std::mem::take(&mut self.fresh)
    }

    /// Takes the timers that were not started yet.
    pub fn take_timers(&mut self) -> Vec<Timer> {
        std::mem::take(&mut self.timers)
    }

    /// Lets a timer's change happen.
    pub fn ring(&mut self, timer: &Timer) {
        let origin = Origin::default();
        match timer {
            Timer::Debit { intent, paid } => self.end_debit(intent, *paid, &origin),
            Timer::Refund { refund, succeeded } => self.end_refund(refund, *succeeded, &origin),
        }
    }

    /// Remembers a payment method and answers its id.
    pub fn keep_method(&mut self, method: Method) -> String {
        let id = method.id.clone();
        self.methods.insert(id.clone(), method);
        id
    }
}

/// Seconds since the epoch, as every object's `created`.
pub fn created() -> i64 {
    clock::now_s()
}
