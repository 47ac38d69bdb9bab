//! Keeping a subscription to one queue alive: connect, consume, and begin again whenever the broker restarts, closes the
//! channel or deletes the queue; where the queue is gone, the topology is put in place first.
//!
//! It runs as a task of its own, so that it notices a lost connection even while the worker is busy.
//!
//! **Caution.** A message can be such that the AMQP library gives up the whole connection over it (a property that is
//! no UTF-8, say). The broker then counts a delivery of every job that was out, and at its limit it would give up the
//! innocent neighbours along with the culprit. So after a connection that the library gave up, the next subscription takes
//! one job at a time until it has lasted a while: then the culprit falls alone. A broker that went away, closed the
//! channel or deleted the queue is no such sign, and work goes on at full width as soon as it is back.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use lapin::{
    ErrorKind,
    message::Delivery,
    protocol::{AMQPErrorKind, AMQPHardError},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};

use crate::{backend::ConsumerConfig, config::Patience, subscription::Subscription};

/// A subscription that lasts this long has seen all that was out when the last one was lost.
const TRUST_AFTER: Duration = Duration::from_secs(5);

/// A breath between losing a subscription and the next.
const AFTER_LOSS: Duration = Duration::from_millis(100);

/// How often a quiet subscription is checked for being alive.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// A running subscription. Ends when dropped: what was delivered and not acknowledged goes back to the queue.
pub(crate) struct Consumption {
    /// What was delivered.
    pub deliveries: mpsc::Receiver<Delivery>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Consumption {
    pub(crate) fn start(config: ConsumerConfig, name: String, consuming: Arc<AtomicBool>) -> Self {
        let (sender, deliveries) = mpsc::channel(usize::from(config.prefetch.max(1)));
        let (stop, stopped) = oneshot::channel();
        let subscriber = Subscriber {
            config,
            name,
            consuming,
            sender,
        };
        Self {
            deliveries,
            stop: Some(stop),
            task: tokio::spawn(subscriber.run(stopped)),
        }
    }

    /// Begins to end the subscription; the task ends when the broker has been told.
    pub(crate) fn stop(&mut self) -> &mut JoinHandle<()> {
        if let Some(stop) = self.stop.take() {
            // When the task has ended by itself there is nobody to tell.
            let _ = stop.send(());
        }
        &mut self.task
    }
}

struct Subscriber {
    config: ConsumerConfig,
    name: String,
    consuming: Arc<AtomicBool>,
    sender: mpsc::Sender<Delivery>,
}

/// Why deliveries ceased.
enum Ceased {
    /// The broker or the wire to it failed.
    Lost,
    /// The library gave up, maybe over a message.
    GivenUp,
    Stopped,
}

impl Ceased {
    fn over(error: &lapin::Error) -> Self {
        if is_outside(error) {
            Self::Lost
        } else {
            Self::GivenUp
        }
    }
}

/// Whether the broker or the wire failed, not the library. What is not known for certain is not taken for it.
fn is_outside(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::IOError(error) => error.kind() != io::ErrorKind::Other,
        ErrorKind::MissingHeartbeatError => true,
        ErrorKind::ProtocolError(error) => matches!(
            error.kind(),
            AMQPErrorKind::Soft(_)
                | AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED | AMQPHardError::INTERNALERROR)
        ),
        _ => false,
    }
}

