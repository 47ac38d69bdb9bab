//! Waiting for a worker's answer.

use std::time::{Duration, Instant};

use broker::{Called, Caller, PublishError};
use domain::{job::Envelope, outcome::Disposition};

use crate::support::{House, Worker, job};

const WAIT: Duration = Duration::from_secs(10);

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
