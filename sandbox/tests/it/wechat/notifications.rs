//! Notifications: repeated on WeChat Pay's schedule, sent again, untrue and probing on demand.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{MCHID, Merchant};

async fn behave(merchant: &Merchant, behaviour: Value) {
    merchant
        .client
        .control(Method::POST, "/merchants/hooks/behaviour", behaviour)
        .await;
}

#[tokio::test]
async fn a_notification_is_repeated_under_its_id_until_200_or_204() {
    let merchant = Merchant::start().await;
    behave(&merchant, json!({ "mode": "fail", "status": 202, "times": 3 })).await;
    merchant.paid("T00001").await;
    let received = merchant.client.await_received("hooks", 4).await;
    let ids: HashSet<_> = received
        .iter()
        .map(|delivery| delivery["payload"]["id"].as_str().unwrap())
        .collect();
    let bodies: HashSet<_> = received
        .iter()
        .map(|delivery| delivery["body"].as_str().unwrap())
        .collect();
    assert_eq!(
        (ids.len(), bodies.len()),
        (1, 4),
        "one id, each time encrypted anew"
    );
    let told: Vec<_> = received.iter().map(|delivery| merchant.told(delivery)).collect();
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(merchant.client.received("hooks").await.len(), 4);

    let event = received[0]["payload"]["id"].as_str().unwrap();
    let again = merchant
        .client
        .control(Method::POST, &format!("/events/{event}/resend"), Value::Null)
        .await;
    assert_eq!(again[0]["status"], 200);
    assert_eq!(merchant.client.received("hooks").await[4]["payload"]["id"], event);
    merchant.client.stop().await;
}

#[tokio::test]
async fn the_schedule_is_the_published_one() {
    let merchant = Merchant::with("public_key", 0).await;
    behave(&merchant, json!({ "mode": "fail" })).await;
    merchant.paid("T00001").await;
    merchant.client.await_received("hooks", 16).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(
        merchant.client.received("hooks").await.len(),
        16,
        "the first and fifteen repeats"
    );
    merchant.client.stop().await;
}

#[tokio::test]
async fn notifications_follow_the_callback_dials() {
    let merchant = Merchant::start().await;
    merchant
        .client
        .callbacks(json!({ "before_answer": true, "duplicate": 2, "account": MCHID }))
        .await;
    merchant.paid("T00001").await;
    assert_eq!(
        merchant.client.received("hooks").await.len(),
        2,
        "both came before the payer was done"
    );
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_notification_can_tell_an_untruth_that_is_rightly_signed() {
    let merchant = Merchant::start().await;
    merchant.place("T00001").await;
    let untruth = json!({ "amount": 1, "appid": "wxother", "mchid": "1900009999", "out_trade_no": "T00002", "currency": "USD" });
    merchant.pay("T00001", json!({ "notify": untruth })).await;
    let received = merchant.client.await_received("hooks", 1).await;
    let (_, told) = merchant.told(&received[0]);
    let seen = json!({
        "amount": told["amount"]["total"], "appid": told["appid"], "mchid": told["mchid"],
        "out_trade_no": told["out_trade_no"], "currency": told["amount"]["currency"],
    });
    assert_eq!(seen, untruth);
    assert_eq!(
        merchant.query("T00001").await.ok()["amount"]["total"],
        8888,
        "the truth is another"
    );
    merchant.client.stop().await;
}

#[tokio::test]
async fn probes_do_not_verify_and_are_not_repeated() {
    let merchant = Merchant::start().await;
    behave(&merchant, json!({ "mode": "fail", "status": 401 })).await;
    let url = format!("{}/merchant/hooks", merchant.client.base);
    let path = format!("/wechat/merchants/{MCHID}/probe");
    for (signature, problem) in [
        (Value::Null, "probe"),
        (json!("forged"), "signature"),
        (json!("stale"), "stale"),
        (json!("unknown_serial"), "serial"),
        (json!("unsigned"), "missing"),
    ] {
        let wish = json!({ "url": url, "signature": signature });
        let sent = merchant.client.control(Method::POST, &path, wish).await;
        assert_eq!(sent[0]["status"], 401);
        let received = merchant.client.received("hooks").await;
        assert_eq!(merchant.problem_of(received.last().unwrap()), Some(problem));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(merchant.client.received("hooks").await.len(), 5);
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_merchant_that_changes_keys_is_told_with_the_new_ones() {
    let merchant = Merchant::start().await;
    behave(&merchant, json!({ "mode": "fail", "times": 3 })).await;
    merchant.paid("T00001").await;
    merchant.client.await_received("hooks", 1).await;
    let vectors = super::client::vectors();
    let other = json!({
        "appid": "wx8888888888888888", "certificate": vectors["merchant"]["cert"], "key_mode": "certificate",
        "apiv3_key": "an-entirely-different-key-of-32b",
    });
    merchant
        .client
        .control(Method::PUT, &format!("/wechat/merchants/{MCHID}"), other)
        .await;
    let received = merchant.client.await_received("hooks", 4).await;
    assert_eq!(merchant.problem_of(received.last().unwrap()), Some("serial"));
    let shown = merchant
        .client
        .control(Method::GET, &format!("/wechat/merchants/{MCHID}"), Value::Null)
        .await;
    assert_eq!(
        received[3]["headers"]["wechatpay-serial"],
        shown["wechat"]["certificate_serial"]
    );
    merchant.client.stop().await;
}
