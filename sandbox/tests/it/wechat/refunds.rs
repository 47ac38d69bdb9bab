//! Refunds: accepted, ended, and never more than was paid.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Merchant;

/// Waits out the minute that must lie between two refunds.
async fn a_minute() {
    tokio::time::sleep(Duration::from_millis(80)).await;
}

#[tokio::test]
async fn a_refund_is_accepted_and_arrives_later() {
    let merchant = Merchant::start().await;
    let transaction = merchant.paid("T00001").await;
    let accepted = merchant.refund("T00001", "R1", 888).await.ok();
    assert_eq!(accepted["status"], "PROCESSING");
    assert_eq!(accepted["success_time"], Value::Null);
    assert_eq!(
        (&accepted["transaction_id"], &accepted["channel"]),
        (&json!(transaction), &json!("ORIGINAL"))
    );
    assert_eq!(
        (&accepted["amount"]["refund"], &accepted["amount"]["total"]),
        (&json!(888), &json!(8888))
    );

    let received = merchant.client.await_received("hooks", 2).await;
    let (kind, told) = merchant.told(&received[1]);
    assert_eq!(kind, "REFUND.SUCCESS");
    assert_eq!(
        (&told["refund_status"], &told["out_refund_no"]),
        (&json!("SUCCESS"), &json!("R1"))
    );
    assert_eq!(
        told["amount"],
        json!({ "total": 8888, "refund": 888, "payer_total": 8888, "payer_refund": 888 })
    );
    assert_eq!(merchant.refund_status("R1").await, "SUCCESS");
    assert_eq!(merchant.state("T00001").await, "REFUND");
    let again = merchant.refund("T00001", "R1", 888).await.ok();
    assert_eq!(
        (&again["refund_id"], &again["status"]),
        (&accepted["refund_id"], &json!("SUCCESS"))
    );
    assert_eq!(
        merchant.client.received("hooks").await.len(),
        2,
        "asking again changes nothing"
    );
    merchant.client.stop().await;
}

