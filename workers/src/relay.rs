//! The outbox relay: publishes what transactions decided, and deletes it once the broker has it.
//!
//! It is woken by the commits of its own process and looks every half second for what other processes left behind. Each
//! process runs two, so that what was committed just after one has looked need not wait until that one has published; all
//! share the work because a claim skips rows that another has claimed.
//!
//! A message that the broker does not take (its queue is gone or full, or a version that was rolled back wrote it) stays
//! where it is. It holds up nobody: each round goes through the whole outbox, past what could not be sent, and the next
//! round tries that again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use broker::{PublishError, Publisher, Target};
use domain::clock::Clock;
use futures::future::{join, join_all};
use runtime::traces;
use store::{OutboxBatch, Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

const BATCH: i64 = 256;
const LOOK_EVERY: Duration = Duration::from_millis(500);
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// What the relay needs.
pub struct Relay {
    /// Where the outbox is.
    pub store: Store,
    /// Where the outbox is counted, out of the way of those who write.
    pub reading: Store,
    /// Where its messages go.
    pub publisher: Publisher,
    /// Notified at every commit that left something.
    pub committed: Arc<Notify>,
    /// For the age of the oldest message.
    pub clock: Arc<dyn Clock>,
}

impl Relay {
    /// Relays until `stop`, and then once more for what the last commits left.
    pub async fn run(self, stop: CancellationToken) {
        // In one task, so that nobody waits for a count once the relay has ended.
        tokio::select! {
            _ = join(self.relay_until(&stop), self.relay_until(&stop)) => {}
            never = self.measure() => match never {},
        }
    }

    async fn relay_until(&self, stop: &CancellationToken) {
        loop {
            let stopping = stop.is_cancelled();
            let pause = match self.relay_all().await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be relayed");
                    LOOK_EVERY * 2
                }
            };
            if stopping {
                return;
            }
            tokio::select! {
                () = self.committed.notified() => {}
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn measure(&self) -> Infallible {
        loop {
            tokio::time::sleep(MEASURE_EVERY).await;
            if let Ok((pending, oldest)) = self.reading.outbox_backlog().await {
                metrics::gauge!("sluice_outbox_pending").set(pending as f64);
                let lag = oldest.map_or(0.0, |oldest| {
                    (self.clock.now() - oldest).as_seconds_f64().max(0.0)
                });
                metrics::gauge!("sluice_outbox_lag_seconds").set(lag);
            }
        }
    }

    /// Publishes everything that could be claimed, in the order it was written.
    async fn relay_all(&self) -> Result<(), RelayError> {
        let mut after = 0;
        let mut refused = None;
        loop {
            let batch = self.store.claim_outbox(after, BATCH).await?;
            let Some(last) = batch.last() else { break };
            let whole = batch.messages.len() as i64 == BATCH;
            refused = self.relay(batch).await?.or(refused);
            // Without a broker it is no use to go on.
            if !whole || !self.publisher.is_ready() {
                break;
            }
            after = last;
        }
        refused.map_or(Ok(()), |refused| Err(refused.into()))
    }

    /// Publishes a batch, and gives a reason why not all of it was taken.
    async fn relay(&self, batch: OutboxBatch) -> Result<Option<PublishError>, StoreError> {
        let envelopes = batch.messages.iter().cloned();
        let publishing = envelopes.map(async |envelope| {
            let (span, envelope) = traces::publishing(envelope);
            let published = self.publisher.publish(Target::Jobs, &envelope);
            published.instrument(span).await
        });
        let results = join_all(publishing).await;
        let confirmed: Vec<bool> = results.iter().map(Result::is_ok).collect();
        let refusals = batch.messages.iter().zip(results);
        let mut refused = refusals.filter_map(|(message, sent)| Some((message, sent.err()?)));
        let refused = refused.next().map(|(message, error)| {
            let (job_id, kind) = (&message.job_id, &message.kind);
            let kept = confirmed.iter().filter(|sent| !**sent).count();
            tracing::warn!(%error, kept, job_id, kind, "messages stay in the outbox, this one and others");
            error
        });
        batch.finish(&confirmed).await?;
        Ok(refused)
    }
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}
