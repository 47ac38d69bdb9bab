//! Checks the ledger in regular intervals, and says what the last check found.
//!
//! Each process runs one, and one at a time does the work: it reads the whole ledger. All of them tell the result, and how old it
//! is. Where no check was ever finished, that is how long ago the first was begun.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::Clock;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// How often it looks whether a check is due, in units of the retry ladder.
const LOOK_EVERY_UNITS: u32 = 15;

/// What is needed to check.
pub struct Auditor {
    /// Where the ledger is.
    pub store: Store,
    /// When a check is due.
    pub clock: Arc<dyn Clock>,
    /// How long from one check to the next.
    pub every: Duration,
    /// The unit of the retry ladder.
    pub retry_unit: Duration,
}

impl Auditor {
    /// Checks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let look_every = self.retry_unit * LOOK_EVERY_UNITS;
        let started = self.clock.now();
        while stop
            .run_until_cancelled(tokio::time::sleep(look_every))
            .await
            .is_some()
        {
            if let Some(Err(error)) = stop.run_until_cancelled(Box::pin(self.check())).await {
                tracing::warn!(%error, "the ledger could not be checked");
            }
            // Told even when nothing comes of it.
            if let Some(Err(error)) = stop.run_until_cancelled(Box::pin(self.tell(started))).await {
                tracing::warn!(%error, "it is unknown when the ledger was checked");
            }
        }
    }

    /// Checks, if it is due and nobody else does.
    async fn check(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let every = TimeDelta::from_std(self.every).unwrap_or(TimeDelta::MAX);
        if let Some(begun) = self.store.begin_ledger_check(now, every).await? {
            let report = self.store.ledger_check().await?;
            if let Some(first) = report.disagreements.first() {
                tracing::error!(total = report.total, ?first, "the ledger disagrees");
            }
            self.store
                .finish_ledger_check(begun, &report, self.clock.now())
                .await?;
        }
        Ok(())
    }

    /// Says what the last check found, and since when nobody knows more.
    async fn tell(&self, started: DateTime<Utc>) -> Result<(), StoreError> {
        metrics::gauge!("sluice_ledger_check_interval_seconds").set(self.every.as_secs_f64());
        let since = if let Some(last) = self.store.last_ledger_check().await? {
            metrics::gauge!("sluice_ledger_disagreements").set(last.disagreements as f64);
            last.begun_at
        } else {
            // Where none could even be begun, it is since this process runs.
            self.store.first_ledger_check_begun().await?.unwrap_or(started)
        };
        let age = (self.clock.now() - since).as_seconds_f64().max(0.0);
        metrics::gauge!("sluice_ledger_check_age_seconds").set(age);
        Ok(())
    }
}
