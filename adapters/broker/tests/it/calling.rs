//! Waiting for a worker's answer.

use std::time::{Duration, Instant};

use broker::{BrokerConfig, Called, Caller, PublishError, Publisher, Target};
use domain::{job::Envelope, outcome::Disposition};

use crate::support::{House, Seen, Worker, job, nothing_else};

const WAIT: Duration = Duration::from_secs(10);
/// What every address of direct reply-to begins with.
const DIRECT_REPLY_TO: &str = "amq.rabbitmq.reply-to";

/// A worker that answers with the job's id.
fn echo(house: &House) -> Worker {
    let publisher = house.publisher();
    house.work(8, move |envelope| {
        let publisher = publisher.clone();
        async move {
            publisher
                .reply(&envelope, envelope.job_id.clone().into_bytes())
                .await?;
            Ok(Disposition::Complete)
        }
    })
}

#[tokio::test]
async fn every_caller_gets_its_own_answer() {
    let house = House::build().await;
    let worker = echo(&house);
    let caller = Caller::connect(house.config.clone());
    let calls = (0..50).map(|n| {
        let caller = caller.clone();
        async move {
            let id = format!("job_{n}");
            assert_eq!(
                caller.call(&job(&id), WAIT).await.unwrap(),
                Called::Replied(id.into_bytes())
            );
        }
    });
    futures::future::join_all(calls).await;
    worker.stop().await;
}

#[tokio::test]
async fn all_who_wait_for_one_job_are_answered() {
    let house = House::build().await;
    let worker = echo(&house);
    let caller = Caller::connect(house.config.clone());
    let envelope = job("job_1");
    let (one, other) = tokio::join!(caller.call(&envelope, WAIT), caller.call(&envelope, WAIT));
    assert_eq!(one.unwrap(), Called::Replied(b"job_1".to_vec()));
    assert_eq!(other.unwrap(), Called::Replied(b"job_1".to_vec()));
    worker.stop().await;
}

#[tokio::test]
async fn without_an_answer_the_call_ends_in_time_and_the_job_stays() {
    let house = House::build().await;
    let caller = Caller::connect(house.config.clone());
    let started = Instant::now();
    let called = caller
        .call(&job("job_1"), Duration::from_millis(300))
        .await
        .unwrap();
    assert_eq!(called, Called::TimedOut);
    assert!(
        (300..2_500).contains(&started.elapsed().as_millis()),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(house.depth("jobs.create_intent").await, 1);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_hurts_nobody() {
    let house = House::build().await;
    let caller = Caller::connect(house.config.clone());
    assert_eq!(
        caller.call(&job("job_1"), Duration::ZERO).await.unwrap(),
        Called::TimedOut
    );
    let worker = echo(&house);
    assert_eq!(
        caller.call(&job("job_2"), WAIT).await.unwrap(),
        Called::Replied(b"job_2".to_vec())
    );
    worker.stop().await;
    assert_eq!(house.depth("jobs.create_intent").await, 0);
}

#[tokio::test]
async fn a_lost_connection_while_waiting_is_no_error() {
    let house = House::build().await;
    let caller = Caller::connect(house.config.clone());
    let (envelope, started) = (job("job_1"), Instant::now());
    let closing = async {
        house.until_depth("jobs.create_intent", 1).await;
        house.vhost.close_connections().await;
    };
    let (called, ()) = tokio::join!(caller.call(&envelope, Duration::from_secs(30)), closing);
    assert_eq!(called.unwrap(), Called::TimedOut);
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "it does not wait for what cannot come"
    );
    let worker = echo(&house);
    let again = async || caller.call(&job("job_2"), WAIT).await == Ok(Called::Replied(b"job_2".to_vec()));
    crate::support::eventually("another call", again).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_call_for_a_job_without_a_queue_is_an_error() {
    let house = House::build().await;
    let caller = Caller::connect(house.config.clone());
    let unknown = Envelope {
        kind: "make_coffee".to_owned(),
        ..job("job_1")
    };
    let error = caller.call(&unknown, WAIT).await.unwrap_err();
    assert!(matches!(error, PublishError::Unroutable(_)), "{error}");
}

#[tokio::test]
async fn nobody_can_have_us_answer_into_a_queue() {
    let house = House::build().await;
    let publisher = house.publisher();
    let forged = Envelope {
        reply_to: Some("jobs.create_intent".to_owned()),
        ..job("job_1")
    };
    let error = publisher.reply(&forged, b"{}".to_vec()).await.unwrap_err();
    assert!(matches!(error, PublishError::Malformed(_)), "{error}");
    assert_eq!(house.depth("jobs.create_intent").await, 0);
}

/// Publishes a job as another user of the broker would, asking for the answer at this address.
async fn ask_as_somebody_else(house: &House, address: &str) {
    let management = house.vhost.management();
    let (user, password) = management.create_user().await;
    let config = BrokerConfig {
        url: house.vhost.url_for(&user, &password),
        ..house.config.clone()
    };
    let asking = Envelope {
        reply_to: Some(address.to_owned()),
        ..job("job_1")
    };
    Publisher::connect(config)
        .publish(Target::Jobs, &asking)
        .await
        .unwrap();
    management.remove_user(&user).await;
}

#[tokio::test]
async fn an_address_that_the_broker_chokes_on_takes_no_connection_from_the_jobs() {
    let house = House::build().await;
    let publisher = house.publisher();
    publisher.publish(Target::Jobs, &job("job_0")).await.unwrap();
    let forged = Envelope {
        reply_to: Some(format!("{DIRECT_REPLY_TO}.AAAA.BBBB")),
        ..job("job_1")
    };
    let answering = publisher.reply(&forged, b"{}".to_vec());
    let watching = async {
        for _ in 0..100 {
            assert!(publisher.is_ready(), "the connection for jobs was lost");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // Brokers differ in whether they cut the connection, and so in whether this is confirmed.
    let (_answered, ()) = tokio::join!(answering, watching);
    publisher.publish(Target::Jobs, &job("job_2")).await.unwrap();
}

#[tokio::test]
async fn somebody_elses_job_is_answered_only_at_an_address_of_the_brokers_kind() {
    let house = House::build().await;
    for junk in ["x", "", "x.y", "===.====", "AAAA.BBBB.CCCC", "AAAA", "é234.AAAA"] {
        ask_as_somebody_else(&house, &format!("{DIRECT_REPLY_TO}.{junk}")).await;
        let (seen, publisher) = (Seen::default(), house.publisher());
        let notes = seen.clone();
        let worker = house.work(1, move |envelope: Envelope| {
            notes.note(envelope);
            async { nothing_else() }
        });
        let asked = seen.until(1).await.remove(0);
        worker.stop().await;
        let error = publisher.reply(&asked, b"{}".to_vec()).await.unwrap_err();
        assert!(matches!(error, PublishError::Malformed(_)), "{junk}: {error}");
    }
}

#[tokio::test]
async fn somebody_else_who_asks_as_the_broker_provides_is_answered() {
    let house = House::build().await;
    let management = house.vhost.management();
    let (user, password) = management.create_user().await;
    let worker = echo(&house);
    let caller = Caller::connect(BrokerConfig {
        url: house.vhost.url_for(&user, &password),
        ..house.config.clone()
    });
    let called = caller.call(&job("job_1"), WAIT).await;
    worker.stop().await;
    management.remove_user(&user).await;
    assert_eq!(called, Ok(Called::Replied(b"job_1".to_vec())));
}
