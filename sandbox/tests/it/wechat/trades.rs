//! Trades: placed, paid in every way, closed by the merchant and by time.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{APPID, MCHID, Merchant, in_ms, now_s};

#[tokio::test]
async fn a_scanned_code_pays_and_the_merchant_is_told_in_either_key_mode() {
    for mode in ["public_key", "certificate"] {
        let merchant = Merchant::in_mode(mode).await;
        let code_url = merchant.place("T20261120000001").await;
        assert!(code_url.starts_with("weixin://wxpay/bizpayurl?pr="), "{code_url}");
        let unpaid = merchant.query("T20261120000001").await.ok();
        assert_eq!(unpaid["trade_state"], "NOTPAY");
        assert_eq!(unpaid["transaction_id"], Value::Null);

        let scan = json!({ "code_url": code_url, "openid": "oPayer" });
        merchant.client.control(Method::POST, "/wechat/scan", scan).await;
        let paid = merchant.query("T20261120000001").await.ok();
        let id = paid["transaction_id"].as_str().unwrap();
        assert_eq!(id.len(), 28);
        let by_id = merchant
            .get(&format!("/v3/pay/transactions/id/{id}?mchid={MCHID}"))
            .await;
        assert_eq!(by_id.ok(), paid);

        let received = merchant.client.await_received("hooks", 1).await;
        let (kind, told) = merchant.told(&received[0]);
        assert_eq!((kind.as_str(), &told), ("TRANSACTION.SUCCESS", &paid), "{mode}");
        let expected = json!({
            "appid": APPID, "mchid": MCHID, "out_trade_no": "T20261120000001", "transaction_id": id,
            "trade_type": "NATIVE", "trade_state": "SUCCESS", "trade_state_desc": "支付成功",
            "bank_type": "OTHERS", "attach": "m=42&t=中文", "success_time": paid["success_time"],
            "payer": { "openid": "oPayer" },
            "amount": { "total": 8888, "payer_total": 8888, "currency": "CNY", "payer_currency": "CNY" },
        });
        assert_eq!(paid, expected);
        assert!(paid["success_time"].as_str().unwrap().ends_with("+08:00"));
        merchant.client.stop().await;
    }
}

