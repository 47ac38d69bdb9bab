//! Refunds and cancels on ways that the story does not take: published by the merchant's own RabbitMQ user, and asked
//! for while PostgreSQL is away.

use e2e::{
    Scene,
    scene::{body, key},
    wait,
};
use lapin::types::FieldTable;
use serde_json::{Value, json};

use crate::{
    harness::Sluice,
    upstream::{Post, Upstream, letter},
};

fn post(kind: &'static str, message_id: &'static str, job: &Value) -> Post {
    Post {
        message_id,
        routing_key: kind,
        kind,
        headers: FieldTable::default(),
        body: job.to_string().into_bytes(),
    }
}

fn create_refund(message_id: &'static str, merchant: &str, payment: &str) -> Post {
    let request = json!({ "payment_id": payment, "amount_minor": 700 });
    let job = json!({ "merchant_id": merchant, "idempotency_key": message_id, "request": request });
    post("create_refund", message_id, &job)
}

fn cancel_payment(message_id: &'static str, merchant: &str, payment: &str) -> Post {
    let request = json!({ "action": "cancel", "reason": "Out of tea" });
    let job = json!({
        "merchant_id": merchant, "idempotency_key": message_id, "payment_id": payment, "request": request,
    });
    post("cancel_payment", message_id, &job)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_user_refunds_and_cancels_payments_of_its_own_merchant() {
    let sluice = Sluice::start().await;
    let upstream = Upstream::join(&sluice.vhost).await;
    let merchant = sluice
        .world
        .merchant_on_amqp("upstream", &upstream.user)
        .await
        .unwrap();
    let scene = Scene {
        world: &sluice.world,
        merchant,
    };
    let id = scene.merchant.id.as_str();
    let (paid, intent) = scene.paid(&body(), "pm_card_visa").await.unwrap();
    let (open, _) = scene.payable(&body()).await.unwrap();

    // Twice each: the second is the same job.
    for _ in 0..2 {
        upstream.publish(&create_refund("refund-1", id, &paid)).await;
        upstream.publish(&cancel_payment("cancel-1", id, &open)).await;
    }
    let refund = scene.refund_of(&paid).await.unwrap();
    assert_eq!(
        (&refund["status"], &refund["amount"]),
        (&json!("succeeded"), &json!(700))
    );
    let canceled = scene.payment_until(&open, "canceled").await.unwrap();
    assert_eq!(canceled.text("/status"), "canceled");
    let told = scene.told_in_the_end(&open, 1).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(scene.given_back(&intent).await.unwrap(), "700 succeeded");
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_another_merchant_is_neither_refunded_nor_canceled() {
    let sluice = Sluice::start().await;
    let upstream = Upstream::join(&sluice.vhost).await;
    let other = sluice
        .world
        .merchant_on_amqp("other", &upstream.user)
        .await
        .unwrap();
    let scene = sluice.scene("owner").await;
    let (paid, intent) = scene.paid(&body(), "pm_card_visa").await.unwrap();

    // In its own name it knows no such payment; in the owner's it may not speak.
    upstream
        .publish(&create_refund("own-name", &other.id, &paid))
        .await;
    upstream
        .publish(&create_refund("owners-name", &scene.merchant.id, &paid))
        .await;
    upstream
        .publish(&cancel_payment("owners-cancel", &scene.merchant.id, &paid))
        .await;
    for (queue, message_id, class) in [
        ("dead.create_refund", "own-name", "too_early"),
        ("dead.create_refund", "owners-name", "forbidden"),
        ("dead.cancel_payment", "owners-cancel", "forbidden"),
    ] {
        let parked = letter(&sluice, queue, message_id).await;
        assert_eq!(parked.header("error_class"), class, "{message_id}");
    }
    assert_eq!(scene.given_back(&intent).await.unwrap(), "nothing");
    assert_eq!(sluice.count("select count(*) from refunds").await, 0);
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgresql_refunds_and_cancels_are_accepted_and_done_once_it_is_back() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("no-postgresql").await;
    let (paid, intent) = scene.paid(&body(), "pm_card_visa").await.unwrap();
    let (open, _) = scene.payable(&body()).await.unwrap();

    sluice.database.set_reachable(false).await;
    let api = &scene.merchant.api;
    let (refund_key, cancel_key) = (key(), key());
    let mut refund = String::new();
    for _ in 0..2 {
        let accepted = api
            .create_refund(&paid, &refund_key, &json!({ "amount": 700 }), None)
            .await
            .unwrap();
        assert_eq!(accepted.status, 202, "{}", accepted.body);
        accepted.text("/id").clone_into(&mut refund);
        let accepted = api.cancel(&open, &cancel_key, &json!({}), None).await.unwrap();
        assert_eq!(accepted.status, 202, "{}", accepted.body);
    }
    // More than there is: nobody can say so yet.
    let too_much = api
        .create_refund(&paid, &key(), &json!({ "amount": 2_000 }), None)
        .await
        .unwrap();
    assert_eq!(too_much.status, 202, "{}", too_much.body);

    sluice.database.set_reachable(true).await;
    let made = scene.refund_until(&refund, "succeeded").await.unwrap();
    assert_eq!(made.text("/status"), "succeeded", "{}", made.body);
    let refused = scene.refund_until(too_much.text("/id"), "failed").await.unwrap();
    assert_eq!(
        refused.text("/failure/code"),
        "refund_too_large",
        "{}",
        refused.body
    );
    let canceled = scene.payment_until(&open, "canceled").await.unwrap();
    assert_eq!(canceled.text("/status"), "canceled", "{}", canceled.body);
    let ask = async || api.cancel(&open, &cancel_key, &json!({}), None).await;
    let again = wait::until(sluice.world.patience, ask, |answer| answer.status == 200)
        .await
        .unwrap();
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(scene.given_back(&intent).await.unwrap(), "700 succeeded");
    sluice.stop().await;
}
