//! Delivery of every provider's events to their receivers: repeats, and dials for everything receivers must bear.
//!
//! What a callback looks like, and what counts as its receipt, is the provider's: see [`Letter`]. Delivery never holds
//! an account's lock and never orders what the provider leaves unordered.

mod dials;
mod parcel;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::header::USER_AGENT;
use reqwest::redirect::Policy;
use serde::Serialize;
use tokio::sync::{Semaphore, watch};

use crate::clock;
use crate::config::SandboxConfig;
use crate::locking::lock;
use crate::ring_buffer::RingBuffer;
use crate::world::World;
pub use dials::{CallbackDials, DialBoard};
pub use parcel::{Composed, Letter, Parcel};

/// How much of a receiver's answer is kept.
const ANSWER_CHARS: usize = 300;

/// How many callbacks one receiver is sent at once, so that a slow one does not use up all sockets.
const AT_ONCE: usize = 64;

/// One attempt to deliver an event.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// The event.
    pub event: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The account.
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
    /// Whether the provider takes the answer for a receipt.
    pub accepted: bool,
}

/// Sends events out and remembers the attempts.
pub struct Callbacks {
    client: reqwest::Client,
    board: watch::Sender<DialBoard>,
    held: Mutex<HashMap<String, Vec<Parcel>>>,
    slots: Mutex<HashMap<String, Arc<Semaphore>>>,
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
            .build()?;
        Ok(Self {
            client,
            board: watch::Sender::default(),
            held: Mutex::default(),
            slots: Mutex::default(),
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
        lock(&self.slots).clear();
        lock(&self.log).clear();
    }

    fn dials(&self, account: &str) -> CallbackDials {
        self.board.borrow().of(account)
    }

    /// Sends an account's parcels as its dials say. Returns at once, except with `before_answer`.
    pub async fn dispatch(&self, world: &Arc<World>, account: &str, parcels: Vec<Parcel>) {
        if parcels.is_empty() {
            return;
        }
        let dials = self.dials(account);
        let parcels: Vec<_> = parcels
            .iter()
            .flat_map(|parcel| (1..=dials.duplicate).map(|copy| parcel.copy(copy)))
            .collect();
        if dials.before_answer && !dials.paused {
            join_all(parcels.into_iter().map(|parcel| send_first(world, parcel))).await;
        } else if dials.reorder && !dials.paused {
            self.hold(world, account, &dials, parcels);
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

    /// Sends the parcels of one event again, now, whatever the dials say, and tells how it went.
    pub async fn resend(&self, parcels: Vec<Parcel>) -> Vec<Delivery> {
        let sent_before = |event: &str| {
            let sent = self.matching(|delivery| delivery.event == event);
            sent.iter()
                .map(|delivery| delivery.copy)
                .max()
                .unwrap_or_default()
        };
        let copies: Vec<_> = parcels
            .iter()
            .map(|parcel| parcel.copy(sent_before(&parcel.event) + 1))
            .collect();
        join_all(copies.iter().map(|parcel| self.attempt(parcel, 1))).await
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

    /// What bounds how many callbacks are under way to a receiver.
    fn slots(&self, endpoint: &str) -> Arc<Semaphore> {
        let mut slots = lock(&self.slots);
        let of_endpoint = slots
            .entry(endpoint.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)));
        Arc::clone(of_endpoint)
    }

    async fn attempt(&self, parcel: &Parcel, attempt: u32) -> Delivery {
        let slots = self.slots(&parcel.endpoint);
        let slot = slots.acquire().await;
        let (sent_at, began, composed) = (clock::stamp(), Instant::now(), parcel.letter.compose(attempt));
        let mut request = self
            .client
            .post(&parcel.url)
            .header(USER_AGENT, parcel.letter.user_agent());
        for (name, value) in composed.headers {
            request = request.header(name, value);
        }
        let (status, answer) = match request.body(composed.body).send().await {
            Ok(response) => (
                Some(response.status().as_u16()),
                response.text().await.unwrap_or_default(),
            ),
            Err(error) => (None, error.to_string()),
        };
        drop(slot);
        let delivery = Delivery {
            event: parcel.event.clone(),
            kind: parcel.kind,
            account: parcel.account.clone(),
            endpoint: parcel.endpoint.clone(),
            url: parcel.url.clone(),
            attempt,
            copy: parcel.copy,
            sent_at,
            duration_ms: began.elapsed().as_millis(),
            status,
            accepted: status.is_some_and(|status| parcel.letter.is_receipt(status, &answer)),
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
    if world.callbacks.attempt(&parcel, 1).await.accepted {
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
    if !world.callbacks.attempt(&parcel, 1).await.accepted {
        repeat(world, parcel).await;
    }
}

/// Repeats until the receiver accepts or the attempts are used up.
async fn repeat(world: &World, parcel: Parcel) {
    for (attempt, delay) in (2..).zip(delays(world, parcel.letter.as_ref())) {
        tokio::time::sleep(delay).await;
        world.callbacks.while_paused(&parcel.account).await;
        if world.callbacks.attempt(&parcel, attempt).await.accepted {
            return;
        }
    }
}

/// The delays before each repeat: the provider's own, or ones that double up to a limit.
fn delays(world: &World, letter: &dyn Letter) -> Vec<Duration> {
    if let Some(delays_s) = letter.delays_s() {
        return delays_s.iter().map(|delay_s| world.seconds(*delay_s)).collect();
    }
    let (first, longest) = (world.config.webhook_retry_ms, world.config.webhook_retry_max_ms);
    let doubling = std::iter::successors(Some(first), |delay_ms| {
        Some(delay_ms.saturating_mul(2).min(longest))
    });
    let repeats = world.config.webhook_attempts.saturating_sub(1);
    doubling
        .take(usize::try_from(repeats).unwrap_or_default())
        .map(Duration::from_millis)
        .collect()
}
