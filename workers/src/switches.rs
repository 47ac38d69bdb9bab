//! What people have paused, obeyed by this process.
//!
//! Each process asks PostgreSQL every second: a poll needs no connection of its own that could be lost unnoticed, and finds
//! after any outage what holds. While PostgreSQL is away, what was known last holds. Before anything is taken at all, the
//! switches have been read once.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use broker::Pause;
use chrono::{DateTime, Utc};
use domain::{channel::Channel, clock::Clock, id::MerchantId, job::Kind, switch::Switch};
use store::{PausedSwitch, Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// How often the switches are read.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many notifications that were kept back go on in one transaction.
const BATCH: i64 = 256;

/// Whose notifications are kept back. Cheap to clone; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct PausedMerchants(Arc<RwLock<HashSet<MerchantId>>>);

impl PausedMerchants {
    /// Whether this merchant's are.
    pub fn contains(&self, merchant: MerchantId) -> bool {
        let paused = self.0.read().unwrap_or_else(PoisonError::into_inner);
        paused.contains(&merchant)
    }

    fn set(&self, merchants: &[MerchantId]) {
        let mut paused = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *paused = merchants.iter().copied().collect();
    }
}

/// What obeying them needs.
pub struct Switches {
    /// Where the switches are.
    pub store: Store,
    /// What calls providers and merchants.
    pub context: Arc<Context>,
    /// The pause of each queue.
    pub queues: [(Kind, Pause); Kind::ALL.len()],
    /// Notified when there is something to relay.
    pub committed: Arc<Notify>,
    /// For how long something was paused.
    pub clock: Arc<dyn Clock>,
}

impl Switches {
    /// Obeys until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let next = || stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY));
        while next().await.is_some() {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the switches cannot be read; what was paused stays paused");
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        let paused = self.obey().await?;
        for merchant in self.store.held_back_of(&paused).await? {
            // One whose notifications cannot go on must not hold up the others.
            if let Err(error) = self.release(merchant).await {
                tracing::warn!(%error, %merchant, "notifications that were kept back cannot go on");
            }
        }
        Ok(())
    }

    /// Reads the switches and obeys them; gives the merchants whose notifications are paused.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn obey(&self) -> Result<Vec<MerchantId>, StoreError> {
        let switches = self.store.switches().await?;
        let paused: Vec<Switch> = switches.iter().map(|paused| paused.switch).collect();
        for (kind, pause) in &self.queues {
            pause.set(paused.contains(&Switch::Queue(*kind)));
        }
        let channels = Channel::PROVIDERS.iter().copied();
        let channels: Vec<Channel> = channels
            .filter(|channel| paused.contains(&Switch::Channel(*channel)))
            .collect();
        self.context.channels.pause(&channels);
        let merchants: Vec<MerchantId> = paused.iter().filter_map(|switch| merchant(*switch)).collect();
        self.context.paused_merchants.set(&merchants);
        self.show(&switches);
        Ok(merchants)
    }

    /// Sends on what is kept back of a merchant.
    async fn release(&self, merchant: MerchantId) -> Result<(), StoreError> {
        loop {
            let count = self.store.release(merchant, BATCH, self.clock.now()).await?;
            if count > 0 {
                tracing::info!(%merchant, count, "notifications that were kept back go on");
                self.committed.notify_one();
            }
            if (count as i64) < BATCH {
                return Ok(());
            }
        }
    }

    /// For how long each queue and channel is paused, and of the merchants the one that is for the longest.
    fn show(&self, switches: &[PausedSwitch]) {
        let now = self.clock.now();
        let of = |switch: Switch| switches.iter().find(|paused| paused.switch == switch);
        for (kind, _) in &self.queues {
            show("queue", kind.name(), of(Switch::Queue(*kind)), now);
        }
        for channel in Channel::PROVIDERS {
            show("channel", channel.name(), of(Switch::Channel(*channel)), now);
        }
        let merchants = switches.iter().filter(|paused| merchant(paused.switch).is_some());
        let longest = merchants.min_by_key(|paused| paused.since);
        show("notifications", "merchants", longest, now);
    }
}

const fn merchant(switch: Switch) -> Option<MerchantId> {
    match switch {
        Switch::Notifications(merchant) => Some(merchant),
        Switch::Queue(_) | Switch::Channel(_) => None,
    }
}

/// More than 0 from the first moment on, whatever the clocks say: 0 is for what is not paused.
fn show(what: &'static str, name: &'static str, paused: Option<&PausedSwitch>, now: DateTime<Utc>) {
    let seconds = paused.map_or(0.0, |paused| (now - paused.since).as_seconds_f64().max(0.001));
    metrics::gauge!("sluice_paused_seconds", "what" => what, "name" => name).set(seconds);
}
