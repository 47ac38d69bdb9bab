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
//!
//! **The end** comes in two steps. Told to stop, the subscription takes nothing more and gives back at once what nobody
//! began: jobs in hand may take long, and others have time. Its channel stays open until those are settled.
//!
//! **A pause** is the first of these steps. The channel stays open, so that jobs in hand are settled over it, and the
//! subscription begins anew on it when the pause is over. One that has not begun yet does not begin.

mod ceased;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures::StreamExt;
use lapin::message::Delivery;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    backend::ConsumerConfig, config::Patience, pause::Pause, publisher::Publisher,
    subscription::Subscription, untouched,
};
use ceased::Ceased;

/// A subscription that lasts this long has seen all that was out when the last one was lost.
const TRUST_AFTER: Duration = Duration::from_secs(5);

/// A breath between losing a subscription and the next.
const AFTER_LOSS: Duration = Duration::from_millis(100);

/// How often a quiet subscription is checked for being alive.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// What was delivered and nobody has begun. The worker takes from it; at the end the subscription takes the rest back.
type Deliveries = Arc<Mutex<mpsc::Receiver<Delivery>>>;

/// A running subscription. Ends when dropped: what was delivered and not acknowledged goes back to the queue.
pub(crate) struct Consumption {
    deliveries: Deliveries,
    settled: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Consumption {
    pub(crate) fn start(subscriber: Subscriber) -> Self {
        let (sender, deliveries) = mpsc::channel(usize::from(subscriber.config.prefetch.max(1)));
        let deliveries = Arc::new(Mutex::new(deliveries));
        let (settled, ended) = oneshot::channel();
        let taken_back = Arc::clone(&deliveries);
        Self {
            deliveries,
            settled: Some(settled),
            task: tokio::spawn(async move { subscriber.run(sender, taken_back, ended).await }),
        }
    }

    /// The next delivery; none once it has stopped.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        deliveries.poll_recv(cx)
    }

    /// Begins to end the subscription, all that was begun being settled; the task ends when the broker has been told.
    pub(crate) fn end(&mut self) -> &mut JoinHandle<()> {
        if let Some(settled) = self.settled.take() {
            // When the task has ended by itself there is nobody to tell.
            let _ = settled.send(());
        }
        &mut self.task
    }
}

/// What keeps a subscription alive.
pub(crate) struct Subscriber {
    pub config: ConsumerConfig,
    pub name: String,
    /// The broker's name for us.
    pub user: String,
    pub publisher: Publisher,
    /// Shows whether there is a subscription.
    pub consuming: Arc<AtomicBool>,
    /// Set while nothing is to be taken.
    pub pause: Pause,
    /// Cancelled when nothing more is to be taken.
    pub stop: CancellationToken,
}

impl Subscriber {
    /// Ends when told to, in whatever it is doing; the broker is told where there is a connection. Without its sender
    /// the worker gets nothing more.
    async fn run(
        self,
        sender: mpsc::Sender<Delivery>,
        untaken: Deliveries,
        mut ended: oneshot::Receiver<()>,
    ) {
        let kept = self.keep_consuming(&sender, &untaken, &mut ended).await;
        let Some(mut subscription) = kept else {
            return;
        };
        let mut rest = subscription.cease().await;
        rest.extend(take_back(&untaken, true));
        drop(sender);
        self.give_back(rest).await;
        // An error is the worker having gone, which comes to the same.
        let _ = ended.await;
        subscription.leave().await;
    }

