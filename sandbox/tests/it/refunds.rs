//! Refunds: partial, full, refused, late, and never more than was captured.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::client::Client;

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
