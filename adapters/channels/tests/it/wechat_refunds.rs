//! Which of WeChat Pay's words about refunds are believed: a refund that is wrongly called refused is paid twice.

use domain::channel::{CallError, ChannelRefund, Flow, NewRefund, RefundRef};
use serde_json::Value;

use crate::{
    answering::{Answering, answer},
    stand::channels_at,
    wechat_setting::{new_intent, new_refund, of_the_vectors, refund, refusal, signed},
};

fn new() -> NewRefund {
    new_refund(&new_intent(Flow::QrCode, "https://sluice.example/"), 888)
}

async fn made(new: &NewRefund, answers: &[String]) -> (Result<ChannelRefund, CallError>, Vec<String>) {
    let server = Answering::with(answers).await;
    let channels = channels_at(&server.base_url);
    let made = channels.create_refund(&of_the_vectors(), new).await.0;
    (made, server.requests().await)
}

async fn found(new: &NewRefund, answer: String) -> Result<Option<ChannelRefund>, CallError> {
    let server = Answering::with(&[answer]).await;
    let channels = channels_at(&server.base_url);
    let found = channels
        .find_refund(&of_the_vectors(), &new.intent, new.refund_id)
        .await
        .0;
    server.requests().await;
    found
}

fn is_unknown<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Unknown { .. }))
}

#[tokio::test]
async fn an_accepted_refund_is_under_way() {
    for (status, meaning) in [
        ("PROCESSING", "processing"),
        ("SUCCESS", "succeeded"),
        ("CLOSED", "failed"),
        ("ABNORMAL", "stuck"),
    ] {
        let new = new();
        let (made, requests) = made(&new, &[signed("200 OK", &refund(&new, status))]).await;
        let made = made.unwrap();
        assert_eq!(made.status.name(), meaning);
        assert_eq!((made.refund_id, made.money), (Some(new.refund_id), new.money));
        assert_eq!(made.id, new.refund_id.as_uuid().simple().to_string());
        let (_, body) = requests[0].split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&body["amount"]["total"], &body["amount"]["refund"]),
            (&8888.into(), &888.into())
        );
    }
}

#[tokio::test]
async fn a_refusal_counts_when_it_is_signed_and_the_refund_is_not_there() {
    let (refused, absent) = (
        signed("403 Forbidden", &refusal("NOT_ENOUGH")),
        signed("404 Not Found", &refusal("RESOURCE_NOT_EXISTS")),
    );
    let (result, requests) = made(&new(), &[refused.clone(), absent.clone()]).await;
    let Err(CallError::Refused { code, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(code, "NOT_ENOUGH");
    assert!(
        requests[1].starts_with("GET /v3/refund/domestic/refunds/"),
        "{}",
        requests[1]
    );

    let new = new();
    let there = signed("200 OK", &refund(&new, "PROCESSING"));
    let (result, _) = made(&new, &[refused.clone(), there]).await;
    assert_eq!(
        result.unwrap().status.name(),
        "processing",
        "an earlier request made it"
    );

    let unsigned = answer("404 Not Found", &refusal("RESOURCE_NOT_EXISTS"));
    let (result, _) = made(&new, &[refused.clone(), unsigned.clone()]).await;
    assert!(is_unknown(&result), "{result:?}");
    let trouble = signed("500 Internal Server Error", &refusal("SYSTEM_ERROR"));
    let (result, _) = made(&new, &[refused, trouble]).await;
    assert!(is_unknown(&result), "{result:?}");
    let refused = answer("403 Forbidden", &refusal("NO_AUTH"));
    let (result, _) = made(&new, &[refused, unsigned]).await;
    assert!(is_unknown(&result), "nobody signed anything: {result:?}");
}

#[tokio::test]
async fn a_merchant_that_may_not_even_ask_is_refused_by_signed_words() {
    let no = signed("401 Unauthorized", &refusal("SIGN_ERROR"));
    let (result, _) = made(&new(), &[no.clone(), no]).await;
    assert!(matches!(result, Err(CallError::Refused { .. })), "{result:?}");
}

#[tokio::test]
async fn trouble_is_unknown_and_a_limit_is_a_limit() {
    let (result, _) = made(
        &new(),
        &[signed("500 Internal Server Error", &refusal("SYSTEM_ERROR"))],
    )
    .await;
    assert!(is_unknown(&result), "{result:?}");
    let (result, _) = made(
        &new(),
        &[signed("429 Too Many Requests", &refusal("FREQUENCY_LIMITED"))],
    )
    .await;
    assert!(matches!(result, Err(CallError::Limited { .. })), "{result:?}");
}

#[tokio::test]
async fn a_refund_is_absent_by_a_signed_word_only() {
    let new = new();
    assert_eq!(
        found(&new, signed("404 Not Found", &refusal("RESOURCE_NOT_EXISTS"))).await,
        Ok(None)
    );
    let unsigned = found(&new, answer("404 Not Found", &refusal("RESOURCE_NOT_EXISTS"))).await;
    assert!(is_unknown(&unsigned), "{unsigned:?}");
    let there = found(&new, signed("200 OK", &refund(&new, "SUCCESS"))).await;
    assert_eq!(there.unwrap().unwrap().refund_id, Some(new.refund_id));
}

#[tokio::test]
async fn a_refund_of_another_number_or_order_is_no_answer() {
    for field in ["out_refund_no", "out_trade_no"] {
        let new = new();
        let mut other = refund(&new, "SUCCESS");
        other[field] = "R1".into();
        let found = found(&new, signed("200 OK", &other)).await;
        assert!(is_unknown(&found), "{field}: {found:?}");
    }
}

#[tokio::test]
async fn a_refund_that_is_not_there_is_refused_by_the_one_code() {
    let new = new();
    let server = Answering::with(&[signed("404 Not Found", &refusal("RESOURCE_NOT_EXISTS"))]).await;
    let known = RefundRef {
        refund_id: new.refund_id,
        id: new.refund_id.as_uuid().simple().to_string(),
        intent: new.intent.clone(),
        money: new.money,
    };
    let channels = channels_at(&server.base_url);
    let shown = channels.retrieve_refund(&of_the_vectors(), &known).await.0;
    let expected = channels::capabilities(domain::channel::Channel::Wechat).no_such_object;
    assert!(
        matches!(&shown, Err(CallError::Refused { code, .. }) if code == expected),
        "{shown:?}"
    );
}
