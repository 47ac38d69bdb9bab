//! The same key names the same payment, and another body under it is refused.

use domain::{
    id::PaymentId,
    payment::{Payment, PaymentStatus},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    worker::only_job,
    world::{good_body, job_id, job_ids, open_shop, world},
};

#[tokio::test]
async fn an_accepted_payment_is_a_job_in_the_queue() {
    let world = world().await;
    world.ready().await;
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = world
        .send(
            world
                .pay("order-1", &good_body())
                .header("traceparent", traceparent),
        )
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let job = world.job("order-1");
    let id = job.payment_id().to_string();
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/payments/{id}").as_str())
    );
    assert_eq!(
        answer.header("x-request-id"),
        Some("4bf92f3577b34da6a3ce929d0e0e4736")
    );
    assert_eq!(
        answer.body,
        json!({
            "id": id, "merchant_id": world.shop.id.to_string(), "status": "pending", "amount": 1999,
            "currency": "USD", "description": "Two coffees", "reference": null, "metadata": {"table": "9"},
        })
    );
    let jobs = world.take_jobs("create_intent", 10).await;
    let [message] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    let properties = &message["properties"];
    assert_eq!(properties["type"], "create_intent");
    assert_eq!(properties["correlation_id"], Value::from(id));
    assert_eq!(properties["delivery_mode"], 2);
    let carried = properties["headers"]["traceparent"].as_str().unwrap();
    assert!(carried.contains("4bf92f3577b34da6a3ce929d0e0e4736"), "{carried}");
    let payload: domain::job::CreateIntent =
        serde_json::from_str(message["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload, job);
    world.close().await;
}

#[tokio::test]
async fn a_repeat_before_anything_is_stored_is_the_same_job() {
    let world = world().await;
    world.ready().await;
    // White space, the order of fields and the case of the currency do not make it another request.
    let reordered =
        r#"{ "metadata": {"table": "9"}, "description": "Two coffees", "currency": "usd", "amount": 1999 }"#;
    let first = world.send(world.pay("k", &good_body())).await;
    let second = world.pay("k", &json!({})).body(reordered);
    let second = world.send(second).await;
    assert_eq!(
        (first.status, second.status),
        (StatusCode::ACCEPTED, StatusCode::ACCEPTED)
    );
    assert_eq!(first.body, second.body);
    let ids = job_ids(&world.take_jobs("create_intent", 10).await);
    assert_eq!(ids, vec![job_id(&world.job("k")); 2]);
    let other = world.send(world.pay("k2", &good_body())).await;
    assert_ne!(other.body["id"], first.body["id"]);
    world.close().await;
}

#[tokio::test]
async fn a_repeat_of_a_stored_payment_answers_the_payment() {
    let world = world().await;
    world.ready().await;
    world
        .store(&world.payment("k", PaymentStatus::RequiresAction, 1))
        .await;
    let answer = world
        .send(world.pay("k", &good_body()).header("prefer", "wait=5"))
        .await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (StatusCode::OK, Some("true"))
    );
    assert_eq!(answer.body["status"], "requires_action");
    let id = world.job("k").payment_id();
    assert_eq!(
        answer.body["next_action"]["client_secret"],
        format!("pi_{id}_secret")
    );
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/payments/{id}").as_str())
    );
    assert_eq!(
        world.take_jobs("create_intent", 10).await.len(),
        0,
        "a stored payment needs no job"
    );

    let mut changed = good_body();
    changed["amount"] = json!(2000);
    let answer = world.send(world.pay("k", &changed)).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    assert_eq!(world.take_jobs("create_intent", 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn a_repeat_of_a_payment_nobody_finished_is_queued_again() {
    let world = world().await;
    world.ready().await;
    let pending = world.payment("k", PaymentStatus::Pending, 1);
    world
        .store(&Payment {
            intent_id: None,
            next_action: None,
            ..pending
        })
        .await;
    assert_eq!(
        world.send(world.pay("k", &good_body())).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(world.take_jobs("create_intent", 10).await.len(), 1);
    world.close().await;
}

#[tokio::test]
async fn another_merchant_may_use_the_same_key_and_sees_nothing() {
    let world = world().await;
    world.ready().await;
    let payment = world.payment("k", PaymentStatus::Succeeded, 1);
    world.store(&payment).await;
    let other = open_shop(&world.store).await;
    let request = world
        .request(reqwest::Method::POST, "/api/v1/payments")
        .bearer_auth(&other.key);
    let answer = world
        .send(request.header("idempotency-key", "k").json(&good_body()))
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let id: PaymentId = answer.body["id"].as_str().unwrap().parse().unwrap();
    assert_ne!(id, payment.id);

    let path = format!("/api/v1/payments/{}", payment.id);
    let theirs = world
        .send(world.request(reqwest::Method::GET, &path).bearer_auth(&other.key))
        .await;
    theirs.is_problem(404, "/problems/not-found");
    let ours = world.send(world.get(&path)).await;
    assert_eq!(
        (ours.status, ours.body["status"].as_str()),
        (StatusCode::OK, Some("succeeded"))
    );
    world.close().await;
}

#[tokio::test]
async fn how_long_a_payment_may_wait_is_part_of_what_is_asked_for() {
    let world = world().await;
    world.ready().await;
    let mut body = good_body();
    body["expires_in_s"] = json!(3600);
    let answer = world.send(world.pay("k", &body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let (taken, _) = only_job::<domain::job::CreateIntent>(&world).await;
    assert_eq!(taken.request.expires_in_s, Some(3600));
    assert_ne!(taken.request.fingerprint(), world.job("k").request.fingerprint());
    for bad in [0, 2_592_001] {
        body["expires_in_s"] = json!(bad);
        let answer = world.send(world.pay("k", &body)).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names("expires_in_s", "2592000 seconds");
    }
    world.close().await;
}
