//! What is refused: requests that are not proved, and parameters that are not right.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{MCHID, Merchant, now_s};

const NATIVE: &str = "/v3/pay/transactions/native";

#[tokio::test]
async fn only_the_merchants_own_fresh_signature_opens_the_door() {
    let merchant = Merchant::start().await;
    let body = merchant.order("T00001").to_string();
    let good = merchant.authorization("POST", NATIVE, now_s(), "N1", &body);
    let signed_at = |sent_s| merchant.authorization("POST", NATIVE, sent_s, "N1", &body);
    for (why, authorization) in [
        (
            "another target",
            merchant.authorization("POST", "/v3/pay", now_s(), "N1", &body),
        ),
        (
            "another method",
            merchant.authorization("GET", NATIVE, now_s(), "N1", &body),
        ),
        (
            "another body",
            merchant.authorization("POST", NATIVE, now_s(), "N1", "{}"),
        ),
        ("old", signed_at(now_s() - 310)),
        ("of tomorrow", signed_at(now_s() + 310)),
        ("another serial", good.replace(&merchant.serial_no, "5157F09E")),
        ("an unknown merchant", good.replace(MCHID, "1900000000")),
        ("another nonce", good.replace("N1", "N2")),
        ("another scheme", good.replace("WECHATPAY2", "WECHATPAY1")),
        ("a missing part", good.replace("nonce_str", "nonce")),
        ("nothing", String::new()),
    ] {
        let answer = merchant.raw(Method::POST, NATIVE, &authorization, &body).await;
        assert_eq!(answer.status(), 401, "{why}");
        let (headers, text) = (answer.headers().clone(), answer.text().await.unwrap());
        assert_eq!(
            merchant.problem(&headers, &text),
            None,
            "{why}: refusals are signed as well"
        );
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap()["code"],
            "SIGN_ERROR",
            "{why}"
        );
    }
    assert_eq!(
        merchant.query("T00001").await.error(404, "ORDER_NOT_EXIST")["detail"],
        Value::Null
    );
    for sent_s in [now_s() - 290, now_s() + 290] {
        let answer = merchant
            .raw(Method::POST, NATIVE, &signed_at(sent_s), &body)
            .await;
        assert_eq!(answer.status(), 200);
    }
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_base_address_with_a_path_may_be_signed_or_left_out() {
    let merchant = Merchant::start().await;
    let called = format!("/wechat{NATIVE}");
    let body = merchant.order("T00001").to_string();
    for signed in [NATIVE, called.as_str()] {
        let authorization = merchant.authorization("POST", signed, now_s(), "N1", &body);
        assert_eq!(
            merchant
                .raw(Method::POST, &called, &authorization, &body)
                .await
                .status(),
            200
        );
    }
    let authorization = merchant.authorization("POST", &called, now_s(), "N1", &body);
    assert_eq!(
        merchant
            .raw(Method::POST, NATIVE, &authorization, &body)
            .await
            .status(),
        401
    );
    merchant.client.stop().await;
}

#[tokio::test]
async fn headers_that_clients_forget() {
    let merchant = Merchant::start().await;
    let body = merchant.order("T00001").to_string();
    let authorization = merchant.authorization("POST", NATIVE, now_s(), "N1", &body);
    let plain = merchant
        .client
        .http
        .post(format!("{}{NATIVE}", merchant.client.base));
    let plain = plain.header("authorization", &authorization).body(body.clone());
    assert_eq!(plain.send().await.unwrap().status(), 400, "no User-Agent");
    let plain = merchant
        .client
        .http
        .post(format!("{}{NATIVE}", merchant.client.base));
    let plain = plain
        .header("authorization", &authorization)
        .header("user-agent", "merchant/1");
    assert_eq!(
        plain.body(body.clone()).send().await.unwrap().status(),
        415,
        "no Content-Type"
    );
    let other_key = merchant.unsent(Method::POST, NATIVE, &authorization, &body);
    let other_key = other_key.header("wechatpay-serial", "PUB_KEY_ID_1");
    assert_eq!(
        other_key.send().await.unwrap().status(),
        400,
        "a key that is not ours"
    );
    merchant.client.stop().await;
}

/// Sets a field by its pointer, or takes it away.
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => parent.remove(name),
        value => parent.insert(name.to_owned(), value),
    };
    body
}

