//! Keeps the statistics true: counts, now and then, which payments and orders have changed since they were counted last.
//!
//! Each process runs one, and one at a time does the work. It keeps nothing; after days of silence it goes on where it was
//! left, step by step. That one of them cannot be counted does not hold up the other.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::clock::Clock;
use store::{Counted, RollUp, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// How often it looks, in units of the retry ladder.
const LOOK_EVERY_UNITS: u32 = 15;

/// What is needed to count.
pub struct RollingUp {
    /// Where the payments, the orders and the figures are.
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
            for counted in Counted::ALL {
                let catching_up = Box::pin(self.catch_up(counted));
                if let Some(Err(error)) = stop.run_until_cancelled(catching_up).await {
                    tracing::warn!(%error, "{} could not be counted", counted.name());
                }
            }
        }
    }

    async fn catch_up(&self, counted: Counted) -> Result<(), StoreError> {
        let now = self.clock.now();
        let lag = |until| {
            metrics::gauge!("sluice_statistics_lag_seconds", "what" => counted.name())
                .set(seconds(now - until));
        };
        // Told even when nothing comes of it.
        lag(self.store.rolled_up_until(&[counted]).await?);
        while let RollUp::Until(until) = self.store.roll_up(counted, now).await? {
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
