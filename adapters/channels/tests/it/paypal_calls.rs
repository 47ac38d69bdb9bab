//! What PayPal's channel sends and what it makes of answers that no double gives on purpose.

use std::time::Instant;

use channels::{Cancellation, Capture, Credentials};
use domain::{
    channel::{CallError, Channel, IntentRef, IntentStatus},
    currency::Currency,
    id::{JobId, PaymentId},
    money::Money,
    payment::NextStep,
    secret::Secret,
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    answering::{Answering, answer},
    paypal_refunds::new_refund,
    setting::{job, refund_id},
    stand::{TIMEOUT, channels_at},
};

pub const ORDER: &str = "5O190127TN364715T";
pub const PAYMENT: &str = "pay_1fedc3ad96208c7eaf799d250faf6052";

pub fn credentials(client_id: &str, client_secret: &str) -> Credentials {
    let json = json!({"client_id": client_id, "client_secret": client_secret, "webhook_ids": ["WEBHOOK1"]});
    Credentials::read(Channel::Paypal, &Secret::new(json.to_string())).unwrap()
}

pub fn payment() -> PaymentId {
    PAYMENT.parse().unwrap()
}

pub fn intent() -> IntentRef {
    let money = Money {
        amount_minor: 8_888,
        currency: Currency::USD,
    };
    IntentRef {
        id: ORDER.into(),
        money: Some(money),
        connected_account: None,
    }
}

pub fn token(token: &str) -> String {
    answer(
        "200 OK",
        &json!({"access_token": token, "token_type": "Bearer", "expires_in": 32_400}),
    )
}

pub fn usd(value: &str) -> Value {
    json!({"currency_code": "USD", "value": value})
}

pub fn order(status: &str, captures: &Value, refunds: &Value) -> Value {
    json!({
        "id": ORDER, "status": status,
        "purchase_units": [{
            "custom_id": PAYMENT, "amount": usd("88.88"), "payments": {"captures": captures, "refunds": refunds},
        }],
        "links": [{"href": "https://www.paypal.com/checkoutnow?token=5O1", "rel": "payer-action"}],
    })
}

pub fn captured() -> Value {
    json!([{"id": "42311647XV020574X", "status": "COMPLETED", "amount": usd("88.88"), "custom_id": PAYMENT}])
}

pub fn shown(status: &str) -> String {
    answer("200 OK", &order(status, &json!([]), &json!([])))
}

