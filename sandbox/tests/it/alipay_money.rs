//! Alipay's refunds, notifications and faults: what is given back, who is told, and what breaks.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::alipay_client::{APP, SELLER, Shop, fields, vectors};

#[tokio::test]
async fn a_refund_is_made_once_per_number_and_never_beyond_what_was_paid() {
    let shop = Shop::with(1).await;
    assert_eq!(
        shop.refund("T1", "R1", "1.00").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    shop.qr("T1", "10.00").await;
    shop.pay("T1", json!({"outcome": "opened"})).await;
    assert_eq!(
        shop.refund("T1", "R1", "1.00").await["sub_code"],
        "ACQ.TRADE_STATUS_ERROR"
    );
    shop.pay("T1", Value::Null).await;
    let first = shop.refund("T1", "R1", "4.00").await;
    assert_eq!(
        (&first["fund_change"], &first["refund_fee"]),
        (&json!("Y"), &json!("4.00"))
    );
    let again = shop.refund("T1", "R1", "4.00").await;
    assert_eq!(
        (&again["code"], &again["fund_change"]),
        (&json!("10000"), &json!("N"))
    );
    assert_eq!(
        shop.refund("T1", "R1", "5.00").await["sub_code"],
        "ACQ.DISCORDANT_REPEAT_REQUEST"
    );
    assert_eq!(
        shop.refund("T1", "R2", "6.01").await["sub_code"],
        "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    );
    tokio::time::sleep(Duration::from_millis(10)).await;
    let rest = shop.refund("T1", "R2", "6.00").await;
    assert_eq!(
        (&rest["fund_change"], &rest["refund_fee"]),
        (&json!("Y"), &json!("10.00"))
    );
    assert_eq!(shop.query("T1").await["trade_status"], "TRADE_CLOSED");
    let method = "alipay.trade.fastpay.refund.query";
    let found = shop
        .ask(method, json!({"out_trade_no": "T1", "out_request_no": "R1"}))
        .await;
    assert_eq!(
        (
            &found["refund_status"],
            &found["refund_amount"],
            &found["total_amount"]
        ),
        (&json!("REFUND_SUCCESS"), &json!("4.00"), &json!("10.00"))
    );
    let unknown = shop
        .ask(method, json!({"out_trade_no": "T1", "out_request_no": "R9"}))
        .await;
    assert_eq!(unknown, json!({"code": "10000", "msg": "Success"}));
    assert_eq!(shop.shown("refunds").await.len(), 2);

    let told = shop.client.await_received("shop", 3).await;
    for delivery in &told {
        assert!(shop.is_genuine(delivery), "{delivery}");
    }
    let told: Vec<_> = told.iter().map(fields).collect();
    let of = |status: &str, fee: Option<&str>| {
        told.iter()
            .find(|fields| {
                fields["trade_status"] == status && fields.get("refund_fee").map(String::as_str) == fee
            })
            .unwrap()
    };
    let paid = of("TRADE_SUCCESS", None);
    assert_eq!(
        (
            paid["app_id"].as_str(),
            paid["seller_id"].as_str(),
            paid["total_amount"].as_str()
        ),
        (APP, SELLER, "10.00")
    );
    assert!(paid.contains_key("gmt_payment") && !paid.contains_key("out_biz_no"));
    assert_eq!(of("TRADE_SUCCESS", Some("4.00"))["out_biz_no"], "R1");
    let last = of("TRADE_CLOSED", Some("10.00"));
    assert!(last["out_biz_no"] == "R2" && last.contains_key("gmt_refund"));
    shop.client.stop().await;
}

#[tokio::test]
async fn refunds_can_go_untold() {
    let shop = Shop::start().await;
    let details = json!({"public_key": vectors()["merchant_key"]["spki"], "notify_refunds": false,
        "notify_url": format!("{}/merchant/shop", shop.client.base)});
    let path = format!("/alipay/apps/{APP}");
    shop.client.control(Method::PUT, &path, details).await;
    shop.paid("T1", "1.00").await;
    assert_eq!(shop.refund("T1", "R1", "1.00").await["fund_change"], "Y");
    shop.client.await_received("shop", 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(shop.client.received("shop").await.len(), 1);
    shop.client.stop().await;
}

#[tokio::test]
async fn refunds_of_one_trade_need_a_pause() {
    let shop = Shop::with(1_000).await;
    shop.paid("T1", "10.00").await;
    assert_eq!(shop.refund("T1", "R1", "1.00").await["fund_change"], "Y");
    let hasty = shop.refund("T1", "R2", "1.00").await;
    assert_eq!(hasty["sub_code"], "ACQ.SYSTEM_ERROR");
    assert_eq!(shop.shown("refunds").await.len(), 1);
    shop.client.stop().await;
}

#[tokio::test]
async fn only_success_is_a_receipt_and_repeats_keep_their_id() {
    let shop = Shop::with(0).await;
    shop.answers("SUCCESS").await;
    shop.paid("T1", "1.00").await;
    let told = shop.client.await_received("shop", 8).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        shop.client.received("shop").await.len(),
        8,
        "once, and seven repeats"
    );
    let ids: BTreeSet<_> = told
        .iter()
        .map(|told| fields(told)["notify_id"].clone())
        .collect();
    assert_eq!(ids.len(), 1);
    shop.answers("success").await;
    let id = ids.first().unwrap();
    let again = shop
        .client
        .control(Method::POST, &format!("/events/{id}/resend"), Value::Null)
        .await;
    assert_eq!((&again[0]["status"], &again[0]["copy"]), (&json!(200), &json!(2)));
    let path = format!("/deliveries?event={id}&type=TRADE_SUCCESS&account={APP}");
    let log = shop.client.control(Method::GET, &path, Value::Null).await;
    assert_eq!(log.as_array().unwrap().len(), 9);
    shop.client.stop().await;
}

#[tokio::test]
async fn a_notification_can_lie() {
    let shop = Shop::start().await;
    shop.paid("T1", "1.00").await;
    shop.client.await_received("shop", 1).await;
    for (lie, genuine) in [
        (
            json!({"fields": {"total_amount": "9.00", "seller_id": "2088000000000009"}}),
            true,
        ),
        (json!({"fields": {"app_id": "2021000000000009"}}), true),
        (json!({"forged": true}), false),
    ] {
        let sent = shop
            .client
            .control(Method::POST, "/alipay/trades/T1/notify", lie.clone())
            .await;
        assert_eq!(sent[0]["status"], 200);
        let received = shop.client.received("shop").await;
        let last = received.last().unwrap();
        assert_eq!(shop.is_genuine(last), genuine, "{lie}");
        for (name, value) in lie["fields"].as_object().into_iter().flatten() {
            assert_eq!(fields(last)[name], value.as_str().unwrap());
        }
    }
    shop.client.stop().await;
}

#[tokio::test]
async fn dials_strike_one_method_and_hide_or_spare_the_work() {
    let shop = Shop::start().await;
    shop.paid("T1", "10.00").await;
    let route = "POST /alipay/gateway.do#alipay.trade.refund";
    for (fault, more, refunds) in [
        ("error", json!({"code": "ACQ.SYSTEM_ERROR"}), 0),
        ("error", json!({"code": "isp.unknow-error"}), 0),
        ("rate_limit", json!({}), 0),
        ("error_after", json!({"code": "ACQ.SYSTEM_ERROR"}), 1),
    ] {
        let mut dial = json!({"route": route, "fault": fault, "times": 1, "account": APP,
            "match": {"metadata": {"out_trade_no": "T1", "out_request_no": "R1"}, "amount": 100}});
        dial.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        shop.client.fault(dial).await;
        assert_eq!(shop.query("T1").await["code"], "10000", "another method");
        let struck = shop.refund("T1", "R1", "1.00").await;
        assert_ne!(struck["code"], "10000", "{fault}: {struck}");
        assert_eq!(shop.shown("refunds").await.len(), refunds, "{fault}");
    }
    assert_eq!(shop.refund("T1", "R1", "1.00").await["fund_change"], "N");
    let content = json!({"out_trade_no": "T1", "out_request_no": "R1", "refund_amount": "1.00"});
    for fault in ["malformed", "error", "reset_before", "reset_after", "hang_after"] {
        shop.client
            .fault(json!({"route": "* /alipay/*", "fault": fault, "status": 502, "times": 1}))
            .await;
        let text = shop.post(shop.order("alipay.trade.refund", &content, &[])).await;
        assert!(text.is_err() || text.unwrap().starts_with("<html>"), "{fault}");
    }
    let calls = shop.client.calls("idempotency_key=R1&effect=true").await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(
        (&calls[0]["route"], &calls[0]["fault"]),
        (&json!(route), &json!("error_after"))
    );
    shop.client.stop().await;
}
