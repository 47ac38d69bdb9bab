//! Delivery of events to webhook endpoints: signing, repeats, and dials for everything receivers must bear.
//!
//! Delivery never holds an account's lock and never orders what Stripe leaves unordered.

mod dials;
mod signature;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::redirect::Policy;
use serde::Serialize;
use tokio::sync::watch;

use crate::clock;
use crate::config::SandboxConfig;
use crate::locking::lock;
use crate::ring_buffer::RingBuffer;
use crate::stripe::{Account, Endpoint, Event};
use crate::world::World;
pub use dials::{CallbackDials, DialBoard};
use signature::signature;

/// How much of a receiver's answer is kept.
const ANSWER_CHARS: usize = 300;

/// One attempt to deliver an event.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// The event.
    pub event: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The account's secret key.
    pub account: String,
    /// The receiver.
    pub endpoint: String,
    /// Where it was sent.
    pub url: String,
    /// Counts from 1 for each copy.
    pub attempt: u32,
    /// Counts from 1; above 1 when events are duplicated or sent again by hand.
    pub copy: u32,
    /// When the attempt began.
    pub sent_at: String,
    /// How long it took.
    pub duration_ms: u128,
    /// The receiver's status, if it answered.
    pub status: Option<u16>,
    /// The beginning of its answer, or what went wrong.
    pub answer: String,
}

