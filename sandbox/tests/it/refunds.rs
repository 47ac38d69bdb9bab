//! Refunds: partial, full, refused, late, and never more than was captured.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::client::{Client, kinds};

#[tokio::test]
async fn refunds_add_up_to_what_was_paid() {
    let client = Client::start().await;
    let id = client.paid("pm_card_visa").await;
    let first = client
        .post(
            "refunds",
            &[
                ("payment_intent", &id),
                ("amount", "1500"),
                ("metadata[refund_id]", "r1"),
            ],
        )
        .await
        .ok();
    assert_eq!(
        (&first["status"], &first["metadata"]),
        (&json!("succeeded"), &json!({"refund_id": "r1"}))
    );
    assert_eq!(
        client
            .post("refunds", &[("payment_intent", &id), ("amount", "501")])
            .await
            .status,
        400
    );
    let rest = client.post("refunds", &[("payment_intent", &id)]).await.ok();
    assert_eq!(rest["amount"], 500);
    client
        .post("refunds", &[("payment_intent", &id)])
        .await
        .error(400, "charge_already_refunded");
    let charge = client
        .get(&format!("charges/{}", rest["charge"].as_str().unwrap()), &[])
        .await
        .ok();
    assert_eq!(
        (&charge["refunded"], &charge["amount_refunded"]),
        (&json!(true), &json!(2000))
    );
    let listed = client.get("refunds", &[("payment_intent", &id)]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let path = format!("refunds/{}", first["id"].as_str().unwrap());
    assert_eq!(
        client.post(&path, &[("metadata[note]", "late")]).await.ok()["metadata"]["note"],
        "late"
    );
    client.stop().await;
}

#[tokio::test]
async fn what_was_not_paid_cannot_be_refunded() {
    let client = Client::start().await;
    let id = client.intent("p1").await;
    assert_eq!(
        client.post("refunds", &[("payment_intent", &id)]).await.status,
        400
    );
    client
        .post("refunds", &[("payment_intent", "pi_nope")])
        .await
        .error(400, "resource_missing");
    client
        .post("refunds", &[("amount", "5")])
        .await
        .error(400, "parameter_missing");
    client
        .post("refunds", &[("payment_intent", &id), ("amount", "0")])
        .await
        .error(400, "parameter_invalid_integer");
    client.stop().await;
}

#[tokio::test]
async fn refunds_at_once_never_exceed_the_charge() {
    let client = Arc::new(Client::start().await);
    let id = client.paid("pm_card_visa").await;
    let refunds = (0..30).map(|_| {
        let (client, id) = (Arc::clone(&client), id.clone());
        tokio::spawn(async move {
            client
                .post("refunds", &[("payment_intent", &id), ("amount", "300")])
                .await
                .status
        })
    });
    let statuses: Vec<_> = join_all(refunds)
        .await
        .into_iter()
        .map(|status| status.unwrap())
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 6);
    assert_eq!(
        client.truth(&format!("id={id}")).await[0]["amount_refunded"],
        1800
    );
}

