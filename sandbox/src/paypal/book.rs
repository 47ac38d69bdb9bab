//! One app's state. Every change happens under the app's one lock, and nothing waits while it is held: events are
//! collected and handed out afterwards.

use std::io;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::captures::Capture;
use super::disputes::Dispute;
use super::events::{Event, Kind};
use super::ids::account_id;
use super::orders::Order;
use super::refunds::Refund;
use super::request_ids::RequestIds;
use super::signing::Signer;
use super::tokens::Tokens;
use super::webhooks::Webhook;
use crate::accounts::Accounts;
use crate::locking::lock;
use crate::ring_buffer::RingBuffer;
use crate::table::Table;

/// How many events an app remembers.
const KEPT: usize = 10_000;

/// Everything the double of PayPal holds.
#[derive(Debug)]
pub struct Paypal {
    /// The apps, by client id.
    pub apps: Accounts<App>,
    /// Signs the webhooks of all apps.
    pub signer: Arc<Signer>,
}

impl Paypal {
    /// No apps yet.
    ///
    /// # Errors
    /// When the key that was built in cannot be read.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            apps: Accounts::default(),
            signer: Arc::new(Signer::built_in()?),
        })
    }

    /// The app of this client id; opened at first sight with this secret.
    pub fn app(&self, client_id: &str, secret: &str, base: &str) -> Arc<App> {
        self.apps
            .get_or_open(client_id, || App::open(client_id, secret, base))
    }

    /// The app that was given this access token, if the token is still good.
    pub fn app_of_token(&self, token: &str, now: DateTime<Utc>) -> Option<Arc<App>> {
        let knows = |app: &Arc<App>| lock(&app.book).tokens.is_good(token, now);
        self.apps.all().into_iter().find(knows)
    }

    /// The app that has something.
    pub fn app_with(&self, has: impl Fn(&Book) -> bool) -> Option<Arc<App>> {
        self.apps.all().into_iter().find(|app| has(&lock(&app.book)))
    }
}

/// A merchant's REST app.
#[derive(Debug)]
pub struct App {
    /// The name by which dials and logs know it.
    pub client_id: String,
    /// The app's state.
    pub book: Mutex<Book>,
}

impl App {
    fn open(client_id: &str, secret: &str, base: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            book: Mutex::new(Book {
                secret: secret.to_owned(),
                merchant_id: account_id(),
                base: base.to_owned(),
                webhook: None,
                tokens: Tokens::default(),
                invoice_ids_repeat: false,
                orders: Table::default(),
                captures: Table::default(),
                refunds: Table::default(),
                disputes: Table::default(),
                request_ids: RequestIds::default(),
                events: RingBuffer::with_capacity(KEPT),
                fresh: Vec::new(),
                changes: 0,
            }),
        }
    }
}

/// All state of an app.
#[derive(Debug)]
pub struct Book {
    /// The client secret.
    pub secret: String,
    /// The payee of its orders.
    pub merchant_id: String,
    /// The sandbox's own address, for links.
    pub base: String,
    /// Where its events are sent.
    pub webhook: Option<Webhook>,
    /// Its access tokens.
    pub tokens: Tokens,
    /// Whether an invoice id may be paid more than once, which PayPal refuses unless it is told otherwise.
    pub invoice_ids_repeat: bool,
    /// Orders.
    pub orders: Table<Order>,
    /// Captures.
    pub captures: Table<Capture>,
    /// Refunds.
    pub refunds: Table<Refund>,
    /// Disputes.
    pub disputes: Table<Dispute>,
    /// What was asked for under which `PayPal-Request-Id`.
    pub request_ids: RequestIds,
    events: RingBuffer<Arc<Event>>,
    fresh: Vec<Arc<Event>>,
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
    pub fn emit(&mut self, kind: Kind, resource: &Value, now: DateTime<Utc>) {
        let event = Event::build(kind, resource, &self.base, now);
        self.events.push(Arc::clone(&event));
        self.fresh.push(event);
        self.touch();
    }

    /// Takes the events that were not handed out for delivery yet.
    pub fn take_fresh(&mut self) -> Vec<Arc<Event>> {
        std::mem::take(&mut self.fresh)
    }

    /// The event of this id.
    pub fn event(&self, id: &str) -> Option<Arc<Event>> {
        self.events
            .iter()
            .rev()
            .find(|event| event.id == id)
            .map(Arc::clone)
    }
}
