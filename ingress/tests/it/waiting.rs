//! `Prefer: wait=N`: the worker's answer comes back, or the payment goes on without us.

use std::time::Instant;

use domain::{
    job::CreateIntentReply,
    payment::{PaymentStatus, PaymentView},
};
use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    worker::{ask, work},
    world::{Answer, World, good_body, world},
};

async fn wait_for(world: &World, reply: &CreateIntentReply) -> Answer {
    ask(world, world.pay("k", &good_body()), &world.job("k"), reply).await
}

#[tokio::test]
async fn the_workers_answer_is_the_clients_answer() {
    let world = world().await;
    world.ready().await;
    let payment = world.payment("k", PaymentStatus::RequiresAction, 1);
    let view = PaymentView::for_merchant(&payment);
    let answer = wait_for(&world, &CreateIntentReply::Payment(Box::new(view.clone()))).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("preference-applied"), Some("wait=20"));
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/payments/{}", payment.id).as_str())
    );
    assert_eq!(answer.body, serde_json::to_value(&view).unwrap());
    assert!(answer.body["next_action"]["client_secret"].is_string());
    world.close().await;
}

#[tokio::test]
async fn the_worker_may_find_a_conflict() {
    let world = world().await;
    world.ready().await;
    let answer = wait_for(&world, &CreateIntentReply::Conflict).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    world.close().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_does_not_undo_the_acceptance() {
    let world = world().await;
    world.ready().await;
    let request = world.pay("k", &good_body()).header("prefer", "wait=20");
    let job = world.job("k");
    let (answer, ()) = tokio::join!(
        world.send(request),
        work(&world, &job, b"{\"outcome\": \"new\"}".to_vec())
    );
    assert_eq!(
        (answer.status, &answer.body["status"]),
        (StatusCode::ACCEPTED, &Value::from("pending"))
    );
    world.close().await;
}

#[tokio::test]
async fn when_nobody_answers_in_time_the_payment_is_still_accepted() {
    let world = world().await;
    world.ready().await;
    let started = Instant::now();
    let answer = world
        .send(world.pay("k", &good_body()).header("prefer", "wait=1"))
        .await;
    assert!(
        (1.0..4.0).contains(&started.elapsed().as_secs_f64()),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.header("preference-applied"), Some("wait=1"));
    assert_eq!(world.take_jobs("create_intent", 10).await.len(), 1);
    world.close().await;
}