#[tokio::test]
async fn nothing_is_refunded_that_was_not_paid() {
    let merchant = Merchant::start().await;
    merchant.place("T00001").await;
    merchant
        .refund("T00001", "R0", 1)
        .await
        .error(400, "INVALID_REQUEST");
    merchant
        .refund("T99999", "R0", 1)
        .await
        .error(404, "RESOURCE_NOT_EXISTS");
    merchant.pay("T00001", json!({})).await;
    let mut other_total = merchant.refund_of("T00001", "R0", 1);
    other_total["amount"]["total"] = 8887.into();
    let path = "/v3/refund/domestic/refunds";
    merchant
        .post(path, &other_total)
        .await
        .error(400, "INVALID_REQUEST");
    merchant.refund("T00001", "R1", 8000).await.ok();
    merchant
        .refund("T00001", "R1", 8001)
        .await
        .error(400, "INVALID_REQUEST");
    a_minute().await;
    merchant
        .refund("T00001", "R2", 889)
        .await
        .error(403, "NOT_ENOUGH");
    merchant.refund("T00001", "R2", 888).await.ok();
    a_minute().await;
    merchant.refund("T00001", "R3", 1).await.error(403, "NOT_ENOUGH");
    let shown = merchant.get("/v3/refund/domestic/refunds/R3").await;
    shown.error(404, "RESOURCE_NOT_EXISTS");
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_minute_lies_between_two_refunds() {
    let merchant = Merchant::with("public_key", 20).await;
    merchant.paid("T00001").await;
    merchant.paid("T00002").await;
    merchant.refund("T00001", "R1", 1).await.ok();
    merchant
        .refund("T00001", "R2", 1)
        .await
        .error(429, "FREQUENCY_LIMITED");
    merchant.refund("T00001", "R1", 1).await.ok();
    merchant.refund("T00002", "R2", 1).await.ok();
    tokio::time::sleep(Duration::from_millis(1_250)).await;
    merchant.refund("T00001", "R3", 1).await.ok();
    merchant.client.stop().await;
}

#[tokio::test]
async fn fifty_refunds_within_a_year() {
    let merchant = Merchant::with("public_key", 0).await;
    merchant.dial("refunds", json!({ "pace": "at_once" })).await;
    let transaction = merchant.paid("T00001").await;
    for number in 0..50 {
        let accepted = merchant.refund("T00001", &format!("R{number}"), 1).await.ok();
        assert_eq!(accepted["status"], "SUCCESS");
    }
    merchant
        .refund("T00001", "R50", 1)
        .await
        .error(400, "INVALID_REQUEST");

    merchant.paid("T00002").await;
    let long_ago = json!({ "paid_at": "2020-01-01T00:00:00+08:00" });
    merchant
        .client
        .control(Method::POST, "/wechat/trades/T00002/backdate", long_ago)
        .await;
    merchant
        .refund("T00002", "R51", 1)
        .await
        .error(400, "INVALID_REQUEST");

    let truth = merchant
        .client
        .control(Method::GET, "/wechat/trades?out_trade_no=T00001", Value::Null)
        .await;
    assert_eq!(
        (&truth[0]["refunded"], &truth[0]["transaction_id"]),
        (&json!(50), &json!(transaction))
    );
    let truth = merchant
        .client
        .control(Method::GET, "/wechat/refunds?status=SUCCESS", Value::Null)
        .await;
    assert_eq!(truth.as_array().unwrap().len(), 50);
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_refund_can_go_wrong_and_still_arrive_or_be_given_up() {
    let merchant = Merchant::start().await;
    merchant.dial("refunds", json!({ "pace": "held" })).await;
    merchant.paid("T00001").await;
    let settle = async |number: &str, status: &str| {
        let path = format!("/wechat/refunds/{number}/settle");
        merchant.control_status(&path, json!({ "status": status })).await
    };
    merchant.refund("T00001", "R1", 8888).await.ok();
    assert_eq!(settle("R1", "ABNORMAL").await, 200);
    assert_eq!(merchant.refund_status("R1").await, "ABNORMAL");
    assert_eq!(settle("R1", "CLOSED").await, 200);
    assert_eq!(settle("R1", "SUCCESS").await, 400, "closed is final");
    assert_eq!(
        merchant.state("T00001").await,
        "SUCCESS",
        "nothing was given back"
    );
    a_minute().await;
    merchant.refund("T00001", "R2", 8888).await.ok();
    assert_eq!(
        (settle("R2", "ABNORMAL").await, settle("R2", "SUCCESS").await),
        (200, 200)
    );
    assert_eq!(settle("R2", "CLOSED").await, 400, "so is success");
    assert_eq!(merchant.state("T00001").await, "REFUND");

    let received = merchant.client.await_received("hooks", 5).await;
    let mut kinds: Vec<_> = received
        .iter()
        .map(|delivery| merchant.told(delivery).0)
        .collect();
    kinds.sort();
    let expected = [
        "REFUND.ABNORMAL",
        "REFUND.ABNORMAL",
        "REFUND.CLOSED",
        "REFUND.SUCCESS",
        "TRANSACTION.SUCCESS",
    ];
    assert_eq!(kinds, expected);
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_refund_by_the_provider_s_number_and_without_an_address_is_not_told() {
    let merchant = Merchant::start().await;
    merchant
        .dial("refunds", json!({ "pace": "at_once", "ending": "CLOSED" }))
        .await;
    let transaction = merchant.paid("T00001").await;
    let body = json!({
        "transaction_id": transaction, "out_refund_no": "R|1*@", "amount": { "refund": 1, "total": 8888, "currency": "CNY" },
    });
    merchant.post("/v3/refund/domestic/refunds", &body).await.ok();
    assert_eq!(merchant.refund_status("R%7C1%2A%40").await, "CLOSED");
    merchant.client.await_received("hooks", 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(merchant.client.received("hooks").await.len(), 1);
    merchant.client.stop().await;
}
