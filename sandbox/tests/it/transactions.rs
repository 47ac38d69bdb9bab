//! Balance transactions: one for each movement of money, with its fee, named by what moved it.

use reqwest::Method;
use sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::client::Client;

/// Type, category, amount, fee and net of each transaction, oldest first.
async fn movements(client: &Client) -> Vec<(String, String, i64, i64, i64)> {
    let list = client.get("balance_transactions", &[("limit", "100")]).await.ok();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let number = |item: &Value, name: &str| item[name].as_i64().unwrap();
    let movement = |item: &Value| {
        (
            text(item, "type"),
            text(item, "reporting_category"),
            number(item, "amount"),
            number(item, "fee"),
            number(item, "net"),
        )
    };
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(movement)
        .collect()
}

fn movement(kind: &str, category: &str, amount: i64, fee: i64) -> (String, String, i64, i64, i64) {
    (kind.into(), category.into(), amount, fee, amount - fee)
}

#[tokio::test]
async fn money_that_moves_is_entered_once() {
    let client = Client::with(SandboxConfig {
        settle_ms: 3_600_000,
        ..SandboxConfig::default()
    })
    .await;
    client.paid("pm_card_visa").await;
    client.intent("never paid").await;
    let debit = client.paid("pm_usBankAccount_processing").await;
    let settle = format!("/stripe/intents/{debit}/settle");
    client.control(Method::POST, &settle, json!({"paid": true})).await;
    let failing = client.paid("pm_card_refundFail").await;
    let refund = client
        .post("refunds", &[("payment_intent", &failing), ("amount", "500")])
        .await
        .id();
    let settle = format!("/stripe/refunds/{refund}/settle");
    client
        .control(Method::POST, &settle, json!({"succeeded": false}))
        .await;
    client.post("refunds", &[("payment_intent", &debit)]).await.ok();
    let late = client.paid("pm_card_pendingRefund").await;
    client.post("refunds", &[("payment_intent", &late)]).await.ok();

    assert_eq!(
        movements(&client).await,
        [
            movement("charge", "charge", 2000, 88),
            movement("payment", "charge", 2000, 88),
            movement("charge", "charge", 2000, 88),
            movement("refund", "refund", -500, 0),
            movement("refund_failure", "refund_failure", 500, 0),
            movement("payment_refund", "refund", -2000, 0),
            movement("charge", "charge", 2000, 88),
        ],
        "a pending refund has moved nothing yet"
    );
    let refund = client.get(&format!("refunds/{refund}"), &[]).await.ok();
    for (name, amount) in [
        ("balance_transaction", -500),
        ("failure_balance_transaction", 500),
    ] {
        let path = format!("balance_transactions/{}", refund[name].as_str().unwrap());
        let transaction = client.get(&path, &[]).await.ok();
        assert_eq!(
            (&transaction["amount"], &transaction["source"]),
            (&json!(amount), &refund["id"])
        );
    }
    client.stop().await;
}

#[tokio::test]
async fn an_authorization_moves_money_when_it_is_captured() {
    let client = Client::start().await;
    let form = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
        ("capture_method", "manual"),
    ];
    let id = client.post("payment_intents", &form).await.id();
    let released = client.post("payment_intents", &form).await.id();
    client
        .post(&format!("payment_intents/{released}/cancel"), &[])
        .await
        .ok();
    assert!(movements(&client).await.is_empty());
    client
        .post(
            &format!("payment_intents/{id}/capture"),
            &[("amount_to_capture", "1000")],
        )
        .await
        .ok();
    assert_eq!(movements(&client).await, [movement("charge", "charge", 1000, 59)]);
    client.stop().await;
}

#[tokio::test]
async fn transactions_and_what_they_name_can_be_expanded() {
    let client = Client::start().await;
    let id = client.paid("pm_card_visa").await;
    client.post("refunds", &[("payment_intent", &id)]).await.ok();
    let list = client
        .get(
            "balance_transactions",
            &[
                ("expand[]", "data.source"),
                ("expand[]", "data.source.payment_intent"),
            ],
        )
        .await
        .ok();
    let kinds: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|transaction| {
            assert_eq!(transaction["source"]["payment_intent"]["id"], id);
            transaction["source"]["object"].as_str().unwrap()
        })
        .collect();
    assert_eq!(kinds, ["refund", "charge"]);
    let intent = client
        .get(
            &format!("payment_intents/{id}"),
            &[("expand[]", "latest_charge.balance_transaction")],
        )
        .await
        .ok();
    let fee = &intent["latest_charge"]["balance_transaction"]["fee_details"][0];
    assert_eq!((&fee["amount"], &fee["type"]), (&json!(88), &json!("stripe_fee")));
    client.stop().await;
}

#[tokio::test]
async fn transactions_are_listed_by_type_source_and_time() {
    let client = Client::start().await;
    let id = client.paid("pm_card_visa").await;
    client.paid("pm_card_visa").await;
    let refund = client.post("refunds", &[("payment_intent", &id)]).await.ok();
    let created = refund["created"].as_i64().unwrap();
    let (before, after) = ((created - 60).to_string(), (created + 60).to_string());
    let charge = refund["charge"].as_str().unwrap();
    for (filter, found) in [
        (("type", "charge"), 2),
        (("type", "refund"), 1),
        (("source", charge), 1),
        (("currency", "eur"), 0),
        (("payout", "po_any"), 3),
        (("created[gte]", before.as_str()), 3),
        (("created[lt]", before.as_str()), 0),
        (("created[gte]", after.as_str()), 0),
    ] {
        let list = client.get("balance_transactions", &[filter]).await.ok();
        assert_eq!(list["data"].as_array().unwrap().len(), found, "{filter:?}");
    }
    client
        .get("balance_transactions/txn_nope", &[])
        .await
        .error(404, "resource_missing");
    client.stop().await;
}

#[tokio::test]
async fn the_fee_rate_can_be_set() {
    let client = Client::start().await;
    client.paid("pm_card_visa").await;
    let rate = json!({"account": crate::client::KEY, "fee_bps": 150, "fee_fixed_minor": 25});
    client.control(Method::POST, "/stripe/fees", rate).await;
    client.paid("pm_card_visa").await;
    assert_eq!(
        movements(&client).await,
        [
            movement("charge", "charge", 2000, 88),
            movement("charge", "charge", 2000, 55),
        ]
    );
    client.stop().await;
}
