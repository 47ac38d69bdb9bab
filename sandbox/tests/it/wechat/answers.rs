//! Answers: signed with the right key, wrong on demand, and bent by the fault dials.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{MCHID, Merchant, now_s};

const NATIVE: &str = "/v3/pay/transactions/native";

#[tokio::test]
async fn certificates_are_shown_to_those_who_use_them() {
    let merchant = Merchant::in_mode("certificate").await;
    let shown = merchant.get("/v3/certificates").await.ok();
    let certificate = &shown["data"][0];
    assert_eq!(certificate["serial_no"], merchant.wechat_serial.as_str());
    let pem = merchant.decrypted(&certificate["encrypt_certificate"]);
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    merchant.client.stop().await;

    let merchant = Merchant::start().await;
    merchant
        .get("/v3/certificates")
        .await
        .error(404, "RESOURCE_NOT_EXISTS");
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_request_chooses_the_key_of_its_answer() {
    let merchant = Merchant::in_mode("certificate").await;
    let shown = merchant
        .client
        .control(Method::GET, &format!("/wechat/merchants/{MCHID}"), Value::Null)
        .await;
    let public = shown["wechat"]["public_key_id"].as_str().unwrap();
    let target = format!("/v3/pay/transactions/out-trade-no/T00001?mchid={MCHID}");
    let authorization = merchant.authorization("GET", &target, now_s(), "N1", "");
    let request = merchant.unsent(Method::GET, &target, &authorization, "");
    let answer = request.header("wechatpay-serial", public).send().await.unwrap();
    assert_eq!(answer.headers()["wechatpay-serial"], public);
    merchant.client.stop().await;
}

#[tokio::test]
async fn answers_can_be_badly_signed() {
    let merchant = Merchant::start().await;
    let target = format!("/v3/pay/transactions/out-trade-no/T00001?mchid={MCHID}");
    for (signature, problem) in [
        ("probe", "probe"),
        ("forged", "signature"),
        ("stale", "stale"),
        ("unknown_serial", "serial"),
        ("unsigned", "missing"),
    ] {
        merchant
            .dial("answers", json!({ "signature": signature, "times": 1 }))
            .await;
        let authorization = merchant.authorization("GET", &target, now_s(), "N1", "");
        let answer = merchant.raw(Method::GET, &target, &authorization, "").await;
        let (headers, text) = (answer.headers().clone(), answer.text().await.unwrap());
        assert_eq!(merchant.problem(&headers, &text), Some(problem));
        merchant.get(&target).await.error(404, "ORDER_NOT_EXIST");
    }
    merchant.client.stop().await;
}

#[tokio::test]
async fn faults_before_and_after_the_work() {
    let merchant = Merchant::start().await;
    let fault = async |fault: &str, number: &str| {
        let only = json!({ "metadata": { "out_trade_no": number } });
        merchant
            .client
            .fault(json!({ "route": format!("POST {NATIVE}"), "fault": fault, "times": 1, "match": only }))
            .await;
    };
    let order = |number: &str| merchant.order(number);
    fault("error", "T00001").await;
    merchant.post(NATIVE, &order("T00000")).await.ok();
    merchant
        .post(NATIVE, &order("T00001"))
        .await
        .error(500, "SYSTEM_ERROR");
    merchant.query("T00001").await.error(404, "ORDER_NOT_EXIST");
    fault("error_after", "T00002").await;
    merchant
        .post(NATIVE, &order("T00002"))
        .await
        .error(500, "SYSTEM_ERROR");
    assert_eq!(merchant.state("T00002").await, "NOTPAY");
    fault("rate_limit", "T00003").await;
    merchant
        .post(NATIVE, &order("T00003"))
        .await
        .error(429, "FREQUENCY_LIMITED");
    for (kind, number, there) in [("reset_before", "T00004", 404), ("reset_after", "T00005", 200)] {
        fault(kind, number).await;
        let body = order(number).to_string();
        let authorization = merchant.authorization("POST", NATIVE, now_s(), "N1", &body);
        merchant
            .unsent(Method::POST, NATIVE, &authorization, &body)
            .send()
            .await
            .unwrap_err();
        assert_eq!(merchant.query(number).await.status, there, "{kind}");
    }
    fault("malformed", "T00006").await;
    let body = order("T00006").to_string();
    let authorization = merchant.authorization("POST", NATIVE, now_s(), "N1", &body);
    let junk = merchant.raw(Method::POST, NATIVE, &authorization, &body).await;
    assert_eq!(junk.status(), 200);
    let (headers, text) = (junk.headers().clone(), junk.text().await.unwrap());
    assert_eq!(merchant.problem(&headers, &text), Some("signature"));

    let calls = merchant.client.calls("idempotency_key=T00002").await;
    assert_eq!(calls.len(), 1);
    let seen = (
        &calls[0]["route"],
        &calls[0]["account"],
        &calls[0]["effect"],
        &calls[0]["status"],
    );
    assert_eq!(
        seen,
        (
            &json!(format!("POST {NATIVE}")),
            &json!(MCHID),
            &json!(true),
            &json!(500)
        )
    );
    merchant.client.stop().await;
}

#[tokio::test]
async fn a_dialled_error_names_the_code_it_is_told() {
    let merchant = Merchant::start().await;
    merchant.paid("T00001").await;
    let dial = json!({
        "route": "POST /v3/refund/domestic/refunds", "fault": "error_after", "status": 500, "code": "SYSTEMERROR",
        "match": { "amount": 7 }, "times": 1,
    });
    merchant.client.fault(dial).await;
    merchant.refund("T00001", "R1", 7).await.error(500, "SYSTEMERROR");
    let again = merchant.refund("T00001", "R1", 7).await.ok();
    assert_eq!(
        again["out_refund_no"], "R1",
        "the same number again finds the work done"
    );
    let truth = merchant
        .client
        .control(Method::GET, "/wechat/refunds", Value::Null)
        .await;
    assert_eq!(truth.as_array().unwrap().len(), 1);
    merchant.client.stop().await;
}
