//! A message counts as published when, and only when, the broker has it.

use std::time::{Duration, Instant};

use broker::{PublishError, PublishLimits, Publisher, Target, topology};
use domain::{clock::SystemClock, job::Envelope};
use futures::{
    future::join_all,
    stream::{self, StreamExt},
};
use lapin::options::QueueDeleteOptions;

use crate::support::{House, KIND, UNIT, eventually, job, publish_all, reason};

fn unknown(id: &str) -> Envelope {
    Envelope {
        kind: "make_coffee".to_owned(),
        ..job(id)
    }
}

#[tokio::test]
async fn a_published_job_is_in_its_queue() {
    let house = House::build().await;
    let publisher = house.publisher();
    publisher.publish(Target::Jobs, &job("job_1")).await.unwrap();
    assert_eq!(house.depth("jobs.create_intent").await, 1);
    let [message] = &house.vhost.management().take("jobs.create_intent", 5).await[..] else {
        panic!("one message")
    };
    let properties = &message["properties"];
    assert_eq!(properties["delivery_mode"], 2);
    assert_eq!(properties["message_id"], "job_1");
    assert_eq!(properties["type"], "create_intent");
    assert_eq!(properties["correlation_id"], "pay_1");
    assert_eq!(properties["headers"]["attempt"], 1);
    assert_eq!(properties["headers"]["schema"], 1);
    assert!(properties["user_id"].is_string(), "{message}");
    assert!(properties["timestamp"].is_number(), "{message}");
}

#[tokio::test]
async fn a_job_without_a_queue_is_an_error() {
    let house = House::build().await;
    let error = house
        .publisher()
        .publish(Target::Jobs, &unknown("job_1"))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        PublishError::Unroutable("queue jobs.make_coffee".to_owned())
    );
    assert_eq!(house.depth(topology::UNROUTABLE_QUEUE).await, 0);
}

#[tokio::test]
async fn a_dead_letter_of_an_unknown_kind_is_parked_with_the_unroutable() {
    let house = House::build().await;
    house
        .publisher()
        .publish(Target::Dead { reason: reason() }, &unknown("job_1"))
        .await
        .unwrap();
    assert_eq!(house.depth(topology::UNROUTABLE_QUEUE).await, 1);
}

/// Every verdict must be right however many messages are in flight at once.
async fn verdicts_are_right(house: &House, limits: PublishLimits, total: usize) {
    let publisher = Publisher::connect_with(house.config.clone(), limits, std::sync::Arc::new(SystemClock));
    let publishes = stream::iter(0..total).map(async |n| {
        // Neighbours of every sort, so that returns meet confirms in every order.
        let routable = (n * n / 7) % 5 != 2 && n % 11 != 3;
        let id = format!("job_{n}");
        let envelope = if routable { job(&id) } else { unknown(&id) };
        (routable, publisher.publish(Target::Jobs, &envelope).await)
    });
    let verdicts: Vec<_> = publishes.buffer_unordered(4 * limits.window).collect().await;
    let routable = verdicts.iter().filter(|(routable, _)| *routable).count();
    assert!(
        routable > total / 2 && routable < total * 9 / 10,
        "{routable} of {total}"
    );
    let is_wrong = |(routable, verdict): &&(bool, Result<(), PublishError>)| match verdict {
        Ok(()) => !routable,
        Err(PublishError::Unroutable(_)) => *routable,
        Err(PublishError::Unavailable(_) | PublishError::Malformed(_)) => true,
    };
    let wrong: Vec<_> = verdicts.iter().filter(is_wrong).collect();
    assert!(wrong.is_empty(), "{} wrong, such as {:?}", wrong.len(), wrong[0]);
    assert_eq!(house.depth("jobs.create_intent").await as usize, routable);
}

