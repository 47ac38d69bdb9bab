//! Payments into wallets and from them, at the door: what is taken, and what is refused with the field that is wrong.

use domain::{channel::Method, job::CreateIntent};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{fill, wallet_of};
use crate::{
    worker::only_job,
    world::{World, open_shop, world},
};

fn top_up(wallet: impl ToString, more: Value) -> Value {
    let mut body = json!({"amount": 500, "currency": "EUR", "wallet_id": wallet.to_string()});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

async fn methods(world: &World, query: &str) -> Vec<String> {
    let path = format!("/api/v1/payment-methods?{query}");
    let answer = world.send(world.get(&path)).await;
    let methods = answer.body["data"].as_array().unwrap().iter();
    methods
        .map(|one| one["method"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_top_up_names_its_wallet() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "user-42", 1).await;
    let answer = world.send(world.pay("k", &top_up(wallet.id, json!({})))).await;
    assert_eq!(
        (answer.status, &answer.body["wallet_id"]),
        (StatusCode::ACCEPTED, &json!(wallet.id.to_string()))
    );
    let (job, _) = only_job::<CreateIntent>(&world).await;
    assert_eq!(job.request.wallet_id, Some(wallet.id));
    world.close().await;
}

#[tokio::test]
async fn what_does_not_fit_the_wallet_is_refused_with_its_field() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "user-42", 1).await;
    let nobodys = format!("wal_{}", "0".repeat(32));
    for (body, field, words) in [
        (top_up("mine", json!({})), "wallet_id", "wal_"),
        (top_up(nobodys, json!({})), "wallet_id", "no such wallet"),
        (
            top_up(wallet.id, json!({"currency": "USD"})),
            "currency",
            "in EUR",
        ),
        (
            top_up(wallet.id, json!({"user_id": "user-43"})),
            "user_id",
            "another user's",
        ),
        (
            top_up(wallet.id, json!({"method": "wallet", "user_id": "user-42"})),
            "method",
            "not paid into from a wallet",
        ),
        (
            top_up(wallet.id, json!({"connected_account": "acct_1"})),
            "connected_account",
            "merchant's own account",
        ),
    ] {
        let answer = world.send(world.pay("k", &body)).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names(field, words);
    }
    let other = open_shop(&world.store).await;
    let stranger = world.request(reqwest::Method::POST, "/api/v1/payments");
    let stranger = stranger
        .bearer_auth(&other.key)
        .header("idempotency-key", "k")
        .json(&top_up(wallet.id, json!({})));
    let answer = world.send(stranger).await;
    answer
        .is_problem(422, "/problems/invalid-request")
        .names("wallet_id", "no such wallet");
    assert!(world.take_jobs("create_intent", 10).await.is_empty());
    world.close().await;
}

#[tokio::test]
async fn a_payment_from_a_wallet_says_whose() {
    let world = world().await;
    world.ready().await;
    let mut body = json!({"amount": 500, "currency": "EUR", "method": "wallet"});
    let answer = world.send(world.pay("k", &body)).await;
    answer
        .is_problem(422, "/problems/invalid-request")
        .names("user_id", "wallet needs user_id");
    body["user_id"] = "user-42".into();
    let answer = world.send(world.pay("k", &body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let (job, _) = only_job::<CreateIntent>(&world).await;
    assert_eq!(job.request.method, Some(Method::Wallet));
    let answer = world
        .send(world.post("/api/v1/webhooks/wallet/x", "k", &json!({})))
        .await;
    answer.is_problem(404, "/problems/not-found");
    world.close().await;
}

#[tokio::test]
async fn wallets_are_a_method_where_they_can_pay() {
    let world = world().await;
    let query = "amount=500&currency=EUR";
    assert!(methods(&world, query).await.is_empty());
    let wallet = wallet_of(&world, "user-42", 1).await;
    assert_eq!(methods(&world, query).await, ["wallet"]);
    assert!(methods(&world, "amount=500&currency=USD").await.is_empty());
    fill(&world, &wallet, 500, "a gift").await;
    let all = world
        .send(world.get(&format!("/api/v1/payment-methods?{query}")))
        .await;
    let flows = json!([{"flow": "direct", "channels": [{"channel": "wallet", "needs": ["user_id"]}]}]);
    assert_eq!(all.body["data"][0]["flows"], flows);
    world.close().await;
}
