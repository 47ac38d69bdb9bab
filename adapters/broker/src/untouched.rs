//! Giving back deliveries that nobody began.
//!
//! They say nothing about their jobs, so they must not bring them nearer to the delivery limit, which is for jobs that
//! take their workers down. RabbitMQ 4 does not count a negative acknowledgement; earlier versions do. Hence a job that
//! was handed out often already is sent around as a new message, whose count begins anew. All others go back to the
//! head of their queue, where they came from.

use std::time::Duration;

use domain::{
    job::{Envelope, Kind},
    outcome::{ErrorClass, Reason},
};
use futures::future::join_all;
use lapin::{
    message::Delivery,
    options::{BasicAckOptions, BasicNackOptions},
};

use crate::{message, publisher::Publisher, topology::DELIVERY_LIMIT};

/// From so many deliveries on a job is sent around. Whatever else may happen to it has the other half of the limit.
const OFTEN: u32 = DELIVERY_LIMIT / 2;

/// How long all of it may take. What is not given back by then goes back with the channel.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Gives back deliveries from the queue of `kind`.
pub(crate) async fn give_back(deliveries: Vec<Delivery>, kind: Kind, user: &str, publisher: &Publisher) {
    let count = deliveries.len();
    let given_back = deliveries
        .into_iter()
        .map(|delivery| give_one_back(delivery, kind, user, publisher));
    if tokio::time::timeout(TIMEOUT, join_all(given_back)).await.is_err() {
        tracing::warn!(
            kind = kind.name(),
            "not every job could be given back to its queue"
        );
    } else if count > 0 {
        tracing::info!(kind = kind.name(), count, "gave back jobs that nobody began");
    }
}

async fn give_one_back(mut delivery: Delivery, kind: Kind, user: &str, publisher: &Publisher) {
    let acker = delivery.acker.clone();
    let often = message::earlier_deliveries(&delivery) >= OFTEN;
    let settled = if often && send_around(&mut delivery, kind, user, publisher).await {
        acker.ack(BasicAckOptions::default()).await
    } else {
        let requeue = BasicNackOptions {
            requeue: true,
            multiple: false,
        };
        acker.nack(requeue).await
    };
    if !matches!(settled, Ok(true)) {
        tracing::debug!("the channel is gone, which returns the job to its queue as well");
    }
}

/// True once the broker has confirmed the new message.
async fn send_around(delivery: &mut Delivery, kind: Kind, user: &str, publisher: &Publisher) -> bool {
    let read = message::read(delivery, kind.name(), user, publisher.clock().now());
    // The new message has never been handed out, but the job has: that it was put off is what still tells so.
    let envelope = Envelope {
        snoozes: read.snoozes.saturating_add(1),
        ..read
    };
    let reason = Reason::new(
        ErrorClass::Interrupted,
        "it was given back before anybody began it",
    );
    let tier = publisher.ladder().at_least(Duration::ZERO);
    let sent = publisher.retry(&envelope, kind, tier, &reason).await;
    sent.inspect_err(|error| tracing::warn!(%error, job_id = envelope.job_id, "not sent around"))
        .is_ok()
}
