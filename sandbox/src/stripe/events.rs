//! Events: what happened, in the order it happened, kept as it was sent.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::book::{Book, Origin, created};
use super::errors::{Answered, ApiError};
use crate::clock;

/// The API version the double speaks.
pub const API_VERSION: &str = "2026-09-30.endive";

/// How many events an account remembers.
const KEPT: usize = 10_000;

/// An event.
#[derive(Debug)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// For example `payment_intent.succeeded`.
    pub kind: &'static str,
    /// When it happened.
    pub created: i64,
    /// The `event` object.
    pub object: Value,
    body: OnceLock<bytes::Bytes>,
}

impl Event {
    /// An event that happened now.
    pub fn build(kind: &'static str, data: &Value, pending_webhooks: usize, origin: &Origin) -> Self {
        let id = clock::object_id("evt_3");
        let created = created();
        let object = json!({
            "id": id, "object": "event", "api_version": API_VERSION, "created": created, "data": data, "livemode": false,
            "pending_webhooks": pending_webhooks, "type": kind,
            "request": { "id": origin.request_id, "idempotency_key": origin.idempotency_key },
        });
        Self {
            id,
            kind,
            created,
            object,
            body: OnceLock::new(),
        }
    }

    /// The body of its callbacks: the same bytes each time, indented the way Stripe sends it.
    pub fn body(&self) -> bytes::Bytes {
        self.body
            .get_or_init(|| format!("{:#}", self.object).into())
            .clone()
    }
}

/// The newest events of an account.
#[derive(Debug, Default)]
pub struct EventLog {
    events: VecDeque<Arc<Event>>,
    by_id: HashMap<String, Arc<Event>>,
}

impl EventLog {
    /// Adds an event, dropping the oldest when there are too many.
    pub fn push(&mut self, event: Arc<Event>) {
        if self.events.len() == KEPT
            && let Some(oldest) = self.events.pop_front()
        {
            self.by_id.remove(&oldest.id);
        }
        self.by_id.insert(event.id.clone(), Arc::clone(&event));
        self.events.push_back(event);
    }

    /// The event of this id.
    pub fn get(&self, id: &str) -> Option<Arc<Event>> {
        self.by_id.get(id).map(Arc::clone)
    }

    /// All events, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Event>> {
        self.events.iter()
    }
}

impl Book {
    /// The event as an answer.
    pub fn show_event(&self, id: &str) -> Answered {
        self.events
            .get(id)
            .map(|event| event.object.clone())
            .ok_or_else(|| ApiError::no_such("event", id, "id"))
    }
}
