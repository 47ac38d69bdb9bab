//! One subscription to one queue: a connection, a channel and a consumer on it.

use std::{io, time::Duration};

use futures::{FutureExt, StreamExt};
use lapin::{
    Channel, Connection, Consumer,
    message::Delivery,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};

use crate::{
    backend::ConsumerConfig,
    ladder::RetryLadder,
    topology::{self, TopologyError, jobs_queue},
};

/// How long beginning may take, connecting included.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long saying goodbye to the broker may take, or any other word in between.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Subscription {
    connection: Connection,
    channel: Channel,
    /// The deliveries.
    pub consumer: Consumer,
    /// Whether the consumer was told to take no more.
    has_ceased: bool,
}

impl Subscription {
    pub(crate) async fn begin(
        config: &ConsumerConfig,
        name: &str,
        prefetch: u16,
    ) -> Result<Self, TopologyError> {
        let beginning = async {
            let connection = config.broker.open(name).await?;
            let channel = connection.create_channel().await?;
            // The process has put the topology in place when it started. To ask for all of it again would be dozens of
            // round trips for each subscription, all at the moment at which a broker has just come back; and in a cluster
            // that has just lost a node, a wait for the last of all queues to have a leader.
            let (channel, consumer) = match consume(&channel, config, prefetch).await {
                Ok(consumer) => (channel, consumer),
                Err(error) if topology::is_missing(&error) => {
                    declare_and_consume(&connection, config, prefetch).await?
                }
                Err(error) => return Err(error.into()),
            };
            Ok(Self {
                connection,
                channel,
                consumer,
                has_ceased: false,
            })
        };
        let late = |_| TopologyError::Unreachable("it answers too slowly".to_owned());
        tokio::time::timeout(BEGIN_TIMEOUT, beginning)
            .await
            .map_err(late)?
    }

    /// Takes as many jobs at once as configured from now on. The channel stays, so that what is out can still be
    /// acknowledged; gives what was delivered meanwhile.
    pub(crate) async fn widen(&mut self, config: &ConsumerConfig) -> lapin::Result<Vec<Delivery>> {
        let late = |_| lapin::Error::from(io::Error::from(io::ErrorKind::TimedOut));
        tokio::time::timeout(ANSWER_TIMEOUT, self.consume_anew(config))
            .await
            .map_err(late)?
    }

    /// Takes jobs again after [`Self::cease`], over the same channel.
    pub(crate) async fn resume(&mut self, config: &ConsumerConfig, prefetch: u16) -> lapin::Result<()> {
        let late = |_| lapin::Error::from(io::Error::from(io::ErrorKind::TimedOut));
        let consuming = consume(&self.channel, config, prefetch);
        self.consumer = tokio::time::timeout(ANSWER_TIMEOUT, consuming)
            .await
            .map_err(late)??;
        self.has_ceased = false;
        Ok(())
    }

    async fn consume_anew(&mut self, config: &ConsumerConfig) -> lapin::Result<Vec<Delivery>> {
        // The broker applies a prefetch only to consumers that begin after it was set.
        let mut rest = Vec::new();
        self.take_rest(&mut rest).await?;
        self.consumer = consume(&self.channel, config, config.prefetch).await?;
        Ok(rest)
    }

    /// Takes no more jobs. The channel stays, so that what is out can still be acknowledged; gives what was delivered
    /// and not yet taken out of the consumer.
    pub(crate) async fn cease(&mut self) -> Vec<Delivery> {
        let mut rest = Vec::new();
        if std::mem::replace(&mut self.has_ceased, true) {
            return rest;
        }
        let taken = tokio::time::timeout(ANSWER_TIMEOUT, self.take_rest(&mut rest)).await;
        if !matches!(taken, Ok(Ok(()))) {
            tracing::warn!("RabbitMQ did not confirm that it delivers no more");
            // The channel may stay for as long as jobs are in hand, so what is here must not wait for its end.
            while let Some(Some(Ok(delivery))) = self.consumer.next().now_or_never() {
                rest.push(delivery);
            }
        }
        rest
    }

    /// Adds to `rest` as it goes, so that nothing is forgotten when this is given up half way.
    async fn take_rest(&mut self, rest: &mut Vec<Delivery>) -> lapin::Result<()> {
        self.channel
            .basic_cancel(self.consumer.tag(), BasicCancelOptions::default())
            .await?;
        while let Some(delivery) = self.consumer.next().await {
            rest.push(delivery?);
        }
        Ok(())
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Closes the channel, which returns to the queue whatever is not settled. All acknowledgements sent before are heard,
    /// as the broker reads a channel in order.
    pub(crate) async fn leave(self) {
        let goodbye = async {
            self.channel.close(200, "done".into()).await?;
            self.connection.close(200, "done".into()).await
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, goodbye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%error, "the channel was gone before it was closed");
                // A channel can be gone while its connection is not.
                let closing = self.connection.close(200, "done".into());
                let _ = tokio::time::timeout(ANSWER_TIMEOUT, closing).await;
            }
            Err(_) => tracing::warn!("RabbitMQ did not answer our goodbye"),
        }
    }
}

/// On a channel of its own, as the broker closes the one on which a queue was missed.
async fn declare_and_consume(
    connection: &Connection,
    config: &ConsumerConfig,
    prefetch: u16,
) -> Result<(Channel, Consumer), TopologyError> {
    let channel = connection.create_channel().await?;
    topology::declare(&channel, &RetryLadder::new(config.broker.retry_unit)).await?;
    let consumer = consume(&channel, config, prefetch).await?;
    Ok((channel, consumer))
}

async fn consume(channel: &Channel, config: &ConsumerConfig, prefetch: u16) -> lapin::Result<Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    let (queue, options) = (jobs_queue(config.kind).into(), BasicConsumeOptions::default());
    // An empty tag lets the broker choose one.
    channel
        .basic_consume(queue, "".into(), options, FieldTable::default())
        .await
}