fn limits(lanes: usize, window: usize) -> PublishLimits {
    PublishLimits {
        deadline: Duration::from_secs(60),
        lanes,
        window,
        ..PublishLimits::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wrong_verdict_with_64_in_flight() {
    verdicts_are_right(&House::build().await, limits(1, 64), 5_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wrong_verdict_with_several_lanes() {
    verdicts_are_right(&House::build().await, limits(12, 128), 5_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wrong_verdict_with_one_in_flight() {
    verdicts_are_right(&House::build().await, limits(1, 1), 1_000).await;
}

#[tokio::test]
async fn a_batch_gets_its_verdicts_in_order() {
    let house = House::build().await;
    let batch = (0..300).map(|n| {
        (
            Target::Jobs,
            if n == 123 {
                unknown("x")
            } else {
                job(&format!("job_{n}"))
            },
        )
    });
    let verdicts = publish_all(&house.publisher(), batch).await;
    let failed: Vec<usize> = (0..300).filter(|n| verdicts[*n].is_err()).collect();
    assert_eq!(failed, [123]);
    assert_eq!(house.depth("jobs.create_intent").await, 299);
}

#[tokio::test]
async fn a_queue_that_disappears_is_noticed() {
    let house = House::build().await;
    let publisher = house.publisher();
    publisher.publish(Target::Jobs, &job("job_1")).await.unwrap();
    let (_connection, channel) = house.channel().await;
    channel
        .queue_delete(topology::jobs_queue(KIND).into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    let error = publisher.publish(Target::Jobs, &job("job_2")).await.unwrap_err();
    assert!(matches!(error, PublishError::Unroutable(_)), "{error}");
}

#[tokio::test]
async fn without_a_broker_a_publish_fails_within_a_second_or_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let house = House::build().await;
    let url = domain::secret::Secret::new(format!("amqp://guest:guest@{free}/%2f"));
    let publisher = Publisher::connect(broker::BrokerConfig {
        url,
        ..house.config.clone()
    });
    let started = Instant::now();
    let error = publisher.publish(Target::Jobs, &job("job_1")).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error}");
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert!(!publisher.is_ready());
}

#[tokio::test]
async fn a_broker_that_accepts_and_says_nothing_is_unavailable_too() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = domain::secret::Secret::new(format!("amqp://guest:guest@{}/%2f", silent.local_addr().unwrap()));
    let config = broker::BrokerConfig {
        url,
        connection_name: "test".to_owned(),
        retry_unit: UNIT,
    };
    let publisher = Publisher::connect(config);
    let error = publisher.publish(Target::Jobs, &job("job_1")).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_disturb_the_others() {
    let house = House::build().await;
    let publisher = house.publisher();
    eventually("ready", async || publisher.is_ready()).await;
    let publishes = (0..400).map(|n| {
        let publisher = publisher.clone();
        async move {
            let envelope = job(&format!("job_{n}"));
            let publish = publisher.publish(Target::Jobs, &envelope);
            if n % 3 == 0 {
                tokio::time::timeout(Duration::from_micros(50 * (n % 40)), publish)
                    .await
                    .unwrap_or(Ok(()))
            } else {
                publish.await
            }
        }
    });
    let verdicts = join_all(publishes).await;
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    assert!(house.depth("jobs.create_intent").await >= 266);
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_and_nothing_else_suffers() {
    let house = House::build().await;
    let publisher = house.publisher();
    let endless = Envelope {
        correlation_id: "x".repeat(256),
        ..job("job_1")
    };
    let (bad, good) = (job("job_2"), job("job_3"));
    let (refused, published, unanswerable) = tokio::join!(
        publisher.publish(Target::Jobs, &endless),
        publisher.publish(Target::Jobs, &good),
        publisher.reply(&bad, vec![]),
    );
    assert!(matches!(refused, Err(PublishError::Malformed(_))), "{refused:?}");
    assert!(
        matches!(unanswerable, Err(PublishError::Malformed(_))),
        "{unanswerable:?}"
    );
    assert_eq!(published, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_closed_by_force_lose_nothing_that_was_confirmed() {
    let house = House::build().await;
    let publisher = house.publisher();
    let publishing = {
        let publisher = publisher.clone();
        tokio::spawn(async move {
            let mut confirmed = 0;
            for round in 0..40 {
                let batch = (0..50).map(|n| (Target::Jobs, job(&format!("job_{round}_{n}"))));
                confirmed += publish_all(&publisher, batch)
                    .await
                    .iter()
                    .filter(|one| one.is_ok())
                    .count();
            }
            confirmed
        })
    };
    while !publishing.is_finished() {
        house.vhost.close_connections().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let confirmed = publishing.await.unwrap();
    assert!(
        (1..40 * 50).contains(&confirmed),
        "{confirmed} confirmed: not disturbed enough, or too much"
    );
    let kept = house.depth("jobs.create_intent").await as usize;
    assert!(kept >= confirmed, "{kept} kept, but {confirmed} confirmed");
    eventually("published again", async || {
        publisher.publish(Target::Jobs, &job("job_last")).await.is_ok()
    })
    .await;
}
