//! The Alipay gateway: who may ask, what is refused, and how a trade comes to be, is paid and ends.

use reqwest::Method;
use serde_json::{Value, json};

use crate::alipay_client::{APP, Shop, vectors};

const QUERY: &str = "alipay.trade.query";

#[tokio::test]
async fn requests_that_the_sdks_signed_are_understood() {
    let shop = Shop::start().await;
    let mut pages = 0;
    for request in vectors()["requests"].as_array().unwrap() {
        let name = request["name"].as_str().unwrap();
        let text = shop
            .post(request["encoded"].as_str().unwrap().to_owned())
            .await
            .unwrap();
        assert!(!text.contains("isv.invalid-signature"), "{name}: {text}");
        pages += usize::from(text.starts_with("<!doctype"));
    }
    assert!(pages >= 2, "page and wap payments answer a page");
    shop.client.stop().await;
}

#[tokio::test]
async fn the_gateway_refuses_what_alipay_refuses_and_signs_none_of_it() {
    let mut shop = Shop::start().await;
    let content = json!({"out_trade_no": "T1"});
    let refused = [
        (("app_id", "2021000000000009"), "isv.invalid-app-id"),
        (("app_id", ""), "isv.missing-app-id"),
        (("method", "alipay.trade.nothing"), "isv.invalid-method"),
        (("method", ""), "isv.missing-method"),
        (("sign_type", "RSA"), "isv.invalid-signature-type"),
        (("charset", "latin1"), "isv.invalid-charset"),
        (("version", "2.0"), "isv.invalid-version"),
        (("timestamp", "2026-11-20T18:00:00"), "isv.invalid-timestamp"),
        (("timestamp", ""), "isv.missing-timestamp"),
        (("format", "XML"), "isv.invalid-format"),
    ];
    for (common, code) in refused {
        let text = shop.post(shop.order(QUERY, &content, &[common])).await.unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["error_response"]["sub_code"], code, "{text}");
        assert!(answer.get("sign").is_none());
    }
    let order = shop.order(QUERY, &content, &[]);
    let text = shop.post(order.replace("T1", "T2")).await.unwrap();
    assert!(text.contains("isv.invalid-signature"), "{text}");
    shop.use_key(vectors()["wrong_key"]["pkcs8"].as_str().unwrap());
    let text = shop.post(shop.order(QUERY, &content, &[])).await.unwrap();
    assert!(text.contains("isv.invalid-signature"), "{text}");
    shop.client.stop().await;
}

#[tokio::test]
async fn what_the_business_content_lacks_is_named() {
    let shop = Shop::start().await;
    let good = json!({"out_trade_no": "T1", "total_amount": "1.00", "subject": "s"});
    for (field, value) in [
        ("out_trade_no", json!("")),
        ("out_trade_no", json!("T 1")),
        ("total_amount", json!("1.001")),
        ("total_amount", json!("0")),
        ("total_amount", json!(1)),
        ("subject", Value::Null),
        ("timeout_express", json!("16d")),
        ("time_expire", json!("2020-01-01 00:00:00")),
    ] {
        let mut content = good.clone();
        content[field] = value;
        let answer = shop.ask("alipay.trade.precreate", content).await;
        assert_eq!(
            (&answer["code"], &answer["sub_code"]),
            (&json!("40004"), &json!("ACQ.INVALID_PARAMETER")),
            "{field}: {answer}"
        );
        assert!(answer["sub_msg"].as_str().unwrap().contains(field));
    }
    let answer = shop.ask(QUERY, json!({})).await;
    assert_eq!(answer["sub_code"], "ACQ.INVALID_PARAMETER");
    shop.client.stop().await;
}

