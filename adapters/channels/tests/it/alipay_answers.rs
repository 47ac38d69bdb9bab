//! What an answer is worth that Alipay did not sign, and answers that the sandbox never gives.

use std::time::Duration;

use channels::Channels;
use domain::channel::{CallError, ChannelRefund, Flow, Intent};
use serde_json::{Value, json};

use crate::{
    alipay_setting::{APP_ID, VECTORS, credentials, known, new_intent, new_refund},
    answering::{Answering, answer},
    stand::channels_at,
};

/// Channels that get these answers, one after the other.
async fn answered(answers: &[String]) -> (Answering, Channels) {
    let server = Answering::with(answers).await;
    let channels = channels_at(&server.base_url);
    (server, channels)
}

fn ok(body: &Value) -> String {
    answer("200 OK", body)
}

fn turned_away() -> Value {
    json!({"error_response": {"code": "40002", "msg": "Invalid Arguments",
        "sub_code": "isv.invalid-signature", "sub_msg": "check the key"}})
}

async fn refund(answers: &[String]) -> Result<ChannelRefund, CallError> {
    let (server, channels) = answered(answers).await;
    let key = credentials(APP_ID, &VECTORS["alipay_key"]["spki"]);
    let new = new_refund(&new_intent(Flow::QrCode, "https://sluice.example"), 100);
    let (result, _) = channels.create_refund(&key, &new).await;
    assert_eq!(server.requests().await.len(), answers.len());
    result
}

async fn open(answers: &[String]) -> Result<Intent, CallError> {
    let (server, channels) = answered(answers).await;
    let key = credentials(APP_ID, &VECTORS["alipay_key"]["spki"]);
    let new = new_intent(Flow::QrCode, "https://sluice.example");
    let (result, _) = channels.create_intent(&key, &new).await;
    assert_eq!(server.requests().await.len(), answers.len());
    result
}

#[tokio::test]
async fn nothing_unsigned_decides_about_money() {
    let yes = json!({"alipay_trade_refund_response": {"code": "10000", "fund_change": "Y"}});
    let no = json!({"alipay_trade_refund_response": {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}});
    let badly = json!({"alipay_trade_refund_response": {"code": "10000"}, "sign": "AAAA"});
    for body in [yes, no, badly, turned_away(), json!({}), json!([])] {
        let result = refund(&[ok(&body)]).await;
        assert!(
            matches!(result, Err(CallError::Unknown { .. })),
            "{body}: {result:?}"
        );
    }
}

#[tokio::test]
async fn a_refusal_that_nobody_signed_tells_people_its_code() {
    let Err(CallError::Unknown { message }) = refund(&[ok(&turned_away())]).await else {
        panic!("it was taken for a decision")
    };
    assert!(message.contains("isv.invalid-signature"), "{message}");
    // Without a code nobody can pay, whoever answered.
    let refused = open(&[ok(&turned_away())]).await;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code == "isv.invalid-signature"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_answer_about_another_trade_is_no_answer() {
    // Signed by Alipay for somebody's other request, and played back to this one.
    let cases = VECTORS["response_cases"].as_array().unwrap();
    let played = |name: &str| {
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        let body = case["raw_body"].as_str().unwrap();
        format!(
            "HTTP/1.1 200 OK\ncontent-length: {}\nconnection: close\n\n{body}",
            body.len()
        )
    };
    let result = refund(&[played("refund_ok_fund_change_Y")]).await;
    assert!(matches!(result, Err(CallError::Unknown { .. })), "{result:?}");
    let (server, channels) = answered(&[played("query_ok")]).await;
    let key = credentials(APP_ID, &VECTORS["alipay_key"]["spki"]);
    let intent = known(&new_intent(Flow::Web, "https://sluice.example"));
    let (result, _) = channels.retrieve_intent(&key, &intent).await;
    assert!(matches!(result, Err(CallError::Unknown { .. })), "{result:?}");
    let request = server.requests().await.remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("charset=utf-8") && !head.contains("biz_content"),
        "{head}"
    );
    assert!(
        body.starts_with("biz_content=") && body.contains(&intent.id),
        "{body}"
    );
}

#[tokio::test]
async fn trouble_on_the_way_is_told_apart() {
    let broken = refund(&[answer("502 Bad Gateway", &json!("<html>"))]).await;
    assert!(
        matches!(&broken, Err(CallError::Unknown { message }) if message.contains("502")),
        "{broken:?}"
    );
    let limit = "HTTP/1.1 429 Too Many Requests\nretry-after: 7\ncontent-length: 0\nconnection: close\n\n";
    let limited = refund(&[limit.to_owned()]).await;
    let seven = Duration::from_secs(7);
    assert!(
        matches!(&limited, Err(CallError::Limited { retry_after, .. }) if *retry_after == seven),
        "{limited:?}"
    );
    let nowhere = channels_at("http://127.0.0.1:9");
    let key = credentials(APP_ID, &VECTORS["alipay_key"]["spki"]);
    let new = new_refund(&new_intent(Flow::QrCode, "https://sluice.example"), 100);
    let (unsent, _) = nowhere.create_refund(&key, &new).await;
    assert!(matches!(unsent, Err(CallError::NotDone { .. })), "{unsent:?}");
}