impl Subscriber {
    /// Ends when told to, in whatever it is doing; the broker is told where there is a connection.
    async fn run(self, mut stopped: oneshot::Receiver<()>) {
        let kind = self.config.kind.name();
        let mut patience = Patience::new();
        let mut cautious = false;
        loop {
            let prefetch = if cautious { 1 } else { self.config.prefetch };
            let subscribed = tokio::select! {
                _ = &mut stopped => return,
                subscribed = Subscription::begin(&self.config, &self.name, prefetch) => subscribed,
            };
            let subscription = match subscribed {
                Ok(subscription) => subscription,
                Err(error) => {
                    tracing::warn!(kind, %error, "cannot consume");
                    tokio::select! {
                        _ = &mut stopped => return,
                        () = patience.wait() => continue,
                    }
                }
            };
            tracing::info!(kind, prefetch, "consuming");
            patience = Patience::new();
            let began = Instant::now();
            cautious = match self.consume(subscription, prefetch, &mut stopped).await {
                Ceased::Stopped => return,
                Ceased::GivenUp => true,
                Ceased::Lost => cautious && began.elapsed() < TRUST_AFTER,
            };
            tracing::warn!(kind, cautious, "the subscription was lost");
            tokio::time::sleep(AFTER_LOSS).await;
        }
    }

    async fn consume(
        &self,
        mut subscription: Subscription,
        prefetch: u16,
        stopped: &mut oneshot::Receiver<()>,
    ) -> Ceased {
        self.consuming.store(true, Ordering::Relaxed);
        let ceased = tokio::select! {
            _ = stopped => Ceased::Stopped,
            ceased = self.forward(&mut subscription, prefetch) => ceased,
        };
        self.consuming.store(false, Ordering::Relaxed);
        subscription.leave().await;
        ceased
    }

    async fn forward(&self, subscription: &mut Subscription, prefetch: u16) -> Ceased {
        let mut narrow = prefetch < self.config.prefetch;
        let trusted = tokio::time::sleep(TRUST_AFTER);
        let mut check = tokio::time::interval(CHECK_EVERY);
        tokio::pin!(trusted);
        loop {
            tokio::select! {
                // What the consumer has to say is heard before its connection is found dead, as it says why.
                biased;
                () = &mut trusted, if narrow => {
                    narrow = false;
                    let Ok(rest) = subscription.widen(&self.config).await else { return Ceased::GivenUp };
                    for delivery in rest {
                        if self.sender.send(delivery).await.is_err() {
                            return Ceased::Stopped;
                        }
                    }
                }
                delivery = subscription.consumer.next() => {
                    let delivery = match delivery {
                        Some(Ok(delivery)) => delivery,
                        Some(Err(error)) => {
                            tracing::debug!(kind = self.config.kind.name(), %error, "no more deliveries");
                            return Ceased::over(&error);
                        }
                        // The broker cancelled it, as when the queue is deleted.
                        None => return Ceased::Lost,
                    };
                    // There is room for all that may be out, so this waits only for leftovers of a lost channel.
                    if self.sender.send(delivery).await.is_err() {
                        return Ceased::Stopped;
                    }
                }
                _ = check.tick() => {
                    if !subscription.is_alive() {
                        return Ceased::GivenUp;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset};

    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::*;

    fn said_by_the_broker(kind: impl Into<AMQPErrorKind>) -> lapin::Error {
        ErrorKind::ProtocolError(AMQPError::new(kind.into(), "said so".into())).into()
    }

    #[test]
    fn a_broker_that_went_away_calls_for_no_caution() {
        let outside: [lapin::Error; 6] = [
            io::Error::from(ConnectionReset).into(),
            io::Error::from(ConnectionAborted).into(),
            ErrorKind::MissingHeartbeatError.into(),
            said_by_the_broker(AMQPHardError::CONNECTIONFORCED),
            said_by_the_broker(AMQPHardError::INTERNALERROR),
            said_by_the_broker(AMQPSoftError::NOTFOUND),
        ];
        for error in outside {
            assert!(is_outside(&error), "{error}");
        }
    }

    #[test]
    fn a_library_that_gave_up_calls_for_caution() {
        let inside: [lapin::Error; 4] = [
            io::Error::other("cannot go on").into(),
            said_by_the_broker(AMQPHardError::UNEXPECTEDFRAME),
            said_by_the_broker(AMQPHardError::FRAMEERROR),
            ErrorKind::FutureCompleted.into(),
        ];
        for error in inside {
            assert!(!is_outside(&error), "{error}");
        }
    }
}
