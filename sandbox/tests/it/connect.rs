//! Connected accounts: each has a book of its own, and its platform hears of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Client, KEY, send};

const FORM: [(&str, &str); 4] = [
    ("amount", "2000"),
    ("currency", "usd"),
    ("payment_method", "pm_card_visa"),
    ("confirm", "true"),
];

async fn call(client: &Client, account: &str, method: Method, path: &str, form: &[(&str, &str)]) -> Answer {
    send(client.call(method, path, form).header("stripe-account", account)).await
}

#[tokio::test]
async fn an_account_sees_nothing_of_another() {
    let client = Client::start().await;
    let id = call(&client, "acct_1", Method::POST, "payment_intents", &FORM)
        .await
        .id();
    let path = format!("payment_intents/{id}");
    let listed = |answer: Answer| answer.ok()["data"].as_array().unwrap().len();
    assert_eq!(call(&client, "acct_1", Method::GET, &path, &[]).await.id(), id);
    assert_eq!(
        listed(call(&client, "acct_1", Method::GET, "payment_intents", &[]).await),
        1
    );
    client.get(&path, &[]).await.error(404, "resource_missing");
    call(&client, "acct_2", Method::GET, &path, &[])
        .await
        .error(404, "resource_missing");
    assert_eq!(listed(client.get("payment_intents", &[]).await), 0);
    assert_eq!(
        listed(call(&client, "acct_2", Method::GET, "payment_intents", &[]).await),
        0
    );
    let refund = [("payment_intent", id.as_str())];
    client
        .post("refunds", &refund)
        .await
        .error(400, "resource_missing");
    call(&client, "acct_1", Method::POST, "refunds", &refund)
        .await
        .ok();

    let truth = client.truth("").await;
    assert_eq!(truth.len(), 1);
    assert_eq!(truth[0]["account"], format!("{KEY}/acct_1"));
}

#[tokio::test]
async fn keys_are_the_accounts_own() {
    let client = Client::start().await;
    let mut ids = Vec::new();
    for account in ["acct_1", "acct_2", "acct_1"] {
        let call = client.call(Method::POST, "payment_intents", &FORM);
        let answer = send(
            call.header("stripe-account", account)
                .header("idempotency-key", "k1"),
        )
        .await;
        ids.push((answer.replayed, answer.id()));
    }
    assert_eq!((ids[0].0, ids[1].0, ids[2].0), (false, false, true));
    assert!(ids[0].1 != ids[1].1 && ids[0].1 == ids[2].1, "{ids:?}");
}

#[tokio::test]
async fn what_is_no_account_is_refused() {
    let client = Client::start().await;
    for account in ["", "acct_", "nobody", "acct_1/../2"] {
        call(&client, account, Method::POST, "payment_intents", &FORM)
            .await
            .error(403, "account_invalid");
    }
    assert_eq!(client.truth("").await.len(), 0);
}

#[tokio::test]
async fn events_name_the_account_and_go_to_endpoints_for_connected_accounts() {
    let client = Client::start().await;
    for (merchant, connect) in [("own", "false"), ("connected", "true")] {
        let url = format!("{}/merchant/{merchant}", client.base);
        let form = [
            ("url", url.as_str()),
            ("enabled_events[]", "*"),
            ("connect", connect),
        ];
        client.post("webhook_endpoints", &form).await.ok();
    }
    let theirs = call(&client, "acct_1", Method::POST, "payment_intents", &FORM)
        .await
        .id();
    let ours = client.paid("pm_card_visa").await;
    for (merchant, id, account) in [("connected", theirs, json!("acct_1")), ("own", ours, Value::Null)] {
        let received = client.await_received(merchant, 3).await;
        assert_eq!(received.len(), 3);
        for delivery in received {
            let event: Value = serde_json::from_str(delivery["body"].as_str().unwrap()).unwrap();
            assert_eq!(event["account"], account, "{event}");
            let object = &event["data"]["object"];
            assert!(object["id"] == id || object["payment_intent"] == id, "{object}");
        }
    }
}
