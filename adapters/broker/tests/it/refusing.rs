//! A broker that refuses: a queue that is full, a channel closed over a missing right, a queue that may not be put back.
//! Nothing counts as done that was refused, and all goes on by itself once the reason is gone.

use std::time::Duration;

use broker::{PublishError, Target};
use domain::{job::Envelope, outcome::Disposition};
use lapin::{
    BasicProperties,
    options::BasicPublishOptions,
    types::{AMQPValue, FieldTable},
};
use serde_json::json;

use crate::support::{House, Seen, UNIT, eventually, job, nothing_else, reason};

/// Lets queues hold no more than one message, and refuse the rest.
async fn fill(house: &House, pattern: &str) {
    let full = json!({ "max-length": 1, "overflow": "reject-publish" });
    let policy = json!({ "pattern": pattern, "definition": full, "apply-to": "queues" });
    house
        .vhost
        .management()
        .put("policies/{vhost}/full", policy)
        .await;
}

async fn make_room(house: &House) {
    house.vhost.management().delete("policies/{vhost}/full").await;
}

/// What the user may do: each a pattern of names.
async fn allow(house: &House, configure: &str, write: &str, read: &str) {
    let rights = json!({ "configure": configure, "write": write, "read": read });
    let path = format!("permissions/{{vhost}}/{}", house.vhost.user());
    house.vhost.management().put(&path, rights).await;
}

fn numbered(n: usize) -> Envelope {
    job(&format!("job_{n}"))
}

#[tokio::test]
async fn a_full_queue_refuses_the_message_and_takes_it_later() {
    let house = House::build().await;
    let publisher = house.publisher();
    fill(&house, "^jobs\\.create_intent$").await;
    let mut taken = 0;
    // The policy comes into force a moment later, and the broker may let in a few more than it says.
    let refused = loop {
        match publisher.publish(Target::Jobs, &numbered(taken)).await {
            Ok(()) => taken += 1,
            Err(refused) => break refused,
        }
        assert!(taken < 10_000, "a queue without a bottom");
    };
    assert!(matches!(refused, PublishError::Unavailable(_)), "{refused}");
    assert_eq!(
        refused.to_string(),
        "the broker did not confirm the message: it refused the message"
    );
    assert!(
        publisher.is_ready(),
        "one full queue is no reason to give up the connection"
    );
    let elsewhere = Target::Dead { reason: reason() };
    assert_eq!(publisher.publish(elsewhere, &job("job_x")).await, Ok(()));

    make_room(&house).await;
    eventually("taken again", async || {
        publisher.publish(Target::Jobs, &numbered(taken)).await.is_ok()
    })
    .await;
    assert_eq!(house.depth("jobs.create_intent").await as usize, taken + 1);
}

/// The job stays in hand while its retry and its dead letter are refused, and neither is handled nor counted anew.
#[tokio::test]
async fn a_job_is_kept_while_what_follows_from_it_is_refused() {
    let house = House::build().await;
    let publisher = house.publisher();
    fill(&house, "^(retry|dead)\\.").await;
    let parked = async || {
        publisher
            .publish(Target::Dead { reason: reason() }, &job("filler"))
            .await
    };
    let delayed = async || {
        publisher
            .publish(
                Target::Retry {
                    delay: Duration::from_secs(3_600),
                },
                &job("filler"),
            )
            .await
    };
    eventually("dead letters are refused", async || parked().await.is_err()).await;
    eventually("retries are refused", async || delayed().await.is_err()).await;
    let dead = house.depth("dead.create_intent").await;
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(4, move |envelope| {
        let again = envelope.attempt > 1;
        let to_retry = envelope.job_id == "to_retry";
        notes.note(envelope);
        async move {
            Ok(match (to_retry, again) {
                (true, false) => Disposition::Retry {
                    reason: reason(),
                    delay: UNIT * 5,
                    at_least: Duration::ZERO,
                },
                (true, true) => Disposition::Complete,
                (false, _) => Disposition::DeadLetter(reason()),
            })
        }
    });
    for id in ["to_retry", "to_park"] {
        publisher.publish(Target::Jobs, &job(id)).await.unwrap();
    }
    seen.until(2).await;
    // Longer than several tries to publish.
    tokio::time::sleep(UNIT * 8).await;
    assert!(worker.status.is_consuming());
    make_room(&house).await;
    house.until_depth("dead.create_intent", dead + 1).await;
    let runs = seen.until(3).await;
    worker.stop().await;
    let of = |id: &str| {
        runs.iter()
            .filter(|run| run.job_id == id && !run.redelivered)
            .count()
    };
    assert_eq!((of("to_retry"), of("to_park"), runs.len()), (2, 1, 3));
    assert_eq!(house.depth("jobs.create_intent").await, 0);
}

