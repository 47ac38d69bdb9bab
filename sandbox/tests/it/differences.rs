//! Differences between the account's books and what was asked of it: silent, and exactly as injected.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, KEY};

/// 1 January 2020, 00:00 UTC.
const DAY: i64 = 1_577_836_800;

async fn differ(client: &Client, mut difference: Value) -> Value {
    difference["account"] = KEY.into();
    client
        .control(Method::POST, "/stripe/differences", difference)
        .await
}

/// All transactions, oldest first, with their sources.
async fn books(client: &Client) -> Vec<Value> {
    let query = [("limit", "100"), ("expand[]", "data.source")];
    let list = client.get("balance_transactions", &query).await.ok();
    list["data"].as_array().unwrap().iter().rev().cloned().collect()
}

async fn events(client: &Client) -> usize {
    let list = client.get("events", &[("limit", "100")]).await.ok();
    list["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_missing_there_is_nowhere() {
    let client = Client::start().await;
    let (gone, kept) = (
        client.paid("pm_card_visa").await,
        client.paid("pm_card_visa").await,
    );
    let refund = client.post("refunds", &[("payment_intent", &gone)]).await.ok();
    let half = [("payment_intent", kept.as_str()), ("amount", "500")];
    let other = client.post("refunds", &half).await.id();
    let told = events(&client).await;

    let changed = differ(&client, json!({"class": "missing_there", "intent": gone})).await;
    assert_eq!(changed["transactions"].as_array().unwrap().len(), 2);
    for path in [
        format!("payment_intents/{gone}"),
        format!("refunds/{}", refund["id"].as_str().unwrap()),
        format!("charges/{}", refund["charge"].as_str().unwrap()),
        format!(
            "balance_transactions/{}",
            refund["balance_transaction"].as_str().unwrap()
        ),
    ] {
        client.get(&path, &[]).await.error(404, "resource_missing");
    }
    differ(&client, json!({"class": "missing_there", "refund": other})).await;
    let left = books(&client).await;
    assert_eq!(
        (left.len(), &left[0]["source"]["payment_intent"]),
        (1, &json!(kept))
    );
    let truth = client.truth("").await;
    assert_eq!((truth.len(), &truth[0]["amount_refunded"]), (1, &json!(0)));
    assert_eq!(events(&client).await, told);
    client.stop().await;
}

#[tokio::test]
async fn what_is_missing_here_was_never_asked_for() {
    let client = Client::start().await;
    let paid = json!({
        "class": "missing_here", "amount": 700, "currency": "eur", "metadata": {"sluice_payment_id": "pay_nobody"},
    });
    let changed = differ(&client, paid).await;
    let intent = changed["intent"].as_str().unwrap();
    let dashboard = json!({"class": "missing_here", "intent": intent, "amount": 300});
    let refund = differ(&client, dashboard).await;
    let [charge, refunded] = &books(&client).await[..] else {
        panic!("a charge and a refund");
    };
    assert_eq!(
        (&charge["amount"], &charge["currency"], &charge["id"]),
        (&json!(700), &json!("eur"), &changed["transactions"][0])
    );
    assert_eq!(charge["source"]["metadata"]["sluice_payment_id"], "pay_nobody");
    assert_eq!(
        (
            &refunded["amount"],
            &refunded["source"]["id"],
            &refunded["source"]["metadata"]
        ),
        (&json!(-300), &refund["refund"], &json!({}))
    );
    let shown = client.get(&format!("payment_intents/{intent}"), &[]).await.ok();
    assert_eq!(shown["status"], "succeeded");
    assert_eq!(events(&client).await, 0);
    assert!(client.calls("route=POST /v1/payment_intents").await.is_empty());
    client.stop().await;
}

#[tokio::test]
async fn figures_differ_in_the_object_and_its_transaction() {
    let client = Client::start().await;
    let id = client.paid("pm_card_visa").await;
    let refund = client
        .post("refunds", &[("payment_intent", &id), ("amount", "500")])
        .await
        .id();
    for difference in [
        json!({"class": "amount", "intent": id, "amount": 1999}),
        json!({"class": "currency", "intent": id, "currency": "cad"}),
        json!({"class": "fee", "intent": id, "fee": 77}),
        json!({"class": "amount", "refund": refund, "amount": 501}),
        json!({"class": "currency", "refund": refund, "currency": "eur"}),
    ] {
        differ(&client, difference).await;
    }
    let books = books(&client).await;
    let figures = |entry: &Value| {
        (
            entry["amount"].as_i64().unwrap(),
            entry["source"]["amount"].as_i64().unwrap(),
            entry["fee"].as_i64().unwrap(),
            entry["net"].as_i64().unwrap(),
        )
    };
    assert_eq!(figures(&books[0]), (1999, 1999, 77, 1922));
    assert_eq!(figures(&books[1]), (-501, 501, 0, -501));
    assert_eq!(
        (&books[0]["currency"], &books[0]["source"]["currency"]),
        (&json!("cad"), &json!("cad"))
    );
    assert_eq!(
        (&books[1]["currency"], &books[1]["source"]["currency"]),
        (&json!("eur"), &json!("eur"))
    );
    client.stop().await;
}

#[tokio::test]
async fn an_intent_is_charged_twice_or_paid_behind_everybodys_back() {
    let client = Client::start().await;
    let (paid, open) = (client.paid("pm_card_visa").await, client.intent("p1").await);
    let told = events(&client).await;
    differ(&client, json!({"class": "duplicate", "intent": paid})).await;
    differ(&client, json!({"class": "state", "intent": open})).await;
    let books = books(&client).await;
    let intents: Vec<_> = books
        .iter()
        .map(|entry| entry["source"]["payment_intent"].as_str().unwrap())
        .collect();
    assert_eq!(intents, [paid.as_str(), paid.as_str(), open.as_str()]);
    assert_eq!(books[2]["source"]["metadata"]["payment_id"], "p1");
    let truth = client.truth(&format!("id={paid}")).await;
    assert_eq!(truth[0]["charges_succeeded"], 2);
    let shown = client.get(&format!("payment_intents/{open}"), &[]).await.ok();
    assert_eq!(shown["status"], "succeeded");
    assert_eq!(events(&client).await, told);
    client.stop().await;
}

#[tokio::test]
async fn a_difference_that_lacks_something_is_refused() {
    let client = Client::start().await;
    let (paid, open) = (client.paid("pm_card_visa").await, client.intent("p1").await);
    for (wrong, status) in [
        (json!({"class": "amount", "intent": open}), 400),
        (json!({"class": "duplicate", "intent": open}), 400),
        (json!({"class": "amount", "intent": paid, "amount": 0}), 400),
        (
            json!({"class": "currency", "intent": paid, "currency": "zzz"}),
            400,
        ),
        (json!({"class": "missing_there"}), 400),
        (json!({"class": "missing_there", "intent": "pi_nope"}), 404),
        (json!({"class": "state", "refund": "re_nope"}), 400),
        (json!({"class": "colour", "intent": open}), 400),
        (json!({"class": "fee", "intent": open, "fees": 1}), 400),
    ] {
        let mut body = wrong.clone();
        body["account"] = KEY.into();
        let sent = client
            .http
            .post(format!("{}/sandbox/stripe/differences", client.base))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), status, "{wrong}");
    }
    client.stop().await;
}