#[tokio::test]
async fn the_same_number_again_gives_the_same_trade_or_a_documented_error() {
    let merchant = Merchant::start().await;
    let path = "/v3/pay/transactions/native";
    let code = merchant.place("T00001").await;
    assert_eq!(merchant.place("T00001").await, code);
    let mut other = merchant.order("T00001");
    other["amount"]["total"] = 1.into();
    merchant.post(path, &other).await.error(400, "INVALID_REQUEST");
    let in_app = merchant
        .post("/v3/pay/transactions/app", &merchant.order("T00001"))
        .await;
    in_app.error(403, "OUT_TRADE_NO_USED");
    merchant.pay("T00001", json!({})).await;
    merchant
        .post(path, &merchant.order("T00001"))
        .await
        .error(400, "ORDER_PAID");
    merchant.close("T00001").await.error(400, "ORDER_PAID");

    merchant.place("T00002").await;
    assert_eq!(merchant.close("T00002").await.status, 204);
    assert_eq!(merchant.close("T00002").await.status, 204);
    merchant
        .post(path, &merchant.order("T00002"))
        .await
        .error(400, "ORDER_CLOSED");
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_page_inside_wechat_pays_with_the_merchants_signature() {
    let merchant = Merchant::start().await;
    let mut order = merchant.order("T00001");
    order["payer"] = json!({ "openid": "oPayer" });
    let placed = merchant.post("/v3/pay/transactions/jsapi", &order).await.ok();
    let package = format!("prepay_id={}", placed["prepay_id"].as_str().unwrap());
    let sent = now_s().to_string();
    let signature = merchant.sign(&format!("{APPID}\n{sent}\nN1\n{package}\n"));
    let wish = |appid: &str, sign: &str| {
        json!({
            "appId": appid, "timeStamp": sent, "nonceStr": "N1", "package": package, "signType": "RSA",
            "paySign": sign,
        })
    };
    let path = "/wechat/jsapi-pay";
    assert_eq!(merchant.control_status(path, wish(APPID, "AAAA")).await, 400);
    assert_eq!(
        merchant.control_status(path, wish("wxother", &signature)).await,
        404
    );
    assert_eq!(merchant.state("T00001").await, "NOTPAY");
    let paid = merchant
        .client
        .control(Method::POST, path, wish(APPID, &signature))
        .await;
    assert_eq!(paid["err_msg"], "get_brand_wcpay_request:ok");
    let trade = merchant.query("T00001").await.ok();
    let seen = (
        &trade["trade_state"],
        &trade["trade_type"],
        &trade["payer"]["openid"],
    );
    assert_eq!(seen, (&json!("SUCCESS"), &json!("JSAPI"), &json!("oPayer")));
    assert_eq!(
        merchant.control_status(path, wish(APPID, &signature)).await,
        400,
        "paid already"
    );
    merchant.client.stop().await;
}

#[tokio::test]
async fn an_app_and_a_browser_pay_too() {
    let merchant = Merchant::start().await;
    let placed = merchant
        .post("/v3/pay/transactions/app", &merchant.order("T00001"))
        .await
        .ok();
    let prepay_id = placed["prepay_id"].as_str().unwrap();
    let sign = merchant.sign(&format!("{APPID}\n1\nN1\n{prepay_id}\n"));
    let wish = json!({
        "appid": APPID, "partnerid": MCHID, "prepayid": prepay_id, "package": "Sign=WXPay", "noncestr": "N1",
        "timestamp": "1", "sign": sign,
    });
    merchant
        .client
        .control(Method::POST, "/wechat/app-pay", wish)
        .await;
    assert_eq!(merchant.state("T00001").await, "SUCCESS");

    let mut order = merchant.order("T00002");
    order["scene_info"] = json!({ "payer_client_ip": "14.23.150.211", "h5_info": { "type": "Wap" } });
    let placed = merchant.post("/v3/pay/transactions/h5", &order).await.ok();
    let url = format!(
        "{}&redirect_url=https%3A%2F%2Fshop.example%2Fback",
        placed["h5_url"].as_str().unwrap()
    );
    assert!(
        merchant
            .client
            .http
            .get(&url)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    assert_eq!(
        merchant.state("T00002").await,
        "NOTPAY",
        "opening the page is not paying"
    );
    let patient = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let answer = patient.build().unwrap().post(&url).send().await.unwrap();
    assert_eq!(answer.headers()["location"], "https://shop.example/back");
    assert_eq!(merchant.query("T00002").await.ok()["trade_type"], "MWEB");
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_payer_can_fail_hesitate_and_pay_after_all() {
    let merchant = Merchant::start().await;
    merchant.place("T00001").await;
    for (outcome, state) in [
        ("declined", "PAYERROR"),
        ("paying", "USERPAYING"),
        ("abandoned", "NOTPAY"),
    ] {
        merchant.pay("T00001", json!({ "outcome": outcome })).await;
        assert_eq!(merchant.state("T00001").await, state);
    }
    merchant.pay("T00001", json!({ "outcome": "paid" })).await;
    assert_eq!(merchant.state("T00001").await, "SUCCESS");
    merchant.place("T00002").await;
    merchant.pay("T00002", json!({ "outcome": "revoked" })).await;
    assert_eq!(merchant.state("T00002").await, "REVOKED");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        merchant.client.received("hooks").await.len(),
        1,
        "only a payment is told"
    );
    merchant.client.stop().await;
}

#[tokio::test]
async fn what_is_closed_cannot_be_paid_unless_the_money_was_on_its_way() {
    let merchant = Merchant::start().await;
    merchant.place("T00001").await;
    merchant.close("T00001").await;
    assert_eq!(
        merchant
            .control_status("/wechat/trades/T00001/pay", json!({}))
            .await,
        400
    );
    assert_eq!(merchant.state("T00001").await, "CLOSED");
    merchant.pay("T00001", json!({ "even_if_closed": true })).await;
    assert_eq!(merchant.state("T00001").await, "SUCCESS");
    let received = merchant.client.await_received("hooks", 1).await;
    assert_eq!(merchant.told(&received[0]).1["trade_state"], "SUCCESS");
    merchant.client.stop().await;
}

#[tokio::test]
async fn time_closes_a_trade() {
    let merchant = Merchant::start().await;
    let path = "/v3/pay/transactions/native";
    let mut order = merchant.order("T00001");
    order["time_expire"] = in_ms(10).into();
    merchant.post(path, &order).await.error(400, "PARAM_ERROR");
    order["time_expire"] = in_ms(1_500).into();
    merchant.post(path, &order).await.ok();
    merchant.pay("T00001", json!({ "outcome": "paying" })).await;
    assert_eq!(merchant.state("T00001").await, "USERPAYING");
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert_eq!(merchant.state("T00001").await, "CLOSED");
    assert_eq!(
        merchant
            .control_status("/wechat/trades/T00001/pay", json!({}))
            .await,
        400
    );
    merchant.post(path, &order).await.error(400, "ORDER_CLOSED");

    merchant.place("T00002").await;
    merchant
        .client
        .control(Method::POST, "/wechat/trades/T00002/expire", Value::Null)
        .await;
    assert_eq!(merchant.state("T00002").await, "CLOSED");
    let truth = merchant
        .client
        .control(Method::GET, "/wechat/trades?trade_state=CLOSED", Value::Null)
        .await;
    let numbers: Vec<_> = truth
        .as_array()
        .unwrap()
        .iter()
        .map(|trade| &trade["out_trade_no"])
        .collect();
    assert_eq!(numbers, ["T00001", "T00002"]);
    merchant.client.stop().await;
}
