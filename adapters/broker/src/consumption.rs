//! Keeping a subscription to one queue alive: connect, put the topology in place, consume, and begin again whenever
//! the broker restarts, closes the channel or deletes the queue.
//!
//! It runs as a task of its own, so that it notices a lost connection even while the worker is busy.
//!
//! **Caution.** A message can be such that the AMQP library gives up the whole connection over it (a property that is
//! no UTF-8, say). The broker then counts a delivery of every job that was out, and at its limit it would give up the
//! innocent neighbours along with the culprit. So when a subscription is lost soon after it began, the next one takes
//! one job at a time until it has lasted a while: then the culprit falls alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use lapin::message::Delivery;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};

use crate::{backend::ConsumerConfig, config::Patience, subscription::Subscription};

/// A subscription that lasts this long is no longer suspected, nor is it met with caution.
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
    Lost,
    Stopped,
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
            if matches!(
                self.consume(subscription, prefetch, &mut stopped).await,
                Ceased::Stopped
            ) {
                return;
            }
            cautious = began.elapsed() < TRUST_AFTER;
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
                delivery = subscription.consumer.next() => {
                    let Some(Ok(delivery)) = delivery else { return Ceased::Lost };
                    // There is room for all that may be out, so this waits only for leftovers of a lost channel.
                    if self.sender.send(delivery).await.is_err() {
                        return Ceased::Stopped;
                    }
                }
                () = &mut trusted, if narrow => {
                    narrow = false;
                    let Ok(rest) = subscription.widen(&self.config).await else { return Ceased::Lost };
                    for delivery in rest {
                        if self.sender.send(delivery).await.is_err() {
                            return Ceased::Stopped;
                        }
                    }
                }
                _ = check.tick() => {
                    if !subscription.is_alive() {
                        return Ceased::Lost;
                    }
                }
            }
        }
    }
}