#[tokio::test]
async fn refunds_can_settle_late_or_fail_after_success() {
    let client = Client::start().await;
    client.hooks().await;
    for (method, at_first, at_last, refunded) in [
        ("pm_card_pendingRefund", "pending", "succeeded", 2000),
        ("pm_card_refundFail", "succeeded", "failed", 0),
    ] {
        let id = client.paid(method).await;
        let refund = client.post("refunds", &[("payment_intent", &id)]).await.ok();
        assert_eq!(refund["status"], at_first);
        let path = format!("refunds/{}", refund["id"].as_str().unwrap());
        let mut now = Value::Null;
        for _ in 0..100 {
            now = client.get(&path, &[]).await.ok();
            if now["status"] == at_last {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(now["status"], at_last, "{method}");
        assert_eq!(
            client.truth(&format!("id={id}")).await[0]["amount_refunded"],
            refunded
        );
    }
    let failed = client.get("events", &[("type", "refund.failed")]).await.ok();
    assert_eq!(failed["data"].as_array().unwrap().len(), 1);
    client.stop().await;
}

/// A sandbox in which nothing settles by itself.
async fn unhurried() -> Client {
    Client::with(SandboxConfig {
        settle_ms: 3_600_000,
        ..SandboxConfig::default()
    })
    .await
}

async fn settle(client: &Client, refund: &str, succeeded: bool) -> Value {
    let path = format!("/stripe/refunds/{refund}/settle");
    client
        .control(Method::POST, &path, json!({"succeeded": succeeded}))
        .await
}

#[tokio::test]
async fn a_refund_ends_when_told_to_and_a_failed_one_stays_failed() {
    let client = unhurried().await;
    client.hooks().await;
    let id = client.paid("pm_card_pendingRefund").await;
    let refund = client.post("refunds", &[("payment_intent", &id)]).await.id();
    assert_eq!(settle(&client, &refund, true).await["status"], "succeeded");
    assert_eq!(settle(&client, &refund, true).await["status"], "succeeded");
    assert_eq!(settle(&client, &refund, false).await["status"], "failed");
    assert_eq!(settle(&client, &refund, true).await["status"], "failed");
    assert_eq!(client.truth(&format!("id={id}")).await[0]["amount_refunded"], 0);
    let received = client.await_received("hooks", 8).await;
    let told = kinds(&received);
    assert_eq!(told.iter().filter(|kind| **kind == "refund.updated").count(), 2);
    assert_eq!(told.iter().filter(|kind| **kind == "refund.failed").count(), 1);
    let again = client.post("refunds", &[("payment_intent", &id)]).await.ok();
    assert_eq!(again["amount"], 2000, "what came back can be refunded again");
    client.stop().await;
}

#[tokio::test]
async fn the_true_refunds_are_shown_by_account_intent_and_metadata() {
    let client = Client::start().await;
    let (one, other) = (
        client.paid("pm_card_visa").await,
        client.paid("pm_card_visa").await,
    );
    for (intent, mark) in [(&one, "r1"), (&one, "r2"), (&other, "r3")] {
        let form = [
            ("payment_intent", intent.as_str()),
            ("amount", "100"),
            ("metadata[mark]", mark),
        ];
        client.post("refunds", &form).await.ok();
    }
    let shown = async |filters: &str| {
        let path = format!("/stripe/refunds?{filters}");
        let refunds = client.control(Method::GET, &path, Value::Null).await;
        let refunds = refunds.as_array().unwrap().clone();
        refunds
            .iter()
            .map(|refund| refund["metadata"]["mark"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown("account=sk_test_one").await, ["r1", "r2", "r3"]);
    assert_eq!(shown(&format!("payment_intent={one}")).await, ["r1", "r2"]);
    assert_eq!(shown("metadata[mark]=r3").await, ["r3"]);
    assert!(shown("account=sk_test_other").await.is_empty());
    let listed = client.get("refunds", &[("payment_intent", &one)]).await.ok();
    assert_eq!(listed["data"][0]["metadata"]["mark"], "r2", "newest first");
    client.stop().await;
}

#[tokio::test]
async fn a_dial_strikes_refunds_by_their_route_and_the_key_makes_them_one() {
    let client = Client::start().await;
    let id = client.paid("pm_card_visa").await;
    client
        .fault(json!({"route": "POST /v1/refunds", "fault": "error", "status": 503, "times": 1}))
        .await;
    client
        .fault(json!({"route": "POST /v1/refunds", "fault": "malformed", "times": 1}))
        .await;
    let form = [("payment_intent", id.as_str()), ("amount", "700")];
    assert_eq!(client.post_as("r1", "refunds", &form).await.status, 503);
    let junk = client
        .call(Method::POST, "refunds", &form)
        .header("idempotency-key", "r1")
        .send()
        .await
        .unwrap();
    assert!(junk.text().await.unwrap().starts_with("<html>"));
    let replayed = client.post_as("r1", "refunds", &form).await;
    assert!(replayed.replayed, "the work behind the junk was done");
    assert_eq!(client.truth(&format!("id={id}")).await[0]["amount_refunded"], 700);
    client.stop().await;
}
