//! Merchants are told what becomes of their orders: each thing once, whatever is repeated.

use std::collections::BTreeMap;

use domain::{
    id::OrderId,
    order::{OrderStatus, OrderStep},
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    ordering::{pay_with, refund_of, ship},
    support::{World, world},
};

/// What the merchant's endpoint has accepted about an order, in the order in which it was written.
async fn heard(world: &World, id: OrderId) -> Vec<Value> {
    let mut told = BTreeMap::new();
    for delivery in world.deliveries().await {
        let payload = delivery["payload"].clone();
        if payload["data"]["id"] == id.to_string() {
            let at = payload["timestamp"].as_str().unwrap_or_default().to_owned();
            told.insert((at, delivery["id"].to_string()), payload);
        }
    }
    told.into_values().collect()
}

fn types(heard: &[Value]) -> Vec<&str> {
    let types = heard.iter().map(|payload| payload["type"].as_str().unwrap());
    types.collect()
}

/// Waits until the merchant has heard so much, and gives it.
async fn heard_until(world: &World, id: OrderId, expected: &[&str]) -> Vec<Value> {
    let types_of = async || {
        let heard = heard(world, id).await;
        types(&heard).join(" ")
    };
    world.wait_until(expected.join(" "), types_of).await;
    heard(world, id).await
}

async fn pending(world: &World) -> i64 {
    world
        .count("select count(*) from notifications where status <> 'delivered'")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_hears_of_every_step_of_an_order_once() {
    let world = world().await;
    let id = world.order("k").await;
    let declined = pay_with(Some("pm_card_chargeDeclined"));
    for key in ["first", "second"] {
        world.step(key, id, declined.clone()).await;
        let failed = if key == "first" { 1 } else { 2 };
        let count = "select count(*) from order_logs where step = 'payment_failed'";
        world.wait_until(failed, async || world.count(count).await).await;
    }
    let paying = world.order_wish("third", id, pay_with(Some("pm_card_visa")));
    // Everything that is wanted is wanted many times.
    join_all((0..4).map(|_| world.publish(&paying))).await;
    let paid = world.order_until(id, OrderStatus::Paid).await;
    for key in ["cup", "tea"] {
        let refunding = world.order_wish(key, id, refund_of(&[(key, 1)]));
        join_all((0..3).map(|_| world.publish(&refunding))).await;
        let made = "select count(*) from order_logs where step = 'refunded'";
        let so_many = if key == "cup" { 1 } else { 2 };
        world.wait_until(so_many, async || world.count(made).await).await;
    }
    for (key, step) in [("ship", ship()), ("complete", OrderStep::Complete {})] {
        let job = world.order_wish(key, id, step.clone());
        join_all((0..3).map(|_| world.publish(&job))).await;
        world.step(key, id, step).await;
    }
    let expected = [
        "order.payment_failed",
        "order.payment_failed",
        "order.paid",
        "order.refunded",
        "order.refunded",
        "order.shipped",
        "order.completed",
    ];
    let heard = heard_until(&world, id, &expected).await;
    world.wait_until(0, async || pending(&world).await).await;
    let stored = "select count(*) from notifications where order_id is not null";
    assert_eq!(world.count(stored).await, 7);

    let data: Vec<&Value> = heard.iter().map(|payload| &payload["data"]).collect();
    assert_ne!(data[0]["payment_id"], data[1]["payment_id"]);
    assert!(data[0]["reason"].as_str().is_some_and(|why| !why.is_empty()));
    assert_eq!(data[2]["payment_id"], paid.paid_by.unwrap().to_string());
    assert_eq!(
        (&data[2]["status"], &data[2]["total"], &data[2]["reference"]),
        (&json!("paid"), &json!(2_000), &json!("2026-1"))
    );
    assert_ne!(data[3]["refund_id"], data[4]["refund_id"]);
    assert_eq!(
        (&data[3]["amount_refunded"], &data[4]["amount_refunded"]),
        (&json!(250), &json!(750))
    );
    assert_eq!(data[5]["shipment"]["carrier"], "DHL");
    assert_eq!(
        (&data[6]["status"], &data[6]["reason"]),
        (&json!("completed"), &json!("as agreed"))
    );
    assert!(data.iter().all(|data| data.get("items").is_none()));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_hears_that_an_order_was_canceled_or_a_refund_of_it_failed() {
    let world = world().await;
    let canceled = world.order("canceled").await;
    world.step("off", canceled, OrderStep::Cancel {}).await;
    let heard = heard_until(&world, canceled, &["order.canceled"]).await;
    assert_eq!(heard[0]["data"]["payment_id"], Value::Null);

    let order = world.paid_order("paid").await;
    let refusal = json!({ "status": 400, "code": "charge_disputed" });
    world.fault("POST /v1/refunds", "error", refusal).await;
    world.step("cup", order.id, refund_of(&[("cup", 1)])).await;
    let heard = heard_until(&world, order.id, &["order.paid", "order.refund_failed"]).await;
    assert_eq!(heard[1]["data"]["status"], "paid");
    assert!(heard[1]["data"]["refund_id"].is_string() && heard[1]["data"]["reason"].is_string());
    world.close().await;
}

/// Of two payments that succeed one pays the order, which is told once; the other is told as a payment alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_payment_is_no_news_of_its_order() {
    let world = world().await;
    let id = world.order("k").await;
    let (one, two) = (world.begun("one", id).await, world.begun("two", id).await);
    assert!(world.pay(&one, json!({})).await && world.pay(&two, json!({})).await);
    let told = [(&one, "evt_1"), (&two, "evt_2"), (&one, "evt_3"), (&two, "evt_4")];
    join_all(told.map(|(payment, event)| world.paid_callback(payment, event))).await;
    let given_back = "select count(*) from refunds where status = 'succeeded'";
    world.wait_until(1, async || world.count(given_back).await).await;
    world.wait_until(0, async || pending(&world).await).await;
    assert_eq!(types(&heard(&world, id).await), ["order.paid"]);
    world.close().await;
}
