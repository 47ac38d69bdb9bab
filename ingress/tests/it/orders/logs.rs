//! What happened to an order: every step once, with who and why for its merchant, and without for its user.

use domain::order::{LoggedStep, Order, OrderLog, OrderLogView, StepKind};
use reqwest::Method;
use serde_json::{Value, json};
use store::Record;

use super::{address, paid, stored, stored_of};
use crate::{
    tokens::{claims, world_of_secret},
    world::{World, world},
};

/// So many steps, as workers write them down.
async fn log(world: &World, order: &Order, steps: u32) -> Vec<OrderLog> {
    let step = |number: u32| OrderLog {
        operator: Some(format!("anna-{number}")),
        reason: Some("as agreed".into()),
        payment_id: order.paid_by,
        ..OrderLog::of(order, LoggedStep::Wish(StepKind::Pay), order.created_at)
    };
    let logs: Vec<OrderLog> = (0..steps).map(step).collect();
    world
        .write(Record {
            order_logs: logs.clone(),
            ..Record::default()
        })
        .await;
    logs
}

#[tokio::test]
async fn pages_have_every_step_once_and_none_of_another_order() {
    let world = world().await;
    let (order, other) = (paid(&world, "k").await, stored(&world, "other", 2).await);
    let mut logs = log(&world, &order, 3).await;
    log(&world, &other, 2).await;
    logs.extend(log(&world, &order, 2).await);
    logs.reverse();
    let views: Vec<Value> = logs
        .iter()
        .map(|log| serde_json::to_value(OrderLogView::for_merchant(log)).unwrap())
        .collect();
    let path = address(order.id, "logs");
    for limit in [1, 2, 5, 6] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = format!("{path}?limit={limit}{cursor}");
            let answer = world.send(world.get(&page)).await;
            let data = answer.body["data"].as_array().unwrap();
            assert!(data.len() <= limit);
            seen.extend(data.iter().cloned());
            match answer.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, views, "{limit}");
    }
    assert_eq!(views[0]["operator"], "anna-1");
    assert_eq!(views[0]["payment_id"], order.paid_by.unwrap().to_string());
    // The cursor of another list leads nowhere here.
    let orders = world.send(world.get("/api/v1/orders?limit=1")).await;
    let foreign = orders.body["next_cursor"].as_str().unwrap();
    for query in [
        format!("cursor={foreign}"),
        "cursor=x".into(),
        "colour=red".into(),
    ] {
        let answer = world.send(world.get(&format!("{path}?{query}"))).await;
        answer.is_problem(400, "/problems/invalid-query");
    }
    world.close().await;
}

#[tokio::test]
async fn users_see_the_steps_of_their_own_orders_without_what_the_merchants_people_write() {
    let world = world_of_secret().await;
    let order = stored_of(&world, "k", "bob", 1).await;
    let logs = log(&world, &order, 1).await;
    let path = address(order.id, "logs");
    let bob = crate::tokens::token(&claims("bob", world.shop.id));
    let answer = world.send(world.as_bearer(Method::GET, &path, &bob)).await;
    let view = serde_json::to_value(OrderLogView::for_user(&logs[0])).unwrap();
    assert_eq!(answer.body, json!({ "data": [view], "next_cursor": null }));
    assert_eq!(
        (
            &answer.body["data"][0]["step"],
            &answer.body["data"][0]["operator"]
        ),
        (&json!("pay"), &Value::Null)
    );
    let anna = crate::tokens::token(&claims("anna", world.shop.id));
    let answer = world.send(world.as_bearer(Method::GET, &path, &anna)).await;
    answer.is_problem(404, "/problems/not-found");
    world.close().await;
}
