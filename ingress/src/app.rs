//! What every handler shares: the ways out to RabbitMQ and PostgreSQL, and what is remembered of the latter.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use broker::{Caller, Publisher};
use channels::{CallbackKeys, CallbackVerifier, ChannelsError};
use domain::{channel::Channel, clock::Clock, id::MerchantId};
use store::{ApiKey, Store, Vault};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Tokens,
    config::{Config, Limits},
    rate_limit::RateLimit,
    reads::Reads,
    remembered::Remembered,
};

/// The state of all handlers.
pub(crate) struct App {
    pub publisher: Publisher,
    pub caller: Caller,
    pub reads: Reads,
    /// API keys by their ids.
    pub keys: Remembered<String, ApiKey>,
    /// What tokens are checked with, where they are taken.
    pub tokens: Option<Tokens>,
    /// Merchants that are there.
    pub merchants: Remembered<MerchantId, ()>,
    /// What merchants' callbacks are verified with.
    pub callback_keys: Remembered<(Channel, MerchantId), Arc<CallbackKeys>>,
    /// What verifies them.
    pub callbacks: CallbackVerifier,
    pub vault: Vault,
    pub clock: Arc<dyn Clock>,
    pub limits: Limits,
    /// Holds merchants to how often they may ask for something.
    pub requests_rate: RateLimit,
    /// Holds merchants to how often they may read.
    pub reads_rate: RateLimit,
    /// Cancelled when the process is to stop, while it still accepts. Whoever waits for something that can be had later
    /// ends the wait then.
    pub stopping: CancellationToken,
    topology_in_place: AtomicBool,
    /// What was last seen of PostgreSQL; nothing before the first look.
    store_state: watch::Sender<Option<Result<(), &'static str>>>,
}

/// [`App`], as handlers get it.
pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn new(
        config: &Config,
        store: Store,
        clock: Arc<dyn Clock>,
        stopping: CancellationToken,
    ) -> Result<Self, ChannelsError> {
        let remembered_for = config.limits.remembered_for;
        Ok(Self {
            publisher: Publisher::connect(config.broker.clone()),
            caller: Caller::connect(config.broker.clone()),
            reads: Reads::new(store),
            keys: Remembered::new(remembered_for),
            tokens: config.jwt.as_ref().map(Tokens::new).transpose()?,
            merchants: Remembered::new(remembered_for),
            callback_keys: Remembered::new(remembered_for),
            callbacks: CallbackVerifier::new(&config.callbacks)?,
            vault: config.vault.clone(),
            clock,
            limits: config.limits,
            requests_rate: RateLimit::new("requests", config.limits.requests),
            reads_rate: RateLimit::new("reads", config.limits.reads),
            stopping,
            topology_in_place: AtomicBool::new(false),
            store_state: watch::Sender::new(None),
        })
    }

    /// Notes that the queues are there.
    pub(crate) fn topology_is_in_place(&self) {
        self.topology_in_place.store(true, Ordering::Relaxed);
    }

    /// Notes what was last seen of PostgreSQL.
    pub(crate) fn note_store_state(&self, state: Result<(), &'static str>) {
        self.store_state.send_modify(|seen| *seen = Some(state));
    }

    /// What was last seen of PostgreSQL.
    pub(crate) fn store_state(&self) -> Result<(), &'static str> {
        self.store_state.borrow().unwrap_or(Err("not asked yet"))
    }

    /// Whether new connections are wanted. Not before PostgreSQL was asked for the first time, whatever the answer: the
    /// first requests of a process that takes another's place would all wait for the first connection.
    pub(crate) fn process_state(&self) -> Result<(), &'static str> {
        if self.stopping.is_cancelled() {
            Err("stopping")
        } else if self.store_state.borrow().is_none() {
            Err("starting")
        } else {
            Ok(())
        }
    }

    /// Whether a request has a chance of being accepted now.
    pub(crate) fn broker_state(&self) -> Result<(), &'static str> {
        if !self.publisher.is_ready() || !self.caller.is_ready() {
            Err("not connected, or it accepts no messages")
        } else if !self.topology_in_place.load(Ordering::Relaxed) {
            Err("the queues are not declared yet")
        } else {
            Ok(())
        }
    }
}
