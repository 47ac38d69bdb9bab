//! Asking for orders.

use domain::{
    job::{CreateOrder, CreateOrderReply, Job},
    order::OrderView,
};
use reqwest::StatusCode;
use serde_json::json;

use super::{ORDERS, body, creating, stored};
use crate::{
    worker::{ask, only_job},
    world::{open_shop, world},
};

#[tokio::test]
async fn an_order_is_accepted_under_the_id_it_will_have() {
    let world = world().await;
    world.ready().await;
    let job = creating(&world, "k");
    let answer = world.send(world.post(ORDERS, "k", &body())).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let location = format!("{ORDERS}/{}", job.order_id());
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(answer.body["total"], 1000);
    let (published, properties) = only_job::<CreateOrder>(&world).await;
    assert_eq!(published, job);
    assert_eq!(properties["correlation_id"], job.order_id().to_string());
    let answer = world.send(world.get(&location)).await;
    answer.is_problem(404, "/problems/not-found");
    assert_eq!(answer.header("retry-after"), Some("1"));
    world.close().await;
}

#[tokio::test]
async fn whoever_waits_gets_the_order_or_the_conflict() {
    let world = world().await;
    world.ready().await;
    let job = creating(&world, "k");
    let request = || world.post(ORDERS, "k", &body());
    let order = domain::order::Order::new(
        job.merchant_id,
        job.idempotency_key.clone(),
        job.request.clone(),
        chrono::DateTime::UNIX_EPOCH,
    );
    let view = OrderView::from(&order.unwrap());
    let reply = CreateOrderReply::Order(Box::new(view.clone()));
    let answer = ask(&world, request(), &job, &reply).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body, serde_json::to_value(&view).unwrap());
    let answer = ask(&world, request(), &job, &CreateOrderReply::Conflict).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    world.close().await;
}

#[tokio::test]
async fn a_repeat_is_answered_at_once_and_another_body_is_a_conflict() {
    let world = world().await;
    world.ready().await;
    let order = stored(&world, "k", 1).await;
    let answer = world.send(world.post(ORDERS, "k", &body())).await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (StatusCode::OK, Some("true"))
    );
    assert_eq!(
        answer.body,
        serde_json::to_value(OrderView::from(&order)).unwrap()
    );
    let mut other = body();
    other["reference"] = json!("2026-2");
    let answer = world.send(world.post(ORDERS, "k", &other)).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    assert_eq!(
        world.take_jobs(CreateOrder::CONTRACT.kind.name(), 10).await.len(),
        0
    );

    let path = format!("{ORDERS}/{}", order.id);
    let answer = world.send(world.get(&path)).await;
    assert_eq!(
        answer.body,
        serde_json::to_value(OrderView::from(&order)).unwrap()
    );
    let other = open_shop(&world.store).await;
    let stranger = world.request(reqwest::Method::GET, &path).bearer_auth(&other.key);
    world.send(stranger).await.is_problem(404, "/problems/not-found");
    let answer = world.send(world.get(&format!("{ORDERS}/ord_1"))).await;
    answer.is_problem(404, "/problems/not-found");
    world.close().await;
}