/// The broker closes a channel over a right that is missing. It is replaced, for as long as it takes.
#[tokio::test]
async fn channels_closed_by_the_broker_again_and_again_are_replaced() {
    let house = House::build().await;
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(2, move |envelope| {
        notes.note(envelope);
        async { nothing_else() }
    });
    eventually("consuming", async || worker.status.is_consuming()).await;
    allow(&house, ".*", "^$", "^$").await;
    // A channel remembers rights that it has used, so only new ones are refused.
    house.vhost.close_connections().await;
    eventually("no longer consuming", async || !worker.status.is_consuming()).await;
    let publisher = house.publisher();
    eventually("connected", async || publisher.is_ready()).await;
    for n in 0..10 {
        let refused = publisher.publish(Target::Jobs, &numbered(n)).await.unwrap_err();
        assert!(matches!(refused, PublishError::Unavailable(_)), "{refused}");
    }
    assert!(!worker.status.is_consuming() && !worker.task.is_finished());

    allow(&house, ".*", ".*", ".*").await;
    eventually("published", async || {
        publisher.publish(Target::Jobs, &job("job_last")).await.is_ok()
    })
    .await;
    assert_eq!(seen.until(1).await[0].job_id, "job_last");
    worker.stop().await;
}

#[tokio::test]
async fn a_queue_that_may_not_be_put_back_is_waited_for() {
    let house = House::build().await;
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(2, move |envelope| {
        notes.note(envelope);
        async { nothing_else() }
    });
    eventually("consuming", async || worker.status.is_consuming()).await;
    allow(&house, "^$", ".*", ".*").await;
    house
        .vhost
        .management()
        .delete("queues/{vhost}/jobs.create_intent")
        .await;
    eventually("not consuming", async || !worker.status.is_consuming()).await;
    let publisher = house.publisher();
    let error = publisher.publish(Target::Jobs, &job("job_0")).await.unwrap_err();
    assert!(matches!(error, PublishError::Unroutable(_)), "{error}");
    allow(&house, ".*", ".*", ".*").await;
    eventually("published", async || {
        publisher.publish(Target::Jobs, &job("job_1")).await.is_ok()
    })
    .await;
    seen.until(1).await;
    worker.stop().await;
}

/// Its headers nearly fill the largest frame there may be, so that with ours added they would not fit, and the broker
/// would cut the connection that everybody publishes on.
#[tokio::test]
async fn a_job_with_endless_headers_is_parked_and_takes_no_connection_with_it() {
    let house = House::build().await;
    let (_connection, channel) = house.channel().await;
    let mut headers = FieldTable::default();
    headers.insert(
        "traceparent".into(),
        AMQPValue::LongString("x".repeat(130_800).into()),
    );
    let properties = BasicProperties::default().with_headers(headers);
    let options = BasicPublishOptions::default();
    channel
        .basic_publish("jobs".into(), "create_intent".into(), options, b"{}", properties)
        .await
        .unwrap();
    let worker = house.work(2, |_| async { Ok(Disposition::DeadLetter(reason())) });
    house.until_depth("dead.create_intent", 1).await;
    worker.stop().await;
}
