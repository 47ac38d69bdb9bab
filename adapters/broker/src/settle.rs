//! What becomes of a delivery once its handler has answered.
//!
//! The layer sits outside all others, so it sees the final word, time-outs and caught panics included. Whatever
//! follows from that word is published and confirmed *before* the delivery is acknowledged. When it cannot be
//! published the delivery is held for a while and then returned to the queue; it is never dropped. Holding it is
//! better than returning it at once: the broker counts every return, and a shortage of disk must not look like a job
//! that crashes its workers.
//!
//! An error instead of an answer is a defect of ours. The job is returned to the queue, after a pause, until the
//! broker's delivery limit is reached; then it is parked with the error as the reason.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use apalis_core::{error::BoxDynError, task::Task};
use domain::{
    job::Envelope,
    outcome::{Disposition, ErrorClass, Reason},
};
use failpoints::{Point, Protection, is_missing, reach};
use lapin::{
    Acker,
    message::Delivery,
    options::{BasicAckOptions, BasicNackOptions},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use crate::{
    backend::ConsumerConfig,
    ladder::Tier,
    line::PublishError,
    message,
    publisher::Publisher,
    topology::{self, DELIVERY_LIMIT},
};

/// How long a delivery is held while what follows from it cannot be published. Below the half hour after which the broker
/// takes a silent consumer for dead, and not much below it: each return counts towards the delivery limit, so this many
/// minutes times that limit is how long the broker may be out of disk before it gives up jobs that only wait for it.
const HOLD: Duration = Duration::from_secs(20 * 60);

/// How long writing an acknowledgement may take. The library can leave one waiting forever when it gives up a
/// connection at that moment.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);

/// The delivery could not be settled; the broker hands the job out again.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// What follows from the job's outcome could not be published.
    #[error("the job goes back to its queue, as its {disposition} could not be published")]
    NotPublished {
        /// The disposition's name.
        disposition: &'static str,
        /// Why not.
        #[source]
        source: PublishError,
    },
    /// The channel was gone, so the acknowledgement was not heard.
    #[error("the job was handled, but the connection was lost before it could be acknowledged")]
    NotAcknowledged,
    /// A task that did not come from our backend.
    #[error("the task carries no delivery")]
    NoDelivery,
}

/// A delivery that is being handled. Travels in the task's data.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    acker: Acker,
    envelope: Arc<Envelope>,
    earlier_deliveries: u32,
}

impl InFlight {
    pub(crate) fn new(delivery: &Delivery, envelope: Envelope) -> Self {
        let earlier_deliveries = message::earlier_deliveries(delivery);
        Self {
            acker: delivery.acker.clone(),
            envelope: Arc::new(envelope),
            earlier_deliveries,
        }
    }
}

/// Settles each delivery by its handler's answer.
#[derive(Clone)]
pub struct SettleLayer {
    settler: Arc<Settler>,
}

impl SettleLayer {
    pub(crate) fn new(config: ConsumerConfig, publisher: Publisher, stop: CancellationToken) -> Self {
        Self {
            settler: Arc::new(Settler {
                config,
                publisher,
                stop,
            }),
        }
    }
}

impl<S> Layer<S> for SettleLayer {
    type Service = Settle<S>;

    fn layer(&self, inner: S) -> Settle<S> {
        Settle {
            inner,
            settler: Arc::clone(&self.settler),
        }
    }
}

/// The service made by [`SettleLayer`].
#[derive(Clone)]
pub struct Settle<S> {
    inner: S,
    settler: Arc<Settler>,
}

impl<S> Service<Task<Envelope>> for Settle<S>
where
    S: Service<Task<Envelope>, Response = Disposition>,
    S::Error: Into<BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = Disposition;
    type Error = BoxDynError;
    type Future = Pin<Box<dyn Future<Output = Result<Disposition, BoxDynError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<Envelope>) -> Self::Future {
        let in_flight = task.ctx().data().get::<InFlight>().cloned();
        let handled = self.inner.call(task);
        let settler = Arc::clone(&self.settler);
        Box::pin(async move {
            let in_flight = in_flight.ok_or(SettleError::NoDelivery)?;
            if is_missing(Protection::AckAfterCommit) {
                in_flight.acknowledge().await?;
            }
            match handled.await.map_err(Into::into) {
                Ok(disposition) => {
                    settler.settle(&in_flight, &disposition).await?;
                    Ok(disposition)
                }
                Err(error) => {
                    settler.after_error(&in_flight, &error).await?;
                    Err(error)
                }
            }
        })
    }
}

