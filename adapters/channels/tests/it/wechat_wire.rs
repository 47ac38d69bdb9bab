//! What goes over the wire to WeChat Pay, and which of its answers about orders are believed.

use channels::{Called, Cancellation};
use chrono::TimeDelta;
use domain::{
    channel::{CallError, Flow, Intent, IntentStatus, NewIntent, PayerStep},
    clock::{Clock, SystemClock},
    id::JobId,
};
use serde_json::{Value, json};

use crate::{
    answering::{Answering, answer},
    stand::channels_at,
    wechat_setting::{known, new_intent, number, of_the_vectors, refusal, signed, signed_by, trade, vectors},
};

const NOTIFY_URL: &str = "https://sluice.example/webhooks/wechat/mer_1";
const CODE: &str = r#"{"code_url":"weixin://wxpay/bizpayurl?pr=x"}"#;

fn new() -> NewIntent {
    new_intent(Flow::QrCode, NOTIFY_URL)
}

async fn created(new: &NewIntent, answers: &[String]) -> (Result<Intent, CallError>, Vec<String>) {
    let server = Answering::with(answers).await;
    let channels = channels_at(&server.base_url);
    let (result, _): Called<Intent> = channels.create_intent(&of_the_vectors(), new).await;
    (result, server.requests().await)
}

async fn shown(new: &NewIntent, answer: String) -> Result<Intent, CallError> {
    let server = Answering::with(&[answer]).await;
    let channels = channels_at(&server.base_url);
    let shown = channels.retrieve_intent(&of_the_vectors(), &known(new)).await.0;
    server.requests().await;
    shown
}

async fn closed(new: &NewIntent, answers: &[String]) -> Result<Intent, CallError> {
    let server = Answering::with(answers).await;
    let cancellation = Cancellation {
        payment_id: new.payment_id,
        job_id: JobId::derive("test", &[b"1"]),
        intent: known(new),
    };
    let channels = channels_at(&server.base_url);
    let closed = channels.cancel_intent(&of_the_vectors(), &cancellation).await.0;
    server.requests().await;
    closed
}

#[tokio::test]
async fn a_request_is_signed_and_says_which_key_shall_sign_the_answer() {
    let new = new();
    let (intent, mut requests) =
        created(&new, &[signed("200 OK", &serde_json::from_str(CODE).unwrap())]).await;
    let request = requests.remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /v3/pay/transactions/native HTTP/1.1"),
        "{head}"
    );
    let lower = head.to_ascii_lowercase();
    for line in [
        "authorization: wechatpay2-sha256-rsa2048 mchid=\"1900000109\",nonce_str=\"",
        "accept: application/json",
        "content-type: application/json",
        "user-agent: sluice/",
        "wechatpay-serial: pub_key_id_0119000001092026112000000000000001",
    ] {
        assert!(lower.contains(line), "{line} is not in {head}");
    }
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["out_trade_no"], number(new.payment_id));
    assert_eq!(body["notify_url"], NOTIFY_URL);
    assert!(
        body["time_expire"].as_str().unwrap().ends_with("+08:00"),
        "{body}"
    );

    let intent = intent.unwrap();
    assert_eq!(
        (intent.id, intent.payment_id),
        (number(new.payment_id), Some(new.payment_id))
    );
    let action = intent.next_action.unwrap();
    assert_eq!(action.expires_at, Some(new.expires_at));
    let content = "weixin://wxpay/bizpayurl?pr=x".to_owned();
    assert!(action.step == PayerStep::QrCode { content, svg: None });
}

#[tokio::test]
async fn success_that_wechat_pay_did_not_sign_proves_nothing() {
    let now = SystemClock.now();
    let forged = signed_by("wechat_public_key", now, "200 OK", CODE).replace("pr=x", "pr=y");
    let cut = signed_by("wechat_public_key", now, "200 OK", CODE).replace("\"}", "\"");
    for answer in [
        answer("200 OK", &serde_json::from_str(CODE).unwrap()),
        forged,
        cut,
        signed_by("merchant", now, "200 OK", CODE),
        signed_by("wechat_public_key", now - TimeDelta::seconds(300), "200 OK", CODE),
        signed_by("wechat_public_key", now + TimeDelta::seconds(305), "200 OK", CODE),
        signed("200 OK", &json!({ "prepay_id": "wx1" })),
        signed("200 OK", &json!([])),
        "HTTP/1.1 502 Bad Gateway\ncontent-length: 13\nconnection: close\n\n<html></html>".to_owned(),
        "HTTP/1.1 302 Found\nlocation: http://127.0.0.1:1/\ncontent-length: 0\nconnection: close\n\n"
            .to_owned(),
        String::new(),
    ] {
        let (result, _) = created(&new(), std::slice::from_ref(&answer)).await;
        assert!(
            matches!(result, Err(CallError::Unknown { .. })),
            "{answer}: {result:?}"
        );
    }
}

#[tokio::test]
async fn a_platform_certificate_signs_as_well() {
    let answer = signed_by("platform_cert", SystemClock.now(), "200 OK", CODE);
    assert!(created(&new(), &[answer]).await.0.is_ok());
}