#[tokio::test]
async fn what_is_dated_back_is_listed_on_its_day() {
    let client = Client::start().await;
    let (first, second) = (
        client.paid("pm_card_visa").await,
        client.paid("pm_card_visa").await,
    );
    let refund = client.post("refunds", &[("payment_intent", &first)]).await.id();
    let all = json!({"account": KEY, "created": DAY});
    let dated = client.control(Method::POST, "/stripe/backdate", all).await;
    assert_eq!(
        dated["objects"], 8,
        "two intents, two charges, a refund, three transactions"
    );
    let later = json!({"account": KEY, "created": DAY + 86_399, "intent": first});
    client.control(Method::POST, "/stripe/backdate", later).await;
    let next_day = json!({"account": KEY, "created": DAY + 86_400, "refund": refund});
    client.control(Method::POST, "/stripe/backdate", next_day).await;
    let today = client.paid("pm_card_visa").await;

    let (from, to) = (DAY.to_string(), (DAY + 86_400).to_string());
    let day = [("created[gte]", from.as_str()), ("created[lt]", to.as_str())];
    let of_day = client.get("payment_intents", &day).await.ok();
    let ids: Vec<_> = of_day["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|intent| &intent["id"])
        .collect();
    assert_eq!(
        ids,
        [&json!(first), &json!(second)],
        "newest first by their dates"
    );
    let of_day = client.get("balance_transactions", &day).await.ok();
    assert_eq!(of_day["data"].as_array().unwrap().len(), 2);
    assert_eq!(of_day["data"][0]["status"], "available");
    let newest = client.get("payment_intents", &[("limit", "1")]).await.ok();
    assert_eq!(newest["data"][0]["id"], today);
    client.stop().await;
}
