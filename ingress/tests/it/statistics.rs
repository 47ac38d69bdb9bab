//! What a merchant's payments and orders come to, as ingress tells it.

use domain::{
    clock::{Clock, SystemClock},
    payment::PaymentStatus,
};
use reqwest::StatusCode;
use serde_json::json;
use store::{Counted, RollUp};

use crate::{
    orders,
    world::{World, open_shop, world},
};

const PAYMENTS: &str = "/api/v1/statistics/payments";
const ORDERS: &str = "/api/v1/statistics/orders";
const DAY: &str = "/api/v1/statistics/daily-summary";

/// Two payments that stand so and an order, rolled up.
async fn counted() -> World {
    let (world, now) = (world().await, SystemClock.now().timestamp());
    for (key, status) in [
        ("open", PaymentStatus::RequiresAction),
        ("failed", PaymentStatus::Failed),
    ] {
        world.store(&world.payment(key, status, now)).await;
    }
    orders::stored(&world, "ordered", now).await;
    for counted in Counted::ALL {
        roll_up(&world, counted).await;
    }
    world
}

async fn roll_up(world: &World, counted: Counted) {
    let later = SystemClock.now() + chrono::TimeDelta::hours(1);
    while let RollUp::Until(until) = world.store.roll_up(counted, later).await.unwrap() {
        if until == later {
            return;
        }
    }
    panic!("nobody else rolls up");
}

#[tokio::test]
async fn the_figures_are_told_apart_as_asked() {
    let world = counted().await;
    let asked_at = SystemClock.now().date_naive();
    let ask = async |path: &str, query: &str| {
        let answer = world.send(world.get(&format!("{path}?{query}"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    };
    let span = format!("from={asked_at}&to={asked_at}");
    let all = ask(PAYMENTS, &span).await;
    let figures = &all["data"][0];
    let amount = figures["amount"].as_i64().unwrap();
    assert!(amount > 0);
    assert_eq!(
        *figures,
        json!({
            "currency": "USD", "payments": 2, "succeeded": 0, "failed": 1, "canceled": 0, "expired": 0, "refunded": 0,
            "amount": amount, "amount_paid": 0, "amount_refunded": 0, "success_rate": 0.0, "refund_rate": null,
            "mean_time_to_pay_s": null,
        })
    );
    let by_status = ask(PAYMENTS, &format!("{span}&group_by=status")).await;
    let told = [&by_status["data"][0]["status"], &by_status["data"][1]["status"]];
    assert_eq!(told, ["failed", "requires_action"]);
    let failed = ask(PAYMENTS, &format!("{span}&status=failed&group_by=day")).await;
    let day = asked_at.to_string();
    assert_eq!(
        (&failed["data"][0]["payments"], &failed["data"][0]["day"]),
        (&json!(1), &json!(day))
    );

    let summary = ask(DAY, &format!("date={asked_at}&time_zone=Asia/Shanghai")).await;
    assert_eq!(summary["time_zone"], "Asia/Shanghai");
    let days = ask(DAY, &format!("date={asked_at}")).await;
    assert_eq!(days["payments"][0]["payments"], 2);
    assert_eq!(days["channels"][0]["channel"], "stripe");
    assert_eq!(days["methods"][0]["method"], json!(null));
    assert_eq!(days["orders"][0]["orders"], 1);
    world.close().await;
}

#[tokio::test]
async fn the_figures_of_orders_are_told_apart_as_asked() {
    let world = counted().await;
    let today = SystemClock.now().date_naive();
    let ask = async |query: &str| {
        let path = format!("{ORDERS}?from={today}&to={today}{query}");
        let answer = world.send(world.get(&path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    };
    let all = ask("").await;
    assert_eq!(
        all["data"],
        json!([{
            "currency": "USD", "orders": 1, "paid": 0, "payment_failed": 0, "canceled": 0, "shipped": 0, "completed": 0,
            "refunded": 0, "refunded_fully": 0, "amount": 1_000, "amount_paid": 0, "amount_refunded": 0,
            "paid_rate": 0.0, "refund_rate": null, "mean_time_to_pay_s": null,
        }])
    );
    let by_status = ask("&group_by=status&currency=USD").await;
    assert_eq!(by_status["data"][0]["status"], "created");
    let paid = ask("&status=paid&group_by=day").await;
    assert_eq!(paid["data"], json!([]));
    world.close().await;
}

#[tokio::test]
async fn nobody_sees_anothers_figures() {
    let world = counted().await;
    let asked_at = SystemClock.now().date_naive();
    let other = open_shop(&world.store).await;
    for path in [PAYMENTS, ORDERS] {
        let url = world.url(&format!("{path}?from={asked_at}&to={asked_at}"));
        let asking = reqwest::Client::new().get(url).bearer_auth(&other.key);
        let answer = world.send(asking).await;
        assert_eq!(
            (answer.status, &answer.body["data"]),
            (StatusCode::OK, &json!([])),
            "{path}"
        );
    }
    world.close().await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_told() {
    let world = world().await;
    for (path, query, field) in [
        (PAYMENTS, "from=2026-02-30", "from"),
        (PAYMENTS, "from=2026-02-02&to=2026-02-01", "from"),
        (PAYMENTS, "from=2020-01-01&to=2026-01-01", "from"),
        (PAYMENTS, "to=99999-01-01", "to"),
        (PAYMENTS, "time_zone=Mars/Base", "time_zone"),
        (PAYMENTS, "currency=XYZ", "currency"),
        (PAYMENTS, "channel=cash", "channel"),
        (PAYMENTS, "method=cash", "method"),
        (PAYMENTS, "status=gone", "status"),
        (PAYMENTS, "group_by=weather", "group_by"),
        (ORDERS, "to=99999-01-01", "to"),
        (ORDERS, "currency=XYZ", "currency"),
        (ORDERS, "status=succeeded", "status"),
        (ORDERS, "group_by=channel", "group_by"),
        (DAY, "date=yesterday", "date"),
    ] {
        let answer = world.send(world.get(&format!("{path}?{query}"))).await;
        answer.is_problem(400, "/problems/invalid-query").names(field, "");
    }
    for unknown in [format!("{PAYMENTS}?when=now"), format!("{ORDERS}?channel=stripe")] {
        let answer = world.send(world.get(&unknown)).await;
        answer.is_problem(400, "/problems/invalid-query");
    }
    world.close().await;
}
