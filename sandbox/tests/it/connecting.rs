//! Accounts that a platform opens for others, the money that goes there, and what refunds take back.

use serde_json::{Value, json};

use crate::client::{Client, KEY};

const NEW: [(&str, &str); 5] = [
    ("type", "express"),
    ("country", "US"),
    ("capabilities[card_payments][requested]", "true"),
    ("capabilities[transfers][requested]", "true"),
    ("metadata[sluice_account_id]", "cac_1"),
];

async fn control(client: &Client, path: &str, body: Value) -> Value {
    let sent = client.http.post(format!("{}/sandbox/stripe/{path}", client.base));
    sent.json(&body).send().await.unwrap().json().await.unwrap()
}

async fn shown(client: &Client, path: &str) -> Value {
    let url = format!("{}/sandbox/stripe/{path}", client.base);
    client.http.get(url).send().await.unwrap().json().await.unwrap()
}

/// An account whose owner has told all that is asked.
async fn active(client: &Client) -> String {
    let id = client.post("accounts", &NEW).await.id();
    control(client, &format!("accounts/{id}/complete"), json!({})).await;
    id
}

async fn balance(client: &Client) -> i64 {
    let lines = client.get("balance_transactions", &[("limit", "100")]).await.ok();
    lines["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["net"].as_i64().unwrap())
        .sum()
}

#[tokio::test]
async fn an_account_can_do_what_it_asked_for_once_its_owner_has_told_all() {
    let client = Client::start().await;
    let url = format!("{}/merchant/platform", client.base);
    let form = [
        ("url", url.as_str()),
        ("enabled_events[]", "*"),
        ("connect", "true"),
    ];
    client.post("webhook_endpoints", &form).await.ok();
    let new = client.post_as("k", "accounts", &NEW).await.ok();
    let id = new["id"].as_str().unwrap();
    assert_eq!(client.post_as("k", "accounts", &NEW).await.id(), id);
    assert_eq!(
        (&new["charges_enabled"], &new["capabilities"]["transfers"]),
        (&json!(false), &json!("inactive"))
    );
    let link = [
        ("account", id),
        ("type", "account_onboarding"),
        ("return_url", "https://shop.example/back"),
        ("refresh_url", "https://shop.example/again"),
    ];
    let link = client.post("account_links", &link).await.ok();
    let done = client
        .http
        .post(link["url"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(done.status(), 200);
    let told = client.await_received("platform", 1).await;
    let event: Value = serde_json::from_str(told[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&event["type"], &event["account"]),
        (&json!("account.updated"), &json!(id))
    );
    let seen = client.get(&format!("accounts/{id}"), &[]).await.ok();
    assert_eq!(seen, event["data"]["object"]);
    assert_eq!(
        (&seen["payouts_enabled"], &seen["capabilities"]["transfers"]),
        (&json!(true), &json!("active"))
    );
    control(
        &client,
        &format!("accounts/{id}/require"),
        json!({"names": ["individual.id_number"], "late": true}),
    )
    .await;
    let seen = client.get(&format!("accounts/{id}"), &[]).await.ok();
    assert_eq!(seen["requirements"]["past_due"], json!(["individual.id_number"]));
    assert_eq!(seen["payouts_enabled"], false);
    let listed = client.get("accounts", &[]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn money_is_sent_once_per_key_and_not_more_than_there_is() {
    let client = Client::start().await;
    let account = client.post("accounts", &NEW).await.id();
    let transfer = |amount: &'static str, account: &str| {
        [
            ("amount", amount),
            ("currency", "usd"),
            ("transfer_group", "wdr_1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .chain([("destination".to_owned(), account.to_owned())])
        .collect::<Vec<_>>()
    };
    let send = async |key: &str, amount, account: &str| {
        let form = transfer(amount, account);
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        client.post_as(key, "transfers", &form).await
    };
    send("k1", "500", &account)
        .await
        .error(400, "insufficient_capabilities_for_transfer");
    control(&client, &format!("accounts/{account}/complete"), json!({})).await;
    send("k2", "500", &account)
        .await
        .error(400, "balance_insufficient");
    client.paid("pm_card_visa").await;
    let before = balance(&client).await;
    let id = send("k3", "500", &account).await.id();
    assert_eq!(send("k3", "500", &account).await.id(), id);
    assert_eq!(balance(&client).await, before - 500);
    send("k4", "99999", &account)
        .await
        .error(400, "balance_insufficient");
    send("k5", "500", "acct_none")
        .await
        .error(400, "resource_missing");
    let listed = client.get("transfers", &[("transfer_group", "wdr_1")]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let truth = shown(&client, &format!("transfers?account={KEY}")).await;
    assert_eq!((&truth[0]["id"], &truth[0]["amount"]), (&json!(id), &json!(500)));
}

#[tokio::test]
async fn a_charge_with_a_destination_is_passed_on_and_taken_back_in_proportion() {
    let client = Client::start().await;
    let account = active(&client).await;
    let charge = |fee: &'static str| {
        [
            ("amount", "2000"),
            ("currency", "usd"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("transfer_data[destination]", account.as_str()),
            ("application_fee_amount", fee),
        ]
    };
    assert_eq!(client.post("payment_intents", &charge("2001")).await.status, 400);
    let intent = client.post("payment_intents", &charge("301")).await.ok();
    assert_eq!(intent["transfer_data"]["destination"], json!(account));
    assert_eq!(intent["application_fee_amount"], 301);
    // 2000 in, 88 for Stripe, 2000 out, 301 back.
    assert_eq!(balance(&client).await, 301 - 88);
    let refund = async |amount: &str| {
        let form = [
            ("payment_intent", intent["id"].as_str().unwrap()),
            ("amount", amount),
            ("reverse_transfer", "true"),
            ("refund_application_fee", "true"),
        ];
        client.post("refunds", &form).await.ok();
        balance(&client).await
    };
    assert_eq!(refund("500").await, 301 - 88 - 75);
    assert_eq!(refund("1500").await, -88);
    let truth = shown(&client, "transfers").await;
    assert_eq!(truth[0]["amount_reversed"], 2000);
    let lines = client
        .get("balance_transactions", &[("expand[]", "data.source")])
        .await
        .ok();
    assert!(
        lines["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|line| line["source"].is_object())
    );
    let own = client.paid("pm_card_visa").await;
    let form = [("payment_intent", own.as_str()), ("reverse_transfer", "true")];
    assert_eq!(client.post("refunds", &form).await.status, 400);
}

#[tokio::test]
async fn no_more_is_taken_back_than_was_passed_on() {
    let client = Client::start().await;
    let account = active(&client).await;
    let charge = |fee: &'static str, card: &'static str| {
        [
            ("amount", "1000"),
            ("currency", "usd"),
            ("payment_method", card),
            ("confirm", "true"),
            ("transfer_data[destination]", account.as_str()),
            ("application_fee_amount", fee),
        ]
    };
    let refund = async |intent: &str, amount: &str| {
        let form = [
            ("payment_intent", intent),
            ("amount", amount),
            ("reverse_transfer", "true"),
            ("refund_application_fee", "true"),
        ];
        client.post("refunds", &form).await
    };
    let paid = client
        .post("payment_intents", &charge("99", "pm_card_visa"))
        .await
        .id();
    let stripes = balance(&client).await - 99;
    for _ in 0..20 {
        refund(&paid, "50").await.ok();
    }
    assert_eq!(balance(&client).await, stripes, "rounding does not add up");
    let form = charge("99", "pm_card_refundFail");
    let failing = client.post("payment_intents", &form).await.id();
    let first = refund(&failing, "600").await.id();
    let path = format!("refunds/{first}");
    while client.get(&path, &[]).await.ok()["status"] != "failed" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(refund(&failing, "600").await.status, 400);
    refund(&failing, "400").await.ok();
}

#[tokio::test]
async fn a_transfer_is_taken_back_as_often_as_one_likes_and_never_more_than_is_left_of_it() {
    let client = Client::start().await;
    let url = format!("{}/merchant/platform", client.base);
    let form = [("url", url.as_str()), ("enabled_events[]", "transfer.reversed")];
    client.post("webhook_endpoints", &form).await.ok();
    let account = active(&client).await;
    client.paid("pm_card_visa").await;
    let before = balance(&client).await;
    let form = [
        ("amount", "500"),
        ("currency", "usd"),
        ("destination", account.as_str()),
    ];
    let sent = client.post("transfers", &form).await.id();
    let path = format!("transfers/{sent}/reversals");
    let reversal = client.post(&path, &[("amount", "200")]).await.ok();
    assert_eq!(
        (&reversal["amount"], &reversal["transfer"]),
        (&json!(200), &json!(sent))
    );
    assert_eq!(client.post(&path, &[("amount", "301")]).await.status, 400);
    assert_eq!(client.post(&path, &[]).await.ok()["amount"], 300, "the rest");
    assert_eq!(
        client.post(&path, &[]).await.status,
        400,
        "all of it was taken back"
    );
    assert_eq!(balance(&client).await, before);
    let told = client.await_received("platform", 2).await;
    let event: Value = serde_json::from_str(told[1]["body"].as_str().unwrap()).unwrap();
    let object = &event["data"]["object"];
    assert_eq!((&object["id"], &object["reversed"]), (&json!(sent), &json!(true)));
}

#[tokio::test]
async fn an_account_that_was_taken_away_is_shown_no_more_and_its_platform_is_told() {
    let client = Client::start().await;
    let url = format!("{}/merchant/platform", client.base);
    let form = [
        ("url", url.as_str()),
        ("enabled_events[]", "account.application.deauthorized"),
        ("connect", "true"),
    ];
    client.post("webhook_endpoints", &form).await.ok();
    let id = active(&client).await;
    control(&client, &format!("accounts/{id}/deauthorize"), json!({})).await;
    let told = client.await_received("platform", 1).await;
    let event: Value = serde_json::from_str(told[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&event["account"], &event["data"]["object"]["object"]),
        (&json!(id), &json!("application"))
    );
    let path = format!("accounts/{id}");
    client.get(&path, &[]).await.error(403, "account_invalid");
}
