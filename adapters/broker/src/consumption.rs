//! Keeping a subscription to one queue alive: connect, put the topology in place, consume, and begin again whenever
//! the broker restarts, closes the channel or deletes the queue.
//!
//! It runs as a task of its own, so that it notices a lost connection even while the worker is busy.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures::StreamExt;
use lapin::{
    Channel, Connection, Consumer,
    message::Delivery,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Duration,
};

use crate::{
    backend::ConsumerConfig,
    config::Patience,
    ladder::RetryLadder,
    topology::{self, TopologyError, jobs_queue},
};

/// How long saying goodbye to the broker may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

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

struct Subscription {
    connection: Connection,
    channel: Channel,
    consumer: Consumer,
}

/// Why deliveries ceased.
enum Ceased {
    Lost,
    Stopped,
}

impl Subscriber {
    async fn run(self, mut stopped: oneshot::Receiver<()>) {
        let kind = self.config.kind.name();
        let mut patience = Patience::new();
        loop {
            let subscribed = tokio::select! {
                _ = &mut stopped => return,
                subscribed = self.subscribe() => subscribed,
            };
            match subscribed {
                Ok(mut subscription) => {
                    tracing::info!(kind, "consuming");
                    patience = Patience::new();
                    self.consuming.store(true, Ordering::Relaxed);
                    let ceased = self.forward(&mut subscription.consumer, &mut stopped).await;
                    self.consuming.store(false, Ordering::Relaxed);
                    subscription.leave().await;
                    if matches!(ceased, Ceased::Stopped) {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(kind, %error, "cannot consume");
                    tokio::select! {
                        _ = &mut stopped => return,
                        () = patience.wait() => {}
                    }
                }
            }
        }
    }

    async fn subscribe(&self) -> Result<Subscription, TopologyError> {
        let connection = self.config.broker.open(&self.name).await?;
        let channel = connection.create_channel().await?;
        topology::declare(&channel, &RetryLadder::new(self.config.broker.retry_unit)).await?;
        channel
            .basic_qos(self.config.prefetch, BasicQosOptions::default())
            .await?;
        let queue = jobs_queue(self.config.kind);
        let options = BasicConsumeOptions::default();
        let consumer = channel
            .basic_consume(queue.into(), self.config.tag(), options, FieldTable::default())
            .await?;
        Ok(Subscription {
            connection,
            channel,
            consumer,
        })
    }

    async fn forward(&self, consumer: &mut Consumer, stopped: &mut oneshot::Receiver<()>) -> Ceased {
        loop {
            let delivery = tokio::select! {
                _ = &mut *stopped => return Ceased::Stopped,
                delivery = consumer.next() => delivery,
            };
            let Some(Ok(delivery)) = delivery else {
                tracing::warn!(kind = self.config.kind.name(), "the subscription was lost");
                return Ceased::Lost;
            };
            // There is room for all that may be unacknowledged, so this waits only for leftovers of a lost channel.
            let taken = tokio::select! {
                _ = &mut *stopped => return Ceased::Stopped,
                taken = self.sender.send(delivery) => taken,
            };
            if taken.is_err() {
                return Ceased::Stopped;
            }
        }
    }
}

impl Subscription {
    /// Stops deliveries first and closes then, which returns to the queue what nobody started on. All acknowledgements
    /// sent before are heard, as the broker reads a channel in order.
    async fn leave(self) {
        let goodbye = async {
            self.channel
                .basic_cancel(self.consumer.tag(), BasicCancelOptions::default())
                .await?;
            self.channel.close(200, "done".into()).await?;
            self.connection.close(200, "done".into()).await
        };
        match tokio::time::timeout(GOODBYE_TIMEOUT, goodbye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%error, "the connection was gone before it was closed");
                // A channel can be gone while its connection is not.
                let closing = self.connection.close(200, "done".into());
                let _ = tokio::time::timeout(GOODBYE_TIMEOUT, closing).await;
            }
            Err(_) => tracing::warn!("RabbitMQ did not answer our goodbye"),
        }
    }
}
