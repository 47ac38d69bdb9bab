//! Everything that is wrong with requests about orders.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ORDERS, address, body, paid, step_body, stored};
use crate::world::world;

const STEPS: [&str; 5] = ["pay", "cancel", "refund", "ship", "complete"];

#[tokio::test]
async fn what_is_wrong_with_an_order_is_named() {
    let world = world().await;
    let with = |path: &str, value: Value| {
        let mut body = body();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let item = |name: &str, value: Value| {
        let mut body = body();
        body["items"][0][name] = value;
        body
    };
    let malformed = "/problems/malformed-json";
    let invalid = "/problems/invalid-request";
    for (body, status, problem, field, words) in [
        (
            json!({"currency": "USD"}),
            400,
            malformed,
            "items",
            "missing field",
        ),
        (
            item("colour", json!("red")),
            400,
            malformed,
            "items[0].colour",
            "unknown field",
        ),
        (
            item("quantity", json!(-1)),
            400,
            malformed,
            "items[0].quantity",
            "expected",
        ),
        (
            item("quantity", json!(0)),
            422,
            invalid,
            "items",
            "item 1: quantity",
        ),
        (with("/items", json!([])), 422, invalid, "items", "1 to 100"),
        (
            item("unit_price", json!(5.5)),
            422,
            invalid,
            "items[0].unit_price",
            "whole number",
        ),
        (
            item("unit_price", json!("500")),
            422,
            invalid,
            "items[0].unit_price",
            "JSON number",
        ),
        (item("unit_price", json!(-1)), 422, invalid, "items", "unit_price"),
        (
            item("currency", json!("EUR")),
            422,
            invalid,
            "items",
            "one currency",
        ),
        (
            item("currency", json!("XXX")),
            422,
            invalid,
            "items[0].currency",
            "XXX",
        ),
        (with("/currency", json!("XXX")), 422, invalid, "currency", "XXX"),
        (with("/total", json!(999)), 422, invalid, "total", "come to 1000"),
        (
            with("/total", json!("1000")),
            422,
            invalid,
            "total",
            "JSON number",
        ),
        (
            with("/user_id", json!("two words")),
            422,
            invalid,
            "user_id",
            "visible ASCII",
        ),
        (with("/operator", json!("")), 422, invalid, "operator", "1 to 200"),
        (
            json!({"currency": "USD", "items": [
                {"name": "Tea", "sku": "tea", "unit_price": 999_999_999_999_i64, "quantity": 1_000_000},
            ]}),
            422,
            invalid,
            "total",
            "at most",
        ),
        (
            json!({"currency": "USD", "items": [
                {"name": "Tea", "sku": "tea", "unit_price": 1, "quantity": 1},
                {"name": "Tea", "sku": "tea", "unit_price": 2, "quantity": 1},
            ]}),
            422,
            invalid,
            "items",
            "item 2: its sku",
        ),
    ] {
        let answer = world.send(world.post(ORDERS, "k", &body)).await;
        answer.is_problem(status, problem).names(field, words);
    }
    let own = world.post(ORDERS, "sluice-order:1", &body());
    world.send(own).await.is_problem(400, "/problems/idempotency-key");
    let stranger = world.request(Method::GET, ORDERS);
    world
        .send(stranger)
        .await
        .is_problem(401, "/problems/unauthorized");
    world.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_step_is_named() {
    let world = world().await;
    world.ready().await;
    let (open, order) = (stored(&world, "open", 1).await, paid(&world, "paid").await);
    let malformed = "/problems/malformed-json";
    let invalid = "/problems/invalid-request";
    for (step, body, status, problem, field, words) in [
        (
            "pay",
            json!({"amount": 5}),
            400,
            malformed,
            "amount",
            "unknown field",
        ),
        (
            "pay",
            json!({"method": "shells"}),
            422,
            invalid,
            "method",
            "shells",
        ),
        (
            "pay",
            json!({"country": "Germany"}),
            422,
            invalid,
            "country",
            "DE",
        ),
        (
            "pay",
            json!({"return_url": "javascript:1"}),
            422,
            invalid,
            "return_url",
            "https://",
        ),
        (
            "pay",
            json!({"channel": "wechat"}),
            422,
            invalid,
            "currency",
            "USD",
        ),
        (
            "cancel",
            json!({"why": "x"}),
            400,
            malformed,
            "why",
            "unknown field",
        ),
        (
            "cancel",
            json!({"reason": ""}),
            422,
            invalid,
            "reason",
            "1 to 500",
        ),
        (
            "refund",
            json!({"items": []}),
            422,
            invalid,
            "items",
            "each item once",
        ),
        (
            "refund",
            json!({"items": [{"sku": "tea", "quantity": 0}]}),
            422,
            invalid,
            "items",
            "at least 1",
        ),
        (
            "refund",
            json!({"items": [{"sku": "tea"}]}),
            400,
            malformed,
            "items[0].quantity",
            "missing",
        ),
        (
            "ship",
            json!({"carrier": "DHL"}),
            400,
            malformed,
            "tracking",
            "missing field",
        ),
        (
            "ship",
            json!({"carrier": "", "tracking": "1"}),
            422,
            invalid,
            "carrier",
            "1 to 100",
        ),
        (
            "complete",
            json!({"operator": "x".repeat(201)}),
            422,
            invalid,
            "operator",
            "200",
        ),
    ] {
        let id = if step == "refund" { order.id } else { open.id };
        let answer = world.send(world.post(&address(id, step), "k", &body)).await;
        answer.is_problem(status, problem).names(field, words);
    }
    for step in STEPS {
        let path = address(open.id, step);
        let without = world
            .request(Method::POST, &path)
            .bearer_auth(&world.shop.key)
            .json(&step_body(step));
        world
            .send(without)
            .await
            .is_problem(400, "/problems/idempotency-key");
        let stranger = world
            .request(Method::POST, &path)
            .header("idempotency-key", "k")
            .json(&step_body(step));
        world
            .send(stranger)
            .await
            .is_problem(401, "/problems/unauthorized");
        let got = world.send(world.get(&path)).await;
        got.is_problem(405, "/problems/method-not-allowed");
    }
    world.close().await;
}