struct Settler {
    config: ConsumerConfig,
    publisher: Publisher,
    stop: CancellationToken,
}

impl Settler {
    async fn settle(&self, job: &InFlight, disposition: &Disposition) -> Result<(), SettleError> {
        reach(Point::SettleDecided);
        match self.follow(job, disposition).await {
            Ok(()) if is_missing(Protection::AckAfterCommit) => Ok(()),
            Ok(()) => job.acknowledge().await,
            Err(source) => {
                job.give_back().await;
                Err(SettleError::NotPublished {
                    disposition: disposition.name(),
                    source,
                })
            }
        }
    }

    /// Publishes what follows, holding the delivery while the broker takes nothing.
    async fn follow(&self, job: &InFlight, disposition: &Disposition) -> Result<(), PublishError> {
        let until = Instant::now() + HOLD;
        loop {
            let Err(error) = self.publish(job, disposition).await else {
                return Ok(());
            };
            tracing::warn!(%error, job_id = job.envelope.job_id, disposition = disposition.name(), "not published");
            let useless = matches!(error, PublishError::Malformed(_)) || !job.acker.usable();
            if useless || self.stop.is_cancelled() || Instant::now() > until {
                self.pause().await;
                return Err(error);
            }
            if matches!(error, PublishError::Unroutable(_)) {
                self.mend_topology().await;
            }
            self.pause().await;
        }
    }

    async fn publish(&self, job: &InFlight, disposition: &Disposition) -> Result<(), PublishError> {
        let (envelope, ladder) = (&*job.envelope, self.publisher.ladder());
        match disposition {
            Disposition::Complete => Ok(()),
            Disposition::Retry {
                reason,
                delay,
                at_least,
            } => {
                let next = Envelope {
                    attempt: envelope.attempt.saturating_add(1),
                    ..envelope.clone()
                };
                let tier = ladder.tier_for(*delay).max(ladder.at_least(*at_least));
                self.retry(&next, tier, reason).await
            }
            Disposition::Snooze { reason, delay } => {
                let next = Envelope {
                    snoozes: envelope.snoozes.saturating_add(1),
                    ..envelope.clone()
                };
                self.retry(&next, ladder.at_least(*delay), reason).await
            }
            Disposition::DeadLetter(reason) => {
                reach(Point::SettleBeforePark);
                self.publisher.park(envelope, self.config.kind, reason).await?;
                reach(Point::SettleParked);
                Ok(())
            }
        }
    }

    async fn retry(&self, next: &Envelope, tier: Tier, reason: &Reason) -> Result<(), PublishError> {
        reach(Point::SettleBeforeRetry);
        self.publisher.retry(next, self.config.kind, tier, reason).await?;
        reach(Point::SettleRetried);
        Ok(())
    }

    async fn after_error(&self, job: &InFlight, error: &BoxDynError) -> Result<(), SettleError> {
        tracing::error!(
            error = %error, job_id = job.envelope.job_id, kind = job.envelope.kind,
            earlier_deliveries = job.earlier_deliveries, "a handler failed without an answer"
        );
        if job.earlier_deliveries >= DELIVERY_LIMIT {
            let reason = Reason::new(
                ErrorClass::Internal,
                format!("its handler failed without an answer: {error}"),
            );
            return self.settle(job, &Disposition::DeadLetter(reason)).await;
        }
        self.pause().await;
        job.give_back().await;
        Ok(())
    }

    async fn pause(&self) {
        tokio::time::sleep(self.config.broker.retry_unit).await;
    }

    /// Puts back what somebody deleted under us, so that the next try has a queue to go to.
    async fn mend_topology(&self) {
        if let Err(error) = topology::ensure_now(&self.config.broker).await {
            tracing::error!(%error, "the topology is not in place");
        }
    }
}

impl InFlight {
    async fn acknowledge(&self) -> Result<(), SettleError> {
        reach(Point::SettleBeforeAck);
        let acknowledged = self.acker.ack(BasicAckOptions::default());
        match tokio::time::timeout(ACK_TIMEOUT, acknowledged).await {
            Ok(Ok(true)) => {
                reach(Point::SettleAcked);
                Ok(())
            }
            Ok(Ok(false) | Err(_)) | Err(_) => Err(SettleError::NotAcknowledged),
        }
    }

    async fn give_back(&self) {
        let returned = self.acker.nack(BasicNackOptions {
            requeue: true,
            multiple: false,
        });
        if !matches!(tokio::time::timeout(ACK_TIMEOUT, returned).await, Ok(Ok(true))) {
            tracing::debug!("the channel is gone, which returns the job to its queue as well");
        }
    }
}
