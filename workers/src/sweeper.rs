//! The sweeper: sees to it that a provider is asked again about payments whose end it has not told.
//!
//! Each process runs one. It keeps nothing: it looks which payments a query is due for, schedules the next one, and puts
//! the jobs that ask into the outbox, all in one transaction. Others do the same at the same time, and each query is
//! made once. It takes one batch at a time, so that a provider that comes back after hours is not asked about
//! everything in the same second.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use domain::{clock::Clock, job::Envelope, query_schedule::QuerySchedule, trace::TraceParent};
use store::{Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many payments are taken up at once.
const BATCH: i64 = 64;
/// How often the sweeper looks, in units of the retry ladder.
const LOOK_EVERY_UNITS: u32 = 5;

/// What the sweeper needs.
pub struct Sweeper {
    /// Where the payments are.
    pub store: Store,
    /// Notified when there is something to relay.
    pub committed: Arc<Notify>,
    /// For what is due.
    pub clock: Arc<dyn Clock>,
    /// The unit of the retry ladder.
    pub retry_unit: Duration,
}

impl Sweeper {
    /// Sweeps until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let look_every = self.retry_unit * LOOK_EVERY_UNITS;
        while stop
            .run_until_cancelled(tokio::time::sleep(look_every))
            .await
            .is_some()
        {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "due queries could not be taken up");
            }
        }
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.take_up(now).await?;
        let (count, oldest) = self.store.in_review().await?;
        let age = oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
        metrics::gauge!("sluice_payments_in_review").set(count as f64);
        metrics::gauge!("sluice_payments_in_review_oldest_seconds").set(age);
        Ok(())
    }

    async fn take_up(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let review = QuerySchedule::in_review(self.retry_unit);
        let waiting = QuerySchedule::waiting(self.retry_unit);
        let batch = self.store.claim_queries(now, &review, &waiting, BATCH).await?;
        if batch.is_empty() {
            return Ok(());
        }
        let jobs: Vec<Envelope> = batch
            .queries
            .iter()
            .map(|query| Envelope::new(query, TraceParent::root(), now))
            .chain(
                batch
                    .refund_queries
                    .iter()
                    .map(|query| Envelope::new(query, TraceParent::root(), now)),
            )
            .collect();
        batch.finish(&jobs).await?;
        self.committed.notify_one();
        Ok(())
    }
}