    /// Consumes until told to stop; gives the subscription that there is then.
    async fn keep_consuming(
        &self,
        sender: &mpsc::Sender<Delivery>,
        untaken: &Deliveries,
        ended: &mut oneshot::Receiver<()>,
    ) -> Option<Subscription> {
        let kind = self.config.kind.name();
        let mut patience = Patience::new();
        let mut cautious = false;
        loop {
            tokio::select! {
                _ = &mut *ended => return None,
                () = self.stop.cancelled() => return None,
                () = self.pause.until(false) => {}
            }
            let prefetch = if cautious { 1 } else { self.config.prefetch };
            let subscribed = tokio::select! {
                _ = &mut *ended => return None,
                () = self.stop.cancelled() => return None,
                subscribed = Subscription::begin(&self.config, &self.name, prefetch) => subscribed,
            };
            let mut subscription = match subscribed {
                Ok(subscription) => subscription,
                Err(error) => {
                    tracing::warn!(kind, %error, "cannot consume");
                    tokio::select! {
                        _ = &mut *ended => return None,
                        () = self.stop.cancelled() => return None,
                        () = patience.wait() => continue,
                    }
                }
            };
            tracing::info!(kind, prefetch, "consuming");
            patience = Patience::new();
            let began = Instant::now();
            let ceased = loop {
                self.consuming.store(true, Ordering::Relaxed);
                let ceased = tokio::select! {
                    _ = &mut *ended => Ceased::Ended,
                    () = self.stop.cancelled() => Ceased::Stopped,
                    ceased = self.forward(&mut subscription, prefetch, sender) => ceased,
                };
                self.consuming.store(false, Ordering::Relaxed);
                if !matches!(ceased, Ceased::Paused) {
                    break ceased;
                }
                if let Err(ceased) = self.rest(&mut subscription, prefetch, untaken, ended).await {
                    break ceased;
                }
            };
            cautious = match ceased {
                Ceased::Stopped => return Some(subscription),
                Ceased::Ended => {
                    subscription.leave().await;
                    return None;
                }
                Ceased::GivenUp => true,
                Ceased::Lost | Ceased::Paused => cautious && began.elapsed() < TRUST_AFTER,
            };
            subscription.leave().await;
            tracing::warn!(kind, cautious, "the subscription was lost");
            tokio::time::sleep(AFTER_LOSS).await;
        }
    }

    /// Takes nothing while the queue is paused; then begins anew, unless there is a reason to cease.
    async fn rest(
        &self,
        subscription: &mut Subscription,
        prefetch: u16,
        untaken: &Deliveries,
        ended: &mut oneshot::Receiver<()>,
    ) -> Result<(), Ceased> {
        let kind = self.config.kind.name();
        let mut rest = subscription.cease().await;
        rest.extend(take_back(untaken, false));
        self.give_back(rest).await;
        tracing::warn!(kind, "paused");
        let mut check = tokio::time::interval(CHECK_EVERY);
        loop {
            tokio::select! {
                _ = &mut *ended => return Err(Ceased::Ended),
                () = self.stop.cancelled() => return Err(Ceased::Stopped),
                () = self.pause.until(false) => break,
                _ = check.tick() => {
                    if !subscription.is_alive() {
                        return Err(Ceased::Lost);
                    }
                }
            }
        }
        tracing::info!(kind, "going on");
        let anew = subscription.resume(&self.config, prefetch).await;
        anew.map_err(|error| self.no_more(&error))
    }

    async fn give_back(&self, rest: Vec<Delivery>) {
        untouched::give_back(rest, self.config.kind, &self.user, &self.publisher).await;
    }

    async fn forward(
        &self,
        subscription: &mut Subscription,
        prefetch: u16,
        sender: &mpsc::Sender<Delivery>,
    ) -> Ceased {
        let mut narrow = prefetch < self.config.prefetch;
        let trusted = tokio::time::sleep(TRUST_AFTER);
        let mut check = tokio::time::interval(CHECK_EVERY);
        tokio::pin!(trusted);
        loop {
            tokio::select! {
                // What the consumer has to say is heard before its connection is found dead, as it says why.
                biased;
                // Here, between two deliveries: the channel stays, so that one that was dropped would not come again.
                () = self.pause.until(true) => return Ceased::Paused,
                () = &mut trusted, if narrow => {
                    narrow = false;
                    let rest = match subscription.widen(&self.config).await {
                        Ok(rest) => rest,
                        Err(error) => return self.no_more(&error),
                    };
                    for delivery in rest {
                        if sender.send(delivery).await.is_err() {
                            return Ceased::Ended;
                        }
                    }
                }
                delivery = subscription.consumer.next() => {
                    let delivery = match delivery {
                        Some(Ok(delivery)) => delivery,
                        Some(Err(error)) => return self.no_more(&error),
                        // The broker cancelled it, as when the queue is deleted.
                        None => return Ceased::Lost,
                    };
                    // There is room for all that may be out, so this waits only for leftovers of a lost channel.
                    if sender.send(delivery).await.is_err() {
                        return Ceased::Ended;
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

    fn no_more(&self, error: &lapin::Error) -> Ceased {
        tracing::debug!(kind = self.config.kind.name(), %error, "no more deliveries");
        Ceased::over(error)
    }
}

/// What the worker has not taken. When it is the last time, it can take nothing more.
fn take_back(deliveries: &Deliveries, is_last: bool) -> Vec<Delivery> {
    let mut deliveries = deliveries.lock().unwrap_or_else(PoisonError::into_inner);
    if is_last {
        deliveries.close();
    }
    std::iter::from_fn(|| deliveries.try_recv().ok()).collect()
}
