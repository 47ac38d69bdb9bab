//! A queue that is filled with copies of its first message, and emptied without looking at them.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use lapin::{
    Channel, Connection, ConnectionProperties,
    message::BasicGetMessage,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, BasicQosOptions,
        ConfirmSelectOptions, QueueDeclareOptions,
    },
    types::FieldTable,
};
use uuid::Uuid;

const AT_ONCE: usize = 256;
const PREFETCH: u16 = 2_000;
/// How long the first message may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The queue, and a connection of its own.
pub struct Spool {
    connection: Connection,
    channel: Channel,
    queue: &'static str,
}

impl Spool {
    /// Connects.
    ///
    /// # Errors
    /// RabbitMQ refuses.
    pub async fn open(amqp_url: &str, queue: &'static str) -> anyhow::Result<Self> {
        let connection = Connection::connect(amqp_url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self {
            connection,
            channel,
            queue,
        })
    }

    /// Publishes so many copies of the first message, each with an idempotency key of its own.
    ///
    /// # Errors
    /// There is no message to copy, or RabbitMQ refuses.
    pub async fn fill(&self, count: u64) -> anyhow::Result<()> {
        let first = self.first().await?;
        let text = String::from_utf8(first.data.clone()).context("a job is JSON")?;
        let body: serde_json::Value = serde_json::from_str(&text)?;
        let key = body["idempotency_key"].as_str().context("a job has its key")?;
        let (before, after) = text.split_once(key).context("the key stands as it is")?;
        stream::iter(0..count)
            .map(|_| async {
                let body = format!("{before}{}{after}", Uuid::new_v4());
                let options = BasicPublishOptions::default();
                let properties = first.properties.clone();
                let confirm = self
                    .channel
                    .basic_publish("".into(), self.queue.into(), options, body.as_bytes(), properties)
                    .await?;
                confirm.await?;
                anyhow::Ok(())
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        first.ack(BasicAckOptions::default()).await?;
        Ok(())
    }

    /// Takes messages out until so many are left.
    ///
    /// # Errors
    /// RabbitMQ refuses.
    pub async fn shorten_to(&self, left: u64) -> anyhow::Result<()> {
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = self
            .channel
            .queue_declare(self.queue.into(), passive, FieldTable::default())
            .await?;
        let surplus = u64::from(queue.message_count()).saturating_sub(left);
        let channel = self.connection.create_channel().await?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let deliveries = channel
            .basic_consume(
                self.queue.into(),
                "shortens".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        let mut taken = deliveries.take(usize::try_from(surplus)?);
        while let Some(delivery) = taken.try_next().await? {
            delivery.ack(BasicAckOptions::default()).await?;
        }
        // What was delivered beyond goes back.
        Ok(channel.close(200, "done".into()).await?)
    }

    /// Disconnects.
    ///
    /// # Errors
    /// RabbitMQ has cut the connection before.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.connection.close(200, "done".into()).await?)
    }

    async fn first(&self) -> anyhow::Result<BasicGetMessage> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let found = self
                .channel
                .basic_get(self.queue.into(), BasicGetOptions::default())
                .await?;
            if let Some(first) = found {
                return Ok(first);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("{} holds no message to copy", self.queue)
    }
}
