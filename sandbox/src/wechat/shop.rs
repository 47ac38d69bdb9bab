//! One merchant's state at the provider: trades, refunds, events. Every change happens under the one lock of the book,
//! and nothing waits while it is held: events and timers are collected and handed out afterwards.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::Seal;
use super::events::Event;
use super::refunds::{Ending, Refund};
use super::settings::Settings;
use super::trades::Trade;
use crate::locking::lock;
use crate::ring_buffer::RingBuffer;

/// How many events a merchant's book remembers.
const EVENTS_KEPT: usize = 10_000;

/// A merchant.
#[derive(Debug)]
pub struct Shop {
    /// The merchant's number.
    pub mchid: String,
    /// Trades, refunds and events.
    pub book: Mutex<Book>,
    settings: Mutex<Arc<Settings>>,
    seal: Mutex<Seal>,
}

impl Shop {
    /// A merchant without any trades.
    pub fn open(mchid: &str, settings: Settings) -> Self {
        Self {
            mchid: mchid.to_owned(),
            book: Mutex::new(Book::open(mchid)),
            settings: Mutex::new(Arc::new(settings)),
            seal: Mutex::default(),
        }
    }

    /// The settings that hold now.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&lock(&self.settings))
    }

    /// Changes the settings; the trades stay.
    pub fn agree(&self, settings: Settings) {
        *lock(&self.settings) = Arc::new(settings);
    }

    /// Changes what becomes of the signatures of answers.
    pub fn seal_with(&self, seal: Seal) {
        *lock(&self.seal) = seal;
    }

    /// What becomes of the next answer's signature.
    pub fn next_seal(&self) -> Seal {
        lock(&self.seal).next()
    }
}

/// What the book has to know of the sandbox it is in.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The sandbox's own address, for pages.
    pub base_url: String,
    /// How long the provider's minute lasts here.
    pub minute: Duration,
}

/// When refunds end by themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// After the settling time.
    #[default]
    Later,
    /// Before they are answered.
    AtOnce,
    /// Never: somebody ends them by hand.
    Held,
}

/// How refunds end.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefundDial {
    /// When.
    pub pace: Pace,
    /// With what.
    pub ending: Ending,
}

/// Something that happens later by itself: the refund of this number ends.
#[derive(Debug)]
pub struct Timer {
    /// The refund.
    pub out_refund_no: String,
    /// How it ends.
    pub ending: Ending,
}

/// All state of a merchant.
#[derive(Debug)]
pub struct Book {
    /// The merchant's number.
    pub mchid: String,
    /// Trades by the merchant's number of them.
    pub trades: HashMap<String, Trade>,
    /// Refunds by the merchant's number of them.
    pub refunds: HashMap<String, Refund>,
    /// The merchant's numbers of trades by WeChat Pay's.
    pub transactions: HashMap<String, String>,
    /// How refunds end from now on.
    pub refund_dial: RefundDial,
    events: RingBuffer<Arc<Event>>,
    fresh: Vec<Arc<Event>>,
    timers: Vec<Timer>,
    changes: u64,
}

impl Book {
    fn open(mchid: &str) -> Self {
        Self {
            mchid: mchid.to_owned(),
            trades: HashMap::new(),
            refunds: HashMap::new(),
            transactions: HashMap::new(),
            refund_dial: RefundDial::default(),
            events: RingBuffer::with_capacity(EVENTS_KEPT),
            fresh: Vec::new(),
            timers: Vec::new(),
            changes: 0,
        }
    }

    /// Notes that something changed, and answers how often that happened: the order in which things were made.
    pub fn touch(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    /// How often something changed: two equal counts mean that nothing did in between.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The trade that WeChat Pay knows by this number.
    pub fn trade_of(&self, transaction_id: &str) -> Option<&Trade> {
        self.trades.get(self.transactions.get(transaction_id)?)
    }

    /// A trade's refunds, oldest first.
    pub fn refunds_of(&self, trade: &Trade) -> impl Iterator<Item = &Refund> {
        trade.refunds.iter().filter_map(|number| self.refunds.get(number))
    }

    /// Records an event and queues it for delivery.
    pub fn emit(&mut self, kind: &'static str, url: &str, resource: &Value) {
        let event = Arc::new(Event::build(kind, url, resource));
        self.events.push(Arc::clone(&event));
        self.fresh.push(event);
        self.touch();
    }

    /// The event of this id.
    pub fn event(&self, id: &str) -> Option<Arc<Event>> {
        self.events
            .iter()
            .rev()
            .find(|event| event.id == id)
            .map(Arc::clone)
    }

    /// Lets a refund end after the settling time.
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
}
