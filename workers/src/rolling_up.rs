//! Keeps the statistics true: counts, now and then, what payments have changed since it was counted last.
//!
//! Each process runs one, and one at a time does the work. It keeps nothing; after days of silence it goes on where it was
//! left, step by step.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::clock::Clock;
use store::{RollUp, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// How often it looks, in units of the retry ladder.
const LOOK_EVERY_UNITS: u32 = 15;

/// What is needed to count.
pub struct RollingUp {
    /// Where the payments and the figures are.
    pub store: Store,
    /// Until when to count.
    pub clock: Arc<dyn Clock>,
    /// The unit of the retry ladder.
    pub retry_unit: Duration,
}

impl RollingUp {
    /// Counts until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let look_every = self.retry_unit * LOOK_EVERY_UNITS;
        while stop
            .run_until_cancelled(tokio::time::sleep(look_every))
            .await
            .is_some()
        {
            if let Some(Err(error)) = stop.run_until_cancelled(Box::pin(self.catch_up())).await {
                tracing::warn!(%error, "payments could not be counted");
            }
        }
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let lag = |until| metrics::gauge!("sluice_statistics_lag_seconds").set(seconds(now - until));
        // Told even when nothing comes of it.
        lag(self.store.rolled_up_until().await?);
        while let RollUp::Until(until) = self.store.roll_up(now).await? {
            lag(until);
            if until >= now {
                break;
            }
        }
        Ok(())
    }
}

fn seconds(span: TimeDelta) -> f64 {
    span.as_seconds_f64().max(0.0)
}
