//! RabbitMQ by itself.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
        QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use uuid::Uuid;

use super::Rate;
use crate::meter::Meter;

const QUEUE: &str = "bench.raw";
/// Publishes under way at once: as many as there are connections to ingress.
const AT_ONCE: usize = 64;
/// Deliveries ahead of their acknowledgement: as many as workers take.
const PREFETCH: u16 = 128;
/// The size of a `create_intent` message's body, in bytes.
const BODY: usize = 640;
const PERSISTENT: u8 = 2;

/// Publishes for a while, and then consumes what was published.
pub async fn measure(amqp_url: &str, meter: &Meter, during: Duration) -> anyhow::Result<(Rate, Rate)> {
    let connection = Connection::connect(amqp_url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel.queue_declare(QUEUE.into(), durable, arguments).await?;
    let (published, publish) = publish_all(&channel, meter, during).await?;
    let consume = consume_all(&connection, meter, published).await?;
    connection.close(200, "done".into()).await?;
    Ok((publish, consume))
}

async fn publish_all(channel: &Channel, meter: &Meter, during: Duration) -> anyhow::Result<(u64, Rate)> {
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let body = vec![b'x'; BODY];
    let count = AtomicU64::new(0);
    let (before, began) = (meter.read(), Instant::now());
    stream::iter(std::iter::repeat_with(|| ()).take_while(|()| began.elapsed() < during))
        .map(|()| publish(channel, &body))
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |()| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .await?;
    let published = count.into_inner();
    Ok((published, Rate::of(published, meter.since(&before))))
}

async fn publish(channel: &Channel, body: &[u8]) -> anyhow::Result<()> {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = BasicProperties::default()
        .with_message_id(Uuid::new_v4().to_string().into())
        .with_correlation_id(Uuid::new_v4().to_string().into())
        .with_delivery_mode(PERSISTENT);
    let confirm = channel
        .basic_publish("".into(), QUEUE.into(), options, body, properties)
        .await?;
    confirm.await?;
    Ok(())
}

async fn consume_all(connection: &Connection, meter: &Meter, count: u64) -> anyhow::Result<Rate> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let before = meter.read();
    let mut deliveries = channel
        .basic_consume(
            QUEUE.into(),
            "bench".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await?;
    for _ in 0..count {
        if let Some(delivery) = deliveries.try_next().await? {
            delivery.ack(BasicAckOptions::default()).await?;
        }
    }
    Ok(Rate::of(count, meter.since(&before)))
}
