//! Checks the ledger in regular intervals, and says what the last check found.
//!
//! Each process runs one, and one at a time does the work: it reads the whole ledger. All of them tell the result.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
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
        while stop
            .run_until_cancelled(tokio::time::sleep(look_every))
            .await
            .is_some()
        {
            if let Some(Err(error)) = stop.run_until_cancelled(Box::pin(self.look())).await {
                tracing::warn!(%error, "the ledger could not be checked");
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
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
        if let Some(last) = self.store.last_ledger_check().await? {
            let age = (self.clock.now() - last.begun_at).as_seconds_f64().max(0.0);
            metrics::gauge!("sluice_ledger_disagreements").set(last.disagreements as f64);
            metrics::gauge!("sluice_ledger_check_age_seconds").set(age);
        }
        Ok(())
    }
}
