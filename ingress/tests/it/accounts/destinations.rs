//! Payments whose money goes on to an account: what is taken of a destination and a fee, and each reason not to.

use domain::{channel::Destination, job::CreateIntent, payment::PaymentStatus};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{account_of, opened_for};
use crate::{
    tokens::{claims, token, world_of_secret},
    wallets::wallet_of,
    worker::only_job,
    world::{good_body, world},
};

/// A good body with these fields as well.
fn body(more: &Value) -> Value {
    let mut body = good_body();
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_destination_is_published_as_the_account_that_it_means() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "anna", 1).await;
    opened_for(&world, &wallet).await;
    for (key, more, fee) in [
        ("a", json!({"destination": {"account": "acct_1"}}), None),
        (
            "b",
            json!({"destination": {"account": "acct_1"}, "application_fee_minor": 1}),
            Some(1),
        ),
        // All of it is the most that can be kept.
        (
            "c",
            json!({"destination": {"wallet_id": wallet.id}, "application_fee_minor": 1_999}),
            Some(1_999),
        ),
    ] {
        let answer = world.send(world.pay(key, &body(&more))).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        let (job, _) = only_job::<CreateIntent>(&world).await;
        let expected = Destination {
            account: "acct_1".into(),
            application_fee_minor: fee,
        };
        assert_eq!(job.request.destination, Some(expected));
    }
    world.close().await;
}

#[tokio::test]
async fn whom_money_is_shared_with_is_shown_to_the_merchant_alone() {
    let world = world_of_secret().await;
    let mut payment = world.payment_of("k", Some("anna"), PaymentStatus::RequiresAction, 1);
    payment.request.destination = Some(Destination {
        account: "acct_1".into(),
        application_fee_minor: Some(7),
    });
    world.store(&payment).await;
    let one = format!("/api/v1/payments/{}", payment.id);
    let list = "/api/v1/payments".to_owned();
    let history = "/api/v1/payments/history".to_owned();
    let shared = json!({"account": "acct_1", "application_fee_minor": 7});
    for (shows, expected) in [
        (world.shop.key.clone(), shared),
        (token(&claims("anna", world.shop.id)), Value::Null),
    ] {
        for path in [&one, &list, &history] {
            let asked = world.request(Method::GET, path).bearer_auth(&shows);
            let answer = world.send(asked).await;
            let shown = answer.body.get("data").map_or(&answer.body, |data| &data[0]);
            assert_eq!(shown["id"], payment.id.to_string(), "{path}");
            assert_eq!(shown["destination"], expected, "{path}");
        }
    }
    world.close().await;
}

#[tokio::test]
async fn a_destination_that_cannot_be_used_is_explained() {
    let world = world().await;
    world.ready().await;
    let without = wallet_of(&world, "anna", 1).await;
    let pending = wallet_of(&world, "bob", 1).await;
    account_of(&world, &pending).await;
    let nobodys = format!("wal_{}", "0".repeat(32));
    let to = |more: Value| {
        let mut all = json!({"destination": {"account": "acct_1"}});
        for (field, value) in more.as_object().unwrap() {
            all[field] = value.clone();
        }
        all
    };
    for (more, field, words) in [
        (
            json!({"application_fee_minor": 5}),
            "application_fee_minor",
            "only with a destination",
        ),
        (
            json!({"destination": {}}),
            "destination",
            "either an account or a wallet_id",
        ),
        (
            json!({"destination": {"account": "acct_1", "wallet_id": without.id}}),
            "destination",
            "either an account or a wallet_id",
        ),
        (json!({"destination": {"account": ""}}), "destination", "1 to 255"),
        (
            json!({"destination": {"wallet_id": "anna"}}),
            "destination.wallet_id",
            "wal_",
        ),
        (
            json!({"destination": {"wallet_id": nobodys}}),
            "destination.wallet_id",
            "no wallet",
        ),
        (
            json!({"destination": {"wallet_id": without.id}}),
            "destination.wallet_id",
            "no account",
        ),
        (
            json!({"destination": {"wallet_id": pending.id}}),
            "destination.wallet_id",
            "no account",
        ),
        (
            to(json!({"connected_account": "acct_2"})),
            "destination",
            "connected_account",
        ),
        (
            to(json!({"wallet_id": without.id, "currency": "EUR"})),
            "destination",
            "stays with the merchant",
        ),
        (
            to(json!({"application_fee_minor": 0})),
            "application_fee_minor",
            "1 to 1999",
        ),
        (
            to(json!({"application_fee_minor": -1})),
            "application_fee_minor",
            "1 to 1999",
        ),
        (
            to(json!({"application_fee_minor": 2_000})),
            "application_fee_minor",
            "1 to 1999",
        ),
        (
            to(json!({"application_fee_minor": 1.5})),
            "application_fee_minor",
            "whole number",
        ),
        (
            to(json!({"application_fee_minor": "5"})),
            "application_fee_minor",
            "whole number",
        ),
    ] {
        let answer = world.send(world.pay("k", &body(&more))).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names(field, words);
    }
    let unknown = json!({"destination": {"account": "acct_1", "amount": 5}});
    let answer = world.send(world.pay("k", &body(&unknown))).await;
    answer.is_problem(400, "/problems/malformed-json");
    assert_eq!(world.take_jobs("create_intent", 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn a_user_says_nothing_about_where_its_money_goes() {
    let world = world_of_secret().await;
    world.ready().await;
    let anna = token(&claims("anna", world.shop.id));
    let to = body(&json!({"destination": {"account": "acct_1"}}));
    let answer = world
        .send(world.post_as(&anna, "/api/v1/payments", "k", &to))
        .await;
    answer.is_problem(403, "/problems/forbidden");
    assert!(answer.body["detail"].as_str().unwrap().contains("destination"));
    assert_eq!(world.take_jobs("create_intent", 10).await.len(), 0);
    world.close().await;
}