#[tokio::test]
async fn parameters_are_read_strictly() {
    let merchant = Merchant::start().await;
    let order = merchant.order("T00001");
    let long = "长".repeat(128);
    for (pointer, value) in [
        ("/appid", Value::Null),
        ("/mchid", Value::Null),
        ("/description", Value::Null),
        ("/description", json!(long)),
        ("/description", json!("")),
        ("/out_trade_no", Value::Null),
        ("/out_trade_no", json!("T1")),
        ("/out_trade_no", json!("T".repeat(33))),
        ("/out_trade_no", json!("T 00001")),
        ("/out_trade_no", json!(20_261_120)),
        ("/attach", json!(format!("{long}x"))),
        ("/notify_url", Value::Null),
        ("/notify_url", json!("shop.example/notify")),
        ("/notify_url", json!("https://shop.example/notify?a=1")),
        ("/amount", Value::Null),
        ("/amount", json!(8888)),
        ("/amount/total", Value::Null),
        ("/amount/total", json!(0)),
        ("/amount/total", json!(-1)),
        ("/amount/total", json!("8888")),
        ("/amount/total", json!(88.88)),
        ("/amount/currency", json!("USD")),
        ("/amount/totals", json!(1)),
        ("/time_expire", json!("tomorrow")),
        ("/payer", json!({ "openid": "o" })),
        ("/out_trade_number", json!("T00001")),
        ("/scene_info", json!({ "payer_client_ip": "localhost" })),
    ] {
        let answer = merchant.post(NATIVE, &with(order.clone(), pointer, value)).await;
        let detail = answer.error(400, "PARAM_ERROR")["detail"].clone();
        assert!(
            detail["field"].as_str().unwrap().starts_with(pointer),
            "{pointer}: {detail}"
        );
    }
    merchant
        .post(NATIVE, &with(order.clone(), "/appid", json!("wx0")))
        .await
        .error(400, "APPID_MCHID_NOT_MATCH");
    merchant
        .post(NATIVE, &with(order.clone(), "/mchid", json!("19")))
        .await
        .error(403, "NO_AUTH");
    merchant
        .post("/v3/pay/transactions/jsapi", &order)
        .await
        .error(400, "PARAM_ERROR");
    merchant
        .post("/v3/pay/transactions/h5", &order)
        .await
        .error(400, "PARAM_ERROR");
    let no_page = with(order.clone(), "/scene_info", json!({ "payer_client_ip": "::1" }));
    merchant
        .post("/v3/pay/transactions/h5", &no_page)
        .await
        .error(400, "PARAM_ERROR");
    merchant.post(NATIVE, &json!([1])).await.error(400, "PARAM_ERROR");
    merchant
        .post("/v3/pay/transactions/codepay", &order)
        .await
        .error(404, "RESOURCE_NOT_EXISTS");

    merchant.place("T00001").await;
    let target = "/v3/pay/transactions/out-trade-no/T00001";
    merchant.get(target).await.error(400, "PARAM_ERROR");
    merchant
        .get(&format!("{target}?mchid=19"))
        .await
        .error(403, "NO_AUTH");
    merchant
        .post(&format!("{target}/close"), &json!({}))
        .await
        .error(400, "PARAM_ERROR");
    merchant
        .post(&format!("{target}/close"), &json!({ "mchid": "19" }))
        .await
        .error(403, "NO_AUTH");
    merchant.close("T99999").await.error(404, "ORDER_NOT_EXIST");

    merchant.pay("T00001", json!({})).await;
    let refund = merchant.refund_of("T00001", "R1", 1);
    for (pointer, value) in [
        ("/out_trade_no", Value::Null),
        ("/out_refund_no", Value::Null),
        ("/out_refund_no", json!("R".repeat(65))),
        ("/reason", json!("长".repeat(81))),
        ("/amount/refund", json!(8889)),
        ("/amount/refund", json!(1.5)),
        ("/amount/currency", Value::Null),
        ("/funds_account", json!("MINE")),
        ("/refund_fee", json!(1)),
    ] {
        let wrong = with(refund.clone(), pointer, value);
        merchant
            .post("/v3/refund/domestic/refunds", &wrong)
            .await
            .error(400, "PARAM_ERROR");
    }
    merchant.client.stop().await;
}

#[tokio::test]
async fn registrations_that_make_no_sense_are_refused() {
    let merchant = Merchant::start().await;
    let vectors = super::client::vectors();
    let good = json!({
        "appid": ["wx1", "wx2"], "certificate": vectors["merchant"]["cert"], "apiv3_key": vectors["apiv3_key"],
        "key_mode": "certificate",
    });
    let shown = merchant
        .client
        .control(Method::PUT, "/wechat/merchants/1900000110", good.clone())
        .await;
    assert_eq!(shown["serial_no"], vectors["merchant"]["serial"]);
    assert!(
        !shown.to_string().contains("0123456789abcdef"),
        "the key is not shown"
    );
    for (pointer, value) in [
        ("/apiv3_key", json!("short")),
        ("/certificate", json!("-----BEGIN CERTIFICATE-----")),
        ("/certificate", Value::Null),
        ("/public_key", vectors["merchant"]["spki"].clone()),
        ("/key_mode", json!("none")),
    ] {
        let request = merchant
            .client
            .http
            .put(format!("{}/sandbox/wechat/merchants/1", merchant.client.base));
        let request = request.header("content-type", "application/json");
        let answer = request
            .body(with(good.clone(), pointer, value).to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 400, "{pointer}");
    }
    merchant.client.stop().await;
}