#[tokio::test]
async fn an_order_that_is_there_already_is_answered_as_it_stands() {
    for code in ["ORDER_PAID", "OUT_TRADE_NO_USED", "ORDER_CLOSED"] {
        for (state, meaning) in [
            ("SUCCESS", "succeeded"),
            ("NOTPAY", "requires_action"),
            ("CLOSED", "canceled"),
        ] {
            let new = new();
            let answers = [
                signed("403 Forbidden", &refusal(code)),
                signed("200 OK", &trade(&new, state)),
            ];
            let (result, requests) = created(&new, &answers).await;
            assert_eq!(result.unwrap().status.name(), meaning);
            let asked = format!(
                "GET /v3/pay/transactions/out-trade-no/{}?mchid=1900000109 ",
                number(new.payment_id)
            );
            assert!(requests[1].starts_with(&asked), "{}", requests[1]);
        }
    }
    let answers = [
        signed("400 Bad Request", &refusal("INVALID_REQUEST")),
        signed("404 Not Found", &refusal("ORDER_NOT_EXIST")),
    ];
    let (result, _) = created(&new(), &answers).await;
    let Err(CallError::Refused { code, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(code, "INVALID_REQUEST");
}

#[tokio::test]
async fn refusals_limits_and_trouble_are_told_apart() {
    let meaning =
        async |status: &str, code: &str| match created(&new(), &[signed(status, &refusal(code))]).await.0 {
            Err(CallError::Refused { code, .. }) => code,
            Err(CallError::Limited { retry_after, .. }) => format!("limited {}", retry_after.as_secs()),
            Err(CallError::Unknown { .. }) => "unknown".into(),
            other => panic!("{other:?}"),
        };
    assert_eq!(meaning("400 Bad Request", "PARAM_ERROR").await, "PARAM_ERROR");
    assert_eq!(meaning("401 Unauthorized", "SIGN_ERROR").await, "SIGN_ERROR");
    assert_eq!(
        meaning("429 Too Many Requests", "FREQUENCY_LIMITED").await,
        "limited 60"
    );
    assert_eq!(
        meaning("500 Internal Server Error", "SYSTEM_ERROR").await,
        "unknown"
    );
}

#[tokio::test]
async fn an_order_of_another_account_or_number_is_no_answer() {
    for (field, value) in [("mchid", "1900000110"), ("appid", "wx1"), ("out_trade_no", "T1")] {
        let new = new();
        let mut other = trade(&new, "SUCCESS");
        other[field] = value.into();
        let shown = shown(&new, signed("200 OK", &other)).await;
        assert!(
            matches!(shown, Err(CallError::Unknown { .. })),
            "{field}: {shown:?}"
        );
    }
}

#[tokio::test]
async fn another_amount_is_shown_as_it_is() {
    let new = new();
    let mut other = trade(&new, "SUCCESS");
    other["amount"]["total"] = 1.into();
    let shown = shown(&new, signed("200 OK", &other)).await.unwrap();
    assert_eq!((shown.money.amount_minor, shown.received_minor), (1, 1));
}

#[tokio::test]
async fn closing_is_an_empty_signed_answer_or_is_asked_about() {
    let new = new();
    let empty = signed_by("wechat_public_key", SystemClock.now(), "204 No Content", "")
        .replace("content-length: 0\n", "");
    let done = closed(&new, &[empty]).await.unwrap();
    assert_eq!(
        (done.status, done.id),
        (IntentStatus::Canceled, number(new.payment_id))
    );

    let unsigned = "HTTP/1.1 204 No Content\nconnection: close\n\n".to_owned();
    let unknown = closed(&new, &[unsigned]).await;
    assert!(matches!(unknown, Err(CallError::Unknown { .. })), "{unknown:?}");

    for (status, code) in [
        ("400 Bad Request", "ORDER_PAID"),
        ("202 Accepted", "USER_PAYING"),
        ("400 Bad Request", "ORDER_CLOSED"),
    ] {
        let answers = [
            signed(status, &refusal(code)),
            signed("200 OK", &trade(&new, "SUCCESS")),
        ];
        assert_eq!(
            closed(&new, &answers).await.unwrap().status,
            IntentStatus::Succeeded,
            "{code}"
        );
    }
    let answers = [
        signed("400 Bad Request", &refusal("INVALID_REQUEST")),
        signed("200 OK", &trade(&new, "NOTPAY")),
    ];
    let refused = closed(&new, &answers).await;
    assert!(matches!(refused, Err(CallError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_order_that_wechat_pay_does_not_have_is_as_good_as_closed() {
    let (new, absent) = (new(), refusal("ORDER_NOT_EXIST"));
    let done = closed(&new, &[signed("404 Not Found", &absent)]).await.unwrap();
    assert_eq!(
        (done.status, done.id, done.money),
        (IntentStatus::Canceled, number(new.payment_id), new.money)
    );
    let unsigned = closed(&new, &[answer("404 Not Found", &absent)]).await;
    assert!(matches!(unsigned, Err(CallError::Refused { .. })), "{unsigned:?}");
}

/// WeChat Pay has replaced its key, and the merchant's credentials do not hold the new one yet.
#[tokio::test]
async fn answers_by_a_key_that_nobody_knows_are_counted() {
    runtime::telemetry::install_recorder().unwrap();
    let (new, id) = (new(), vectors()["wechat_public_key"]["id"].clone());
    let answer = signed("200 OK", &trade(&new, "SUCCESS"));
    let by_the_next = answer.replace(id.as_str().unwrap(), "PUB_KEY_ID_OF_NEXT_YEAR");
    let unknown = shown(&new, by_the_next).await;
    assert!(matches!(unknown, Err(CallError::Unknown { .. })), "{unknown:?}");
    assert!(shown(&new, answer).await.is_ok());
    let text = runtime::telemetry::metrics_text();
    let counted = r#"sluice_channel_unknown_keys_total{channel="wechat"} 1"#;
    assert!(text.lines().any(|line| line == counted), "{text}");
}
