//! The reconciler: sees to it that every day of every merchant is compared with what its providers say, as far as they give
//! statements.
//!
//! Each process runs one. It keeps nothing: it looks which days nobody has begun to compare, and begins them together
//! with their jobs, in one transaction. Others do the same at the same time, and each day is begun once. After days of
//! silence the missed ones are caught up with, as far as that is of use to anybody.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{channel::Channel, clock::Clock};
use store::{Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How often the reconciler looks, in units of the retry ladder.
const LOOK_EVERY_UNITS: u32 = 60;
/// How long after midnight a day counts as over: until then its last movements may not be in the statement.
const AFTER_MIDNIGHT: TimeDelta = TimeDelta::minutes(30);
/// How many days back are caught up with.
const CATCH_UP_DAYS: i64 = 7;
/// How many days back are watched: one that was not compared stays in sight when it is no longer caught up with.
const WATCHED_DAYS: i64 = 30;
/// How many comparisons are begun at once.
const BATCH: i64 = 64;

/// What the reconciler needs.
pub struct Reconciler {
    /// Where the comparisons are.
    pub store: Store,
    /// Notified when there is something to relay.
    pub committed: Arc<Notify>,
    /// For which days are over.
    pub clock: Arc<dyn Clock>,
    /// The unit of the retry ladder.
    pub retry_unit: Duration,
}

impl Reconciler {
    /// Looks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let look_every = self.retry_unit * LOOK_EVERY_UNITS;
        while stop
            .run_until_cancelled(tokio::time::sleep(look_every))
            .await
            .is_some()
        {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "days could not be taken up for comparison");
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let yesterday = (now - AFTER_MIDNIGHT).date_naive() - TimeDelta::days(1);
        let first = yesterday - TimeDelta::days(CATCH_UP_DAYS - 1);
        let begun = self
            .store
            .begin_due_reconciliations(&stating(), first, yesterday, BATCH, now)
            .await?;
        if begun > 0 {
            tracing::info!(begun, "days are taken up for comparison");
            self.committed.notify_one();
        }
        self.measure(now, yesterday).await
    }

    async fn measure(&self, now: DateTime<Utc>, yesterday: NaiveDate) -> Result<(), StoreError> {
        let first = yesterday - TimeDelta::days(WATCHED_DAYS - 1);
        let channels = stating();
        let overviews = self.store.reconciliation_overview(&channels, first, yesterday);
        for overview in overviews.await? {
            let age = overview
                .waiting_since
                .map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0));
            let open = overview.open_differences as f64;
            let labels = [("channel", overview.channel)];
            metrics::gauge!("sluice_reconciliation_differences_open", &labels).set(open);
            metrics::gauge!("sluice_reconciliation_oldest_seconds", &labels).set(age);
        }
        Ok(())
    }
}

/// The channels whose providers tell what moved.
fn stating() -> Vec<Channel> {
    let channels = Channel::ALL.iter().copied();
    channels
        .filter(|channel| channels::capabilities(*channel).states)
        .collect()
}
