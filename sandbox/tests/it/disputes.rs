//! Disputes: opened and decided by the payer's bank, told by events, and booked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, kinds};

async fn dispute(client: &Client, intent: &str, body: Value) -> Value {
    let path = format!("/stripe/intents/{intent}/dispute");
    client.control(Method::POST, &path, body).await
}

async fn close(client: &Client, dispute: &Value, won: bool) -> Value {
    let path = format!("/stripe/disputes/{}/close", dispute["id"].as_str().unwrap());
    client.control(Method::POST, &path, json!({"won": won})).await
}

/// Amount, fee and category of a dispute's movements, oldest first.
fn moved(dispute: &Value) -> Vec<(i64, i64, &str)> {
    let movements = dispute["balance_transactions"].as_array().unwrap();
    let number = |item: &Value, name: &str| item[name].as_i64().unwrap();
    movements
        .iter()
        .map(|item| {
            assert_eq!(
                (&item["source"], &item["type"]),
                (&dispute["id"], &json!("adjustment"))
            );
            (
                number(item, "amount"),
                number(item, "fee"),
                item["reporting_category"].as_str().unwrap(),
            )
        })
        .collect()
}

/// The types of what was told about disputes, sorted: deliveries are not ordered.
async fn told(client: &Client, deliveries: usize) -> Vec<String> {
    let received = client.await_received("hooks", deliveries).await;
    let mut told: Vec<String> = kinds(&received)
        .into_iter()
        .filter_map(|kind| kind.strip_prefix("charge.dispute."))
        .map(str::to_owned)
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_dispute_withholds_the_money_until_it_is_won() {
    let client = Client::start().await;
    client.hooks().await;
    let id = client.paid("pm_card_visa").await;
    let opened = dispute(
        &client,
        &id,
        json!({"amount": 1500, "reason": "product_not_received"}),
    )
    .await;
    assert_eq!(
        (&opened["status"], &opened["amount"], &opened["reason"]),
        (
            &json!("needs_response"),
            &json!(1500),
            &json!("product_not_received")
        )
    );
    assert_eq!(opened["payment_intent"], id);
    assert_eq!(moved(&opened), [(-1500, 1500, "dispute")]);
    client
        .post("refunds", &[("payment_intent", &id)])
        .await
        .error(400, "charge_disputed");
    let charge = client
        .get(
            &format!("payment_intents/{id}"),
            &[("expand[]", "latest_charge.dispute")],
        )
        .await
        .ok()["latest_charge"]
        .clone();
    assert_eq!(
        (&charge["disputed"], &charge["dispute"]["id"]),
        (&json!(true), &opened["id"])
    );
    let won = close(&client, &opened, true).await;
    assert_eq!(won["status"], "won");
    assert_eq!(
        moved(&won),
        [(-1500, 1500, "dispute"), (1500, 0, "dispute_reversal")]
    );
    assert_eq!(
        told(&client, 7).await,
        ["closed", "created", "funds_reinstated", "funds_withdrawn"]
    );
    client.post("refunds", &[("payment_intent", &id)]).await.ok();
    client.stop().await;
}

#[tokio::test]
async fn a_lost_dispute_keeps_the_money_and_is_final() {
    let client = Client::start().await;
    client.hooks().await;
    let id = client.paid("pm_card_visa").await;
    let opened = dispute(&client, &id, json!({})).await;
    assert_eq!(opened["amount"], 2000);
    let lost = close(&client, &opened, false).await;
    assert_eq!(
        (&lost["status"], moved(&lost).len()),
        (&json!("lost"), 1),
        "nothing moves when it is lost"
    );
    client
        .post("refunds", &[("payment_intent", &id)])
        .await
        .error(400, "charge_disputed");
    for path in [
        format!("stripe/disputes/{}/close", opened["id"].as_str().unwrap()),
        format!("stripe/intents/{id}/dispute"),
    ] {
        let again = client.http.post(format!("{}/sandbox/{path}", client.base));
        let again = again.header("content-type", "application/json");
        let body = if path.ends_with("close") {
            r#"{"won":true}"#
        } else {
            "{}"
        };
        assert_eq!(again.body(body).send().await.unwrap().status(), 400, "{path}");
    }
    assert_eq!(told(&client, 6).await, ["closed", "created", "funds_withdrawn"]);
    client.stop().await;
}

#[tokio::test]
async fn a_warning_takes_nothing() {
    let client = Client::start().await;
    client.hooks().await;
    let id = client.paid("pm_card_visa").await;
    let warned = dispute(&client, &id, json!({"warning": true})).await;
    assert_eq!(
        (&warned["status"], &warned["is_charge_refundable"]),
        (&json!("warning_needs_response"), &json!(true))
    );
    assert!(moved(&warned).is_empty());
    let form = [("payment_intent", id.as_str()), ("amount", "500")];
    client.post("refunds", &form).await.ok();
    let closed = close(&client, &warned, false).await;
    assert_eq!(closed["status"], "warning_closed");
    assert_eq!(told(&client, 8).await, ["closed", "created"]);
    client.stop().await;
}

#[tokio::test]
async fn disputes_are_listed_to_the_merchant_and_shown_to_those_who_verify() {
    let client = Client::start().await;
    let (one, other) = (
        client.paid("pm_card_visa").await,
        client.paid("pm_card_visa").await,
    );
    let first = dispute(&client, &one, json!({})).await;
    let second = dispute(&client, &other, json!({"warning": true})).await;
    let listed = client.get("disputes", &[]).await.ok();
    assert_eq!(
        (&listed["data"][0]["id"], &listed["data"][1]["id"]),
        (&second["id"], &first["id"])
    );
    let of_one = client.get("disputes", &[("payment_intent", &one)]).await.ok();
    assert_eq!(of_one["data"], json!([first]));
    let shown = client
        .get(&format!("disputes/{}", first["id"].as_str().unwrap()), &[])
        .await
        .ok();
    assert_eq!(shown, first);
    client
        .get("disputes/du_nope", &[])
        .await
        .error(404, "resource_missing");
    let truth = client
        .control(
            Method::GET,
            &format!("/stripe/disputes?payment_intent={one}"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (
            truth.as_array().unwrap().len(),
            &truth[0]["id"],
            &truth[0]["status"]
        ),
        (1, &first["id"], &json!("needs_response"))
    );
    client.stop().await;
}
