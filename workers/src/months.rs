//! Keeps months ready for the exchanges with providers to be stored in, and lets go of old ones where a setting says so.
//!
//! Each process runs one, and one at a time takes a step. What finds others in its way is tried again when it looks next: months
//! are ready long before they are needed, and what is old can wait.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Days, Utc};
use domain::clock::Clock;
use store::{DroppedMonth, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// How often it looks, in units of the retry ladder.
const LOOK_EVERY_UNITS: u32 = 600;
/// For how many months after this one there is a place.
const READY: u32 = 3;

/// What is needed to keep months.
pub struct MonthKeeper {
    /// Where the months are.
    pub store: Store,
    /// Which month it is.
    pub clock: Arc<dyn Clock>,
    /// For how long exchanges are kept after the end of their month; for ever where nothing is said.
    pub retain: Option<Days>,
    /// The unit of the retry ladder.
    pub retry_unit: Duration,
}

impl MonthKeeper {
    /// Keeps months until `stop`. Looks at once: the last process may have stopped long ago.
    pub async fn run(self, stop: CancellationToken) {
        metrics::counter!("sluice_exchange_partitions_dropped_total").increment(0);
        let look_every = self.retry_unit * LOOK_EVERY_UNITS;
        loop {
            let now = self.clock.now();
            if let Some(Err(error)) = stop.run_until_cancelled(Box::pin(self.prepare(now))).await {
                tracing::warn!(%error, "the next months of exchanges with providers could not be prepared");
            }
            if let Some(Err(error)) = stop.run_until_cancelled(Box::pin(self.let_go(now))).await {
                tracing::warn!(%error, "old exchanges with providers could not be dropped");
            }
            if stop
                .run_until_cancelled(tokio::time::sleep(look_every))
                .await
                .is_none()
            {
                return;
            }
        }
    }

    async fn prepare(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let made = self.store.prepare_months(now, READY).await?;
        if made > 0 {
            tracing::info!(made, "months of exchanges with providers are prepared");
        }
        Ok(())
    }

    async fn let_go(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(cutoff) = self.retain.and_then(|days| now.checked_sub_days(days)) else {
            return Ok(());
        };
        for partition in self.store.months_before(cutoff).await? {
            match self.store.drop_month(&partition).await? {
                DroppedMonth::Dropped => {
                    metrics::counter!("sluice_exchange_partitions_dropped_total").increment(1);
                    tracing::info!(partition, "old exchanges with providers were dropped");
                }
                DroppedMonth::Needed => {
                    tracing::info!(
                        partition,
                        "old exchanges are kept: a payment among theirs is still open"
                    );
                }
                DroppedMonth::Elsewhere => return Ok(()),
            }
        }
        Ok(())
    }
}