fn issue(status: &str, issue: &str) -> String {
    let error = json!({"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue, "description": "No."}]});
    answer(status, &error)
}

/// The wish to capture the order.
fn capture() -> Capture {
    Capture {
        payment_id: payment(),
        job_id: JobId::derive("capture_payment", &[b"1"]),
        intent: intent(),
    }
}

/// The wish to close the order.
fn cancellation() -> Cancellation {
    Cancellation {
        payment_id: payment(),
        job_id: job(1),
        intent: intent(),
    }
}

#[tokio::test]
async fn one_token_serves_all_calls_of_a_merchant() {
    let mut answers = vec![token("T1")];
    answers.extend((0..8).map(|_| shown("APPROVED")));
    let server = Answering::with(&answers).await;
    let channels = channels_at(&server.base_url);
    let (credentials, intent) = (credentials("client", "secret"), intent());
    let all = join_all((0..8).map(|_| channels.retrieve_intent(&credentials, &intent))).await;
    for (shown, _) in all {
        assert_eq!(shown.unwrap().status, IntentStatus::Approved);
    }
    let seen = server.requests().await;
    assert!(
        seen[0].starts_with("POST /paypal/v1/oauth2/token "),
        "{}",
        seen[0]
    );
    // client:secret
    assert!(
        seen[0].contains("authorization: Basic Y2xpZW50OnNlY3JldA=="),
        "{}",
        seen[0]
    );
    assert!(seen[0].ends_with("grant_type=client_credentials"), "{}", seen[0]);
    for call in &seen[1..] {
        assert!(
            call.starts_with("GET /paypal/v2/checkout/orders/5O190127TN364715T "),
            "{call}"
        );
        assert!(call.contains("authorization: Bearer T1"), "{call}");
    }
}

#[tokio::test]
async fn nobody_calls_with_a_token_that_another_secret_got() {
    let refused = answer("401 Unauthorized", &json!({"error": "invalid_client"}));
    let server = Answering::with(&[token("T1"), shown("APPROVED"), refused]).await;
    let channels = channels_at(&server.base_url);
    let own = channels
        .retrieve_intent(&credentials("client", "secret"), &intent())
        .await
        .0;
    assert!(own.is_ok());
    let other = channels
        .retrieve_intent(&credentials("client", "guessed"), &intent())
        .await
        .0;
    let Err(CallError::Refused { code, message }) = other else {
        panic!("{other:?}")
    };
    assert_eq!(code, "authentication_failed");
    assert!(!message.contains("guessed"), "{message}");
    server.requests().await;
}

#[tokio::test]
async fn a_token_that_ended_early_is_renewed_once() {
    let ended = answer("401 Unauthorized", &json!({"error": "invalid_token"}));
    let answers = [
        token("T1"),
        ended.clone(),
        token("T2"),
        shown("APPROVED"),
        ended.clone(),
        token("T3"),
        ended,
    ];
    let server = Answering::with(&answers).await;
    let channels = channels_at(&server.base_url);
    let credentials = credentials("client", "secret");
    let renewed = channels.retrieve_intent(&credentials, &intent()).await.0;
    assert_eq!(renewed.unwrap().status, IntentStatus::Approved);
    let refused = channels.retrieve_intent(&credentials, &intent()).await.0;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code == "authentication_failed"),
        "{refused:?}"
    );
    let seen = server.requests().await;
    assert!(
        seen[3].contains("Bearer T2") && seen[6].contains("Bearer T3"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn without_a_token_surely_nothing_was_done() {
    let server = Answering::with(&[
        answer("503 Unavailable", &json!({})),
        answer("200 OK", &json!({"access_token": "hunter2"})),
    ])
    .await;
    let channels = channels_at(&server.base_url);
    for _ in 0..2 {
        let failed = channels
            .capture_intent(&credentials("client", "secret"), &capture())
            .await
            .0;
        let Err(CallError::NotDone { message, .. }) = failed else {
            panic!("{failed:?}")
        };
        assert!(!message.contains("hunter2"), "{message}");
    }
    server.requests().await;
}

/// Each request is answered in time, and all of them together are not.
#[tokio::test]
async fn a_call_of_several_requests_ends_when_its_time_is_up() {
    let paid = answer("200 OK", &order("COMPLETED", &captured(), &json!([])));
    let server = Answering::slowly(&[token("T1"), paid], TIMEOUT * 6 / 10).await;
    let channels = channels_at(&server.base_url);
    let started = Instant::now();
    let (cut_off, exchange) = channels
        .create_refund(&credentials("client", "secret"), &new_refund(refund_id()))
        .await;
    assert!(matches!(cut_off, Err(CallError::Unknown { .. })), "{cut_off:?}");
    let error = exchange.error.unwrap();
    assert!(error.contains("did not end within"), "{error}");
    assert!(started.elapsed() >= TIMEOUT, "{:?}", started.elapsed());
}

/// Nothing is sent but a question, so that one goes through while changes do not.
#[tokio::test]
async fn giving_an_order_up_is_a_question() {
    let mut answers = vec![token("T1")];
    answers.extend(vec![answer("503 Unavailable", &json!({})); 10]);
    answers.push(shown("CREATED"));
    let server = Answering::with(&answers).await;
    let channels = channels_at(&server.base_url);
    let credentials = credentials("client", "secret");
    for _ in 0..10 {
        let unknown = channels.capture_intent(&credentials, &capture()).await.0;
        assert!(matches!(unknown, Err(CallError::Unknown { .. })), "{unknown:?}");
    }
    let limited = channels.capture_intent(&credentials, &capture()).await.0;
    assert!(matches!(limited, Err(CallError::Limited { .. })), "{limited:?}");
    let given_up = channels.cancel_intent(&credentials, &cancellation()).await.0;
    assert_eq!(given_up.unwrap().status, IntentStatus::Canceled);
    server.requests().await;
}

#[tokio::test]
async fn a_capture_is_keyed_and_its_answer_is_read() {
    let done = answer("201 Created", &order("COMPLETED", &captured(), &json!([])));
    let server = Answering::with(&[token("T1"), done]).await;
    let channels = channels_at(&server.base_url);
    let captured = channels
        .capture_intent(&credentials("client", "secret"), &capture())
        .await
        .0
        .unwrap();
    assert_eq!(
        (captured.status, captured.received_minor),
        (IntentStatus::Succeeded, 8_888)
    );
    let call = &server.requests().await[1];
    assert!(
        call.starts_with("POST /paypal/v2/checkout/orders/5O190127TN364715T/capture "),
        "{call}"
    );
    assert!(
        call.contains(&format!(
            "paypal-request-id: {PAYMENT}/capture_intent/{}\r\n",
            capture().job_id
        )),
        "{call}"
    );
    assert!(
        call.contains("prefer: return=representation\r\n") && call.ends_with("{}"),
        "{call}"
    );
}

#[tokio::test]
async fn a_declined_capture_leaves_the_order_open() {
    let declined = issue("422 Unprocessable", "INSTRUMENT_DECLINED");
    let server = Answering::with(&[token("T1"), declined, shown("PAYER_ACTION_REQUIRED")]).await;
    let channels = channels_at(&server.base_url);
    let intent = channels
        .capture_intent(&credentials("client", "secret"), &capture())
        .await
        .0
        .unwrap();
    let IntentStatus::Declined(failure) = intent.status else {
        panic!("{intent:?}")
    };
    assert_eq!(
        (failure.code.as_str(), failure.next_step),
        ("INSTRUMENT_DECLINED", NextStep::UseAnotherPaymentMethod)
    );
    assert!(intent.next_action.is_some(), "the payer is not told where to go");
    server.requests().await;
}

#[tokio::test]
async fn what_cannot_be_captured_is_answered_as_it_stands() {
    let taken = answer("200 OK", &order("COMPLETED", &captured(), &json!([])));
    for (code, now, expected) in [
        ("ORDER_ALREADY_CAPTURED", taken, IntentStatus::Succeeded),
        (
            "ORDER_NOT_APPROVED",
            shown("CREATED"),
            IntentStatus::RequiresAction,
        ),
    ] {
        let server = Answering::with(&[token("T1"), issue("422 Unprocessable", code), now]).await;
        let channels = channels_at(&server.base_url);
        let stands = channels
            .capture_intent(&credentials("client", "secret"), &capture())
            .await
            .0;
        assert_eq!(stands.unwrap().status, expected, "{code}");
        server.requests().await;
    }
}

#[tokio::test]
async fn an_order_that_paypal_does_not_show_any_more_has_ended() {
    let gone = answer(
        "404 Not Found",
        &json!({"name": "RESOURCE_NOT_FOUND", "details": [{"issue": "INVALID_RESOURCE_ID"}]}),
    );
    let server = Answering::with(&[token("T1"), gone.clone(), gone.clone(), gone.clone(), gone]).await;
    let channels = channels_at(&server.base_url);
    let credentials = credentials("client", "secret");
    let shown = channels.retrieve_intent(&credentials, &intent()).await.0;
    let captured = channels.capture_intent(&credentials, &capture()).await.0;
    for ended in [shown, captured] {
        let ended = ended.unwrap();
        assert_eq!(
            (ended.status, ended.money.amount_minor, ended.received_minor),
            (IntentStatus::Canceled, 8_888, 0)
        );
    }
    // Of one that nobody here knows, PayPal's word is passed on.
    let nobodys = channels
        .retrieve_intent(&credentials, &IntentRef::named(ORDER))
        .await
        .0;
    assert!(
        matches!(&nobodys, Err(CallError::Refused { code, .. }) if code == "RESOURCE_NOT_FOUND"),
        "{nobodys:?}"
    );
    server.requests().await;
}

#[tokio::test]
async fn what_was_captured_has_not_ended() {
    let gone = answer("404 Not Found", &json!({"name": "RESOURCE_NOT_FOUND"}));
    let done = issue("422 Unprocessable", "ORDER_ALREADY_CAPTURED");
    let server = Answering::with(&[token("T1"), done, gone]).await;
    let channels = channels_at(&server.base_url);
    let captured = channels
        .capture_intent(&credentials("client", "secret"), &capture())
        .await
        .0;
    assert!(captured.is_err(), "{captured:?}");
    server.requests().await;
}

#[tokio::test]
async fn a_server_error_is_never_a_no() {
    let error = answer("500 Oh no", &json!({"name": "INTERNAL_SERVER_ERROR"}));
    let junk = answer("201 Created", &json!("<html>"));
    for bad in [error, junk] {
        let server = Answering::with(&[token("T1"), bad]).await;
        let channels = channels_at(&server.base_url);
        let unknown = channels
            .capture_intent(&credentials("client", "secret"), &capture())
            .await
            .0;
        assert!(matches!(unknown, Err(CallError::Unknown { .. })), "{unknown:?}");
        server.requests().await;
    }
}

#[tokio::test]
async fn an_order_is_given_up_only_while_no_money_moves() {
    let pending = json!([{"id": "423", "status": "PENDING", "amount": usd("88.88"), "custom_id": PAYMENT}]);
    let gone = answer(
        "404 Not Found",
        &json!({"name": "RESOURCE_NOT_FOUND", "details": [{"issue": "INVALID_RESOURCE_ID"}]}),
    );
    for (now, expected) in [
        (shown("CREATED"), IntentStatus::Canceled),
        (shown("APPROVED"), IntentStatus::Canceled),
        (gone, IntentStatus::Canceled),
        (
            answer("200 OK", &order("COMPLETED", &pending, &json!([]))),
            IntentStatus::Processing,
        ),
        (
            answer("200 OK", &order("COMPLETED", &captured(), &json!([]))),
            IntentStatus::Succeeded,
        ),
    ] {
        let server = Answering::with(&[token("T1"), now]).await;
        let channels = channels_at(&server.base_url);
        let canceled = channels
            .cancel_intent(&credentials("client", "secret"), &cancellation())
            .await
            .0
            .unwrap();
        assert_eq!(
            (canceled.status, canceled.payment_id),
            (expected, Some(payment()))
        );
        assert_eq!(canceled.next_action, None);
        server.requests().await;
    }
}

#[tokio::test]
async fn a_question_without_an_answer_is_not_taken_for_a_no() {
    let error = answer("500 Oh no", &json!({"name": "INTERNAL_SERVER_ERROR"}));
    let junk = answer("200 OK", &json!("<html>"));
    let limited = answer("429 Too Many", &json!({"name": "RATE_LIMIT_REACHED"}));
    let server = Answering::with(&[token("T1"), error, junk, limited]).await;
    let channels = channels_at(&server.base_url);
    for expected in ["unknown", "unknown", "not_done"] {
        let (lost, exchange) = channels
            .retrieve_intent(&credentials("client", "secret"), &intent())
            .await;
        assert!(lost.is_err() && exchange.outcome == expected, "{lost:?}");
    }
    server.requests().await;
}
