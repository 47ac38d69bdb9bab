//! RabbitMQ away: 503 at once, nothing accepted that is not kept, and everything works again afterwards.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use broker::testing::TestVhost;
use domain::secret::Secret;
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    callbacks::{self, signed},
    gate::{Gate, State},
    refunds,
    world::{World, eventually, good_body, world_with},
};

/// A world whose way to RabbitMQ can be shut.
async fn gated() -> (World, Gate) {
    let vhost = TestVhost::create().await;
    let (gate, url) = Gate::before_broker(vhost.url().expose()).await;
    let mut world = world_with(|config| config.broker.url = Secret::new(url)).await;
    world.vhost = vhost;
    world.ready().await;
    (world, gate)
}

#[tokio::test]
async fn a_broker_that_was_never_there_gives_503_quickly() {
    let world =
        world_with(|config| config.broker.url = Secret::new("amqp://guest:guest@127.0.0.1:9/x")).await;
    let payment = refunds::paid(&world, "paid").await;
    let about = |action: &str| format!("/api/v1/payments/{}/{action}", payment.id);
    for request in [
        world.pay("k", &good_body()),
        world.pay("k", &good_body()).header("prefer", "wait=30"),
        world.post(refunds::REFUNDS, "k", &refunds::body(payment.id)),
        world
            .post(&about("refund"), "k", &json!({}))
            .header("prefer", "wait=30"),
        world.post(&about("cancel"), "k", &json!({})),
        world.post(&about("confirm"), "k", &json!({})),
    ] {
        let started = Instant::now();
        let answer = world.send(request).await;
        answer.is_problem(503, "/problems/broker-unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
        let title = &answer.body["title"];
        assert_eq!(title, "It is not known whether the request was accepted");
        let detail = answer.body["detail"].as_str().unwrap();
        for told in ["may be carried out", "same Idempotency-Key", "Under a new key"] {
            assert!(detail.contains(told), "{detail}");
        }
        assert!(
            started.elapsed() < Duration::from_millis(2_000),
            "{:?}",
            started.elapsed()
        );
    }
    let ready = world.send(world.request(Method::GET, "/readyz")).await;
    assert_eq!(
        (ready.status, ready.body["postgresql"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("ok"))
    );
    assert_eq!(
        world.send(world.request(Method::GET, "/healthz")).await.status,
        StatusCode::OK
    );
    assert_eq!(
        world.send(world.get("/api/v1/payments")).await.status,
        StatusCode::OK,
        "reading needs no broker"
    );
    world.close().await;
}

#[tokio::test]
async fn a_broker_that_stops_loses_nothing_and_is_found_again() {
    let (world, gate) = gated().await;
    callbacks::set_secrets(&world, &[callbacks::SECRET]).await;
    assert_eq!(
        world.send(world.pay("before", &good_body())).await.status,
        StatusCode::ACCEPTED
    );
    gate.set(State::Closed);
    let started = Instant::now();
    let answer = world.send(world.pay("during", &good_body())).await;
    answer.is_problem(503, "/problems/broker-unavailable");
    assert!(
        started.elapsed() < Duration::from_millis(2_000),
        "{:?}",
        started.elapsed()
    );
    let (header, body) =
        signed(r#"{"id": "evt_1", "object": "event", "type": "charge.refunded", "data": {"object": {}}}"#);
    let callback = callbacks::send(&world, Some(&header), &body).await;
    callback.is_problem(503, "/problems/broker-unavailable");

    gate.set(State::Open);
    eventually("the same request is accepted", async || {
        world.send(world.pay("during", &good_body())).await.status == StatusCode::ACCEPTED
    })
    .await;
    let jobs = world.take_jobs("create_intent", 100).await;
    let kept: BTreeSet<_> = jobs
        .iter()
        .map(|job| job["properties"]["correlation_id"].as_str().unwrap())
        .collect();
    let id = |key: &str| world.job(key).payment_id().to_string();
    assert_eq!(
        kept,
        BTreeSet::from([id("before").as_str(), id("during").as_str()])
    );
    world.close().await;
}

#[tokio::test]
async fn whatever_was_accepted_while_connections_broke_is_in_the_queue() {
    let (world, gate) = gated().await;
    let accepted = join_all((0..600).map(|n| {
        let (world, gate) = (&world, &gate);
        async move {
            let key = format!("k{n}");
            tokio::time::sleep(Duration::from_millis(n * 4)).await;
            match n {
                100 => gate.set(State::Closed),
                450 => gate.set(State::Open),
                _ => {}
            }
            let answer = world.send(world.pay(&key, &good_body())).await;
            match answer.status {
                StatusCode::ACCEPTED => Some(answer.body["id"].as_str().unwrap().to_owned()),
                _ => {
                    answer.is_problem(503, "/problems/broker-unavailable");
                    None
                }
            }
        }
    }))
    .await;
    let accepted: BTreeSet<String> = accepted.into_iter().flatten().collect();
    // Some came before or after the cut; some of those during it waited longer than a client is made to wait.
    assert!(
        (100..600).contains(&accepted.len()),
        "{} were accepted",
        accepted.len()
    );
    let jobs = world.take_jobs("create_intent", 1_000).await;
    let kept: BTreeSet<String> = jobs
        .iter()
        .map(|job| job["properties"]["correlation_id"].as_str().unwrap().to_owned())
        .collect();
    let lost: Vec<_> = accepted.difference(&kept).collect();
    assert!(lost.is_empty(), "accepted, but not in the queue: {lost:?}");
    world.close().await;
}

#[tokio::test]
async fn a_broker_that_hangs_is_not_waited_for_without_end() {
    let vhost = TestVhost::create().await;
    let (gate, url) = Gate::before_broker(vhost.url().expose()).await;
    let world = world_with(|config| {
        config.broker.url = Secret::new(url);
        config.limits.request_timeout = Duration::from_millis(250);
    })
    .await;
    world.ready().await;
    gate.set(State::Stalled);
    let answer = world.send(world.pay("k", &good_body())).await;
    answer.is_problem(503, "/problems/timed-out");
    assert_eq!(answer.header("retry-after"), Some("1"));
    world.close().await;
}

#[tokio::test]
async fn queues_of_another_shape_stop_the_process() {
    let vhost = TestVhost::create().await;
    vhost
        .management()
        .put(
            "queues/{vhost}/jobs.create_intent",
            serde_json::json!({"durable": true}),
        )
        .await;
    let world = world_with(|config| config.broker.url = vhost.url()).await;
    let World { ingress, .. } = world;
    let never = tokio_util::sync::CancellationToken::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), ingress.run_until(never))
        .await
        .unwrap();
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("jobs.create_intent"), "{error}");
}