impl Delivery {
    fn is_accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One copy of one event on its way to one receiver.
#[derive(Debug, Clone)]
struct Parcel {
    account: String,
    event: Arc<Event>,
    endpoint: Endpoint,
    copy: u32,
}

/// Sends events out and remembers the attempts.
#[derive(Debug)]
pub struct Callbacks {
    client: reqwest::Client,
    board: watch::Sender<DialBoard>,
    held: Mutex<HashMap<String, Vec<Parcel>>>,
    log: Mutex<RingBuffer<Delivery>>,
}

impl Callbacks {
    /// A sender with the configured time-out.
    pub fn build(config: &SandboxConfig) -> Result<Self, reqwest::Error> {
        // The client insists on a TLS provider although callbacks mostly go over plain HTTP; a second install is refused
        // and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(Duration::from_millis(config.webhook_timeout_ms))
            .user_agent("Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .build()?;
        Ok(Self {
            client,
            board: watch::Sender::default(),
            held: Mutex::default(),
            log: Mutex::new(RingBuffer::with_capacity(config.log_limit)),
        })
    }

    /// All dials.
    pub fn board(&self) -> DialBoard {
        self.board.borrow().clone()
    }

    /// Changes the dials of one account, or of all.
    pub fn turn(&self, account: Option<String>, turn: impl FnOnce(&mut CallbackDials)) {
        self.board.send_modify(|board| match account {
            Some(account) => {
                let all = board.all.clone();
                turn(board.accounts.entry(account).or_insert(all));
            }
            None => turn(&mut board.all),
        });
    }

    /// Puts all dials back.
    pub fn reset_dials(&self) {
        self.board.send_replace(DialBoard::default());
    }

    /// The attempts that match, oldest first.
    pub fn matching(&self, wanted: impl Fn(&Delivery) -> bool) -> Vec<Delivery> {
        lock(&self.log)
            .iter()
            .filter(|delivery| wanted(delivery))
            .cloned()
            .collect()
    }

    /// How many attempts the log has dropped.
    pub fn dropped(&self) -> u64 {
        lock(&self.log).dropped()
    }

    /// Puts all dials back and forgets attempts and held events.
    pub fn clear(&self) {
        self.reset_dials();
        lock(&self.held).clear();
        lock(&self.log).clear();
    }

    fn dials(&self, account: &str) -> CallbackDials {
        self.board.borrow().of(account)
    }

    /// Sends fresh events to every receiver that wants them. Returns at once, except with `before_answer`.
    pub async fn dispatch(&self, world: &Arc<World>, account: &Account, events: Vec<Arc<Event>>) {
        if events.is_empty() {
            return;
        }
        let dials = self.dials(&account.secret_key);
        let endpoints = lock(&account.book).endpoints.clone();
        let mut parcels = Vec::new();
        for event in &events {
            for endpoint in endpoints.iter().filter(|endpoint| endpoint.wants(event.kind)) {
                for copy in 1..=dials.duplicate {
                    let (account, event, endpoint) =
                        (account.secret_key.clone(), Arc::clone(event), endpoint.clone());
                    parcels.push(Parcel {
                        account,
                        event,
                        endpoint,
                        copy,
                    });
                }
            }
        }
        if dials.before_answer && !dials.paused {
            join_all(parcels.into_iter().map(|parcel| send_first(world, parcel))).await;
        } else if dials.reorder && !dials.paused {
            self.hold(world, &account.secret_key, &dials, parcels);
        } else {
            let delay = Duration::from_millis(dials.delay_ms);
            for parcel in parcels {
                let world = Arc::clone(world);
                let epoch = world.epoch();
                tokio::spawn(async move {
                    epoch.run_until_cancelled(deliver(&world, parcel, delay)).await;
                });
            }
        }
    }

    /// Sends an event again, now, whatever the dials say, and tells how it went.
    pub async fn resend(&self, account: &Account, event: &Arc<Event>) -> Vec<Delivery> {
        let endpoints = lock(&account.book).endpoints.clone();
        let sent_before = self.matching(|delivery| delivery.event == event.id);
        let copy = sent_before
            .iter()
            .map(|delivery| delivery.copy)
            .max()
            .unwrap_or_default()
            + 1;
        let parcels = endpoints
            .into_iter()
            .filter(|endpoint| endpoint.wants(event.kind))
            .map(|endpoint| Parcel {
                account: account.secret_key.clone(),
                event: Arc::clone(event),
                endpoint,
                copy,
            });
        join_all(parcels.map(|parcel| async move { self.attempt(&parcel, 1).await })).await
    }

    /// Adds parcels to what is held for the account; the first to be held sets off the window.
    fn hold(&self, world: &Arc<World>, account: &str, dials: &CallbackDials, parcels: Vec<Parcel>) {
        let mut held = lock(&self.held);
        let waiting = held.entry(account.to_owned()).or_default();
        let first = waiting.is_empty();
        waiting.extend(parcels);
        if !first {
            return;
        }
        let (world, epoch, account) = (Arc::clone(world), world.epoch(), account.to_owned());
        let window = Duration::from_millis(dials.window_ms);
        tokio::spawn(async move {
            let release = async {
                tokio::time::sleep(window).await;
                let parcels = lock(&world.callbacks.held).remove(&account).unwrap_or_default();
                for parcel in parcels.into_iter().rev() {
                    send_first(&world, parcel).await;
                }
            };
            epoch.run_until_cancelled(release).await;
        });
    }

    async fn while_paused(&self, account: &str) {
        let mut board = self.board.subscribe();
        while self.dials(account).paused {
            if board.changed().await.is_err() {
                return;
            }
        }
    }

    async fn attempt(&self, parcel: &Parcel, attempt: u32) -> Delivery {
        let (event, endpoint) = (&parcel.event, &parcel.endpoint);
        let slot = endpoint.slots.acquire().await;
        let (sent_at, began, body) = (clock::stamp(), Instant::now(), event.body());
        let sent = self
            .client
            .post(&endpoint.url)
            .header("content-type", "application/json; charset=utf-8")
            .header(
                "stripe-signature",
                signature(&endpoint.secret, clock::now_s(), &body),
            )
            .body(body)
            .send()
            .await;
        let (status, answer) = match sent {
            Ok(response) => (
                Some(response.status().as_u16()),
                response.text().await.unwrap_or_default(),
            ),
            Err(error) => (None, error.to_string()),
        };
        drop(slot);
        let delivery = Delivery {
            event: event.id.clone(),
            kind: event.kind,
            account: parcel.account.clone(),
            endpoint: endpoint.id.clone(),
            url: endpoint.url.clone(),
            attempt,
            copy: parcel.copy,
            sent_at,
            duration_ms: began.elapsed().as_millis(),
            status,
            answer: answer.chars().take(ANSWER_CHARS).collect(),
        };
        tracing::debug!(
            event = delivery.event,
            kind = delivery.kind,
            status = delivery.status,
            attempt,
            "callback sent"
        );
        lock(&self.log).push(delivery.clone());
        delivery
    }
}

/// The first attempt at once; repeats, if needed, in the background.
async fn send_first(world: &Arc<World>, parcel: Parcel) {
    if world.callbacks.attempt(&parcel, 1).await.is_accepted() {
        return;
    }
    let (world, epoch) = (Arc::clone(world), world.epoch());
    tokio::spawn(async move {
        epoch.run_until_cancelled(repeat(&world, parcel)).await;
    });
}

async fn deliver(world: &World, parcel: Parcel, delay: Duration) {
    tokio::time::sleep(delay).await;
    world.callbacks.while_paused(&parcel.account).await;
    if !world.callbacks.attempt(&parcel, 1).await.is_accepted() {
        repeat(world, parcel).await;
    }
}

/// Repeats with delays that double up to a limit until the receiver accepts or the attempts are used up.
async fn repeat(world: &World, parcel: Parcel) {
    let mut delay_ms = world.config.webhook_retry_ms;
    for attempt in 2..=world.config.webhook_attempts {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        world.callbacks.while_paused(&parcel.account).await;
        if world.callbacks.attempt(&parcel, attempt).await.is_accepted() {
            return;
        }
        delay_ms = delay_ms.saturating_mul(2).min(world.config.webhook_retry_max_ms);
    }
}
