//! One account's state: its objects, its keys, its events. Every change happens under the account's one lock,
//! and nothing waits while it is held: events and timers are collected and handed out afterwards.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::charges::Charge;
use super::endpoints::Endpoint;
use super::events::{Event, EventLog};
use super::idempotency::Idempotency;
use super::intents::Intent;
use super::methods::Method;
use super::refunds::Refund;
use crate::clock;

/// A merchant's account at the double; each secret key has its own.
#[derive(Debug)]
pub struct Account {
    /// `sk_test_…`
    pub secret_key: String,
    /// The account's state.
    pub book: Mutex<Book>,
}

impl Account {
    /// An empty account.
    pub fn open(secret_key: &str) -> Self {
        Self {
            secret_key: secret_key.to_owned(),
            book: Mutex::default(),
        }
    }
}

/// Objects of one kind, in order of creation. Objects are never removed.
#[derive(Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    index: HashMap<String, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            index: HashMap::new(),
        }
    }
}

impl<T> Table<T> {
    /// Adds an object under its id.
    pub fn insert(&mut self, id: &str, row: T) {
        self.index.insert(id.to_owned(), self.rows.len());
        self.rows.push(row);
    }

    /// The object of this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.index.get(id).and_then(|position| self.rows.get(*position))
    }

    /// The object of this id, to change it.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.index
            .get(id)
            .and_then(|position| self.rows.get_mut(*position))
    }

    /// All objects, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter()
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
    /// Payment methods by id.
    pub methods: HashMap<String, Method>,
    /// Webhook endpoints, oldest first.
    pub endpoints: Vec<Endpoint>,
    /// Events that happened.
    pub events: EventLog,
    /// Idempotency keys.
    pub idempotency: Idempotency,
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

    /// Records an event and queues it for delivery.
    pub fn emit(&mut self, kind: &'static str, object: &Value, previous: Option<&Value>, origin: &Origin) {
        let pending = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.wants(kind))
            .count();
        let mut data = json!({ "object": object });
        if let Some(previous) = previous {
            data["previous_attributes"] = previous.clone();
        }
        let event = Arc::new(Event::build(kind, &data, pending, origin));
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