#[tokio::test]
async fn a_qr_trade_exists_once_it_was_scanned() {
    let shop = Shop::start().await;
    let link = shop.qr("T1", "88.88").await;
    assert_eq!(shop.query("T1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    let page = shop
        .client
        .http
        .get(link)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("88.88") && page.contains("A/B &amp; {C}"), "{page}");
    assert_eq!(shop.query("T1").await["trade_status"], "WAIT_BUYER_PAY");
    shop.pay("T1", json!({"outcome": "declined"})).await;
    assert_eq!(shop.query("T1").await["trade_status"], "WAIT_BUYER_PAY");
    shop.pay("T1", Value::Null).await;
    let answer = shop.query("T1").await;
    assert_eq!(
        (
            &answer["trade_status"],
            &answer["total_amount"],
            &answer["buyer_pay_amount"]
        ),
        (&json!("TRADE_SUCCESS"), &json!("88.88"), &json!("88.88"))
    );
    let by_number = shop.ask(QUERY, json!({"trade_no": answer["trade_no"]})).await;
    assert_eq!(by_number["out_trade_no"], "T1");
    let content = json!({"out_trade_no": "T1", "total_amount": "88.88", "subject": "s"});
    let again = shop.ask("alipay.trade.precreate", content).await;
    assert_eq!(again["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
    shop.client.stop().await;
}

#[tokio::test]
async fn a_page_leads_to_the_cashier_by_get_and_by_post() {
    let shop = Shop::start().await;
    let content = json!({"out_trade_no": "T1", "total_amount": "1.00", "subject": "s",
        "product_code": "FAST_INSTANT_TRADE_PAY"});
    let order = shop.order(
        "alipay.trade.page.pay",
        &content,
        &[("return_url", "https://s.test/r")],
    );
    let url = format!("{}/alipay/gateway.do?{order}", shop.client.base);
    let page = shop
        .client
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(page, shop.post(order).await.unwrap());
    assert_eq!(
        shop.query("T1").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST",
        "nobody opened it"
    );
    let (_, rest) = page.split_once("action='").unwrap();
    let (cashier, _) = rest.split_once('\'').unwrap();
    let page = shop
        .client
        .http
        .get(cashier)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("https://s.test/r"), "{page}");
    assert_eq!(shop.query("T1").await["trade_status"], "WAIT_BUYER_PAY");
    let content = json!({"out_trade_no": "T2", "total_amount": "1.00", "subject": "s"});
    let page = shop
        .post(shop.order("alipay.trade.page.pay", &content, &[]))
        .await
        .unwrap();
    assert!(
        page.contains("ACQ.INVALID_PARAMETER") && page.contains("product_code"),
        "{page}"
    );
    shop.client.stop().await;
}

#[tokio::test]
async fn an_order_string_is_for_the_app_and_not_for_the_gateway() {
    let shop = Shop::start().await;
    let content = json!({"out_trade_no": "T1", "total_amount": "5", "subject": "s"});
    let order = shop.order("alipay.trade.app.pay", &content, &[]);
    assert!(
        shop.post(order.clone())
            .await
            .unwrap()
            .contains("isv.invalid-method")
    );
    let paid = shop
        .client
        .control(Method::POST, "/alipay/app-pay", json!({"order": order}))
        .await;
    assert_eq!(
        (&paid["trade_status"], &paid["total_amount"]),
        (&json!("TRADE_SUCCESS"), &json!("5.00"))
    );
    shop.client.stop().await;
}

#[tokio::test]
async fn close_and_cancel_end_a_trade_and_late_money_can_still_come() {
    let shop = Shop::start().await;
    shop.qr("T1", "1.00").await;
    let close = json!({"out_trade_no": "T1"});
    let unopened = shop.ask("alipay.trade.close", close.clone()).await;
    assert_eq!(unopened["sub_code"], "ACQ.TRADE_NOT_EXIST");
    shop.pay("T1", json!({"outcome": "opened"})).await;
    assert_eq!(
        shop.ask("alipay.trade.close", close.clone()).await["code"],
        "10000"
    );
    assert_eq!(shop.query("T1").await["trade_status"], "TRADE_CLOSED");
    let again = shop.ask("alipay.trade.close", close).await;
    assert_eq!(again["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    shop.pay("T1", json!({"even_if_closed": true, "amount": "2.00"}))
        .await;
    let late = shop.query("T1").await;
    assert_eq!(
        (&late["trade_status"], &late["total_amount"]),
        (&json!("TRADE_SUCCESS"), &json!("2.00"))
    );
    for (number, action) in [
        ("T2", Value::Null),
        ("T3", json!("close")),
        ("T4", json!("refund")),
    ] {
        shop.qr(number, "1.00").await;
        match number {
            "T3" => drop(shop.pay(number, json!({"outcome": "opened"})).await),
            "T4" => drop(shop.pay(number, Value::Null).await),
            _ => {}
        }
        let answer = shop
            .ask("alipay.trade.cancel", json!({"out_trade_no": number}))
            .await;
        assert_eq!(
            (&answer["code"], &answer["action"]),
            (&json!("10000"), &action),
            "{answer}"
        );
    }
    let withdrawn = shop.shown("trades?out_trade_no=T2").await;
    assert_eq!(withdrawn[0]["trade_status"], "OFFERED");
    let link = format!("{}/alipay/qr/{APP}/T2", shop.client.base);
    let page = shop
        .client
        .http
        .get(link)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("ACQ.TRADE_HAS_CLOSE"), "{page}");
    shop.pay("T2", json!({"even_if_closed": true})).await;
    assert_eq!(shop.query("T2").await["trade_status"], "TRADE_SUCCESS");
    let refunds = shop.shown("refunds?out_trade_no=T4").await;
    assert_eq!((refunds.len(), &refunds[0]["app_id"]), (1, &json!(APP)));
    shop.client.stop().await;
}

#[tokio::test]
async fn a_reset_forgets_apps_and_trades() {
    let shop = Shop::start().await;
    shop.paid("T1", "1.00").await;
    shop.client.control(Method::DELETE, "", Value::Null).await;
    assert!(shop.shown("trades").await.is_empty());
    let text = shop.post(shop.order(QUERY, &json!({}), &[])).await.unwrap();
    assert!(text.contains("isv.invalid-app-id"), "{text}");
    shop.client.stop().await;
}

#[tokio::test]
async fn time_runs_out_for_the_payer() {
    let shop = Shop::start().await;
    // A minute of 60 seconds of 5 ms.
    let content =
        json!({"out_trade_no": "T1", "total_amount": "1.00", "subject": "s", "timeout_express": "1m"});
    assert_eq!(shop.ask("alipay.trade.precreate", content).await["code"], "10000");
    shop.pay("T1", json!({"outcome": "opened"})).await;
    let told = shop.client.await_received("shop", 1).await;
    let fields = crate::alipay_client::fields(&told[0]);
    assert_eq!(fields["trade_status"], "TRADE_CLOSED");
    assert!(!fields.contains_key("gmt_refund"), "nothing was given back");
    let url = format!("{}/sandbox/alipay/trades/T1/pay", shop.client.base);
    let late = shop
        .client
        .http
        .post(url)
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(late.status(), 409);
    assert_eq!(shop.query("T1").await["trade_status"], "TRADE_CLOSED");
    shop.client.stop().await;
}
