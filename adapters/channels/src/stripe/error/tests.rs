//! Every kind of failed call, as Stripe and what stands before it write them.

use domain::payment::NextStep;
use serde_json::{Value, json};

use super::*;

fn answered(status: u16, body: impl Into<Bytes>) -> Failed {
    let request_id = Some("req_1".to_owned());
    Failed::Answered(Answer {
        status,
        body: body.into(),
        request_id,
        retry_after: None,
        is_replay: false,
    })
}

fn error(status: u16, error: &Value) -> Failed {
    answered(status, json!({ "error": error }).to_string())
}

fn kind_of(failed: Failed) -> &'static str {
    match CallError::from(failed) {
        CallError::Declined(_) => "declined",
        CallError::Refused { .. } => "refused",
        CallError::Limited { .. } => "limited",
        CallError::NotDone { .. } => "not_done",
        CallError::Unknown { .. } => "unknown",
    }
}

fn intent(status: &str) -> Value {
    json!({"id": "pi_1", "object": "payment_intent", "amount": 1999, "amount_received": 0, "currency": "usd",
        "status": status, "client_secret": "pi_1_secret_x", "metadata": {}})
}

#[test]
fn every_answer_is_judged() {
    let invalid =
        json!({"type": "invalid_request_error", "code": "parameter_missing", "message": "Missing: amount."});
    let api = json!({"type": "api_error", "message": "Try again."});
    let card = json!({"type": "card_error", "code": "card_declined", "message": "Declined."});
    let lock = json!({"type": "invalid_request_error", "code": "lock_timeout"});
    let in_use = json!({"type": "idempotency_error", "code": "idempotency_key_in_use"});
    let idempotency =
        json!({"type": "idempotency_error", "message": "Keys can only be used with the same parameters."});
    let unlisted = json!({"type": "brand_new_error"});
    let cases = [
        (400, &invalid, "refused"),
        (401, &invalid, "refused"),
        (402, &invalid, "refused"),
        (403, &invalid, "refused"),
        (404, &invalid, "refused"),
        (400, &card, "declined"),
        (402, &card, "declined"),
        (409, &lock, "limited"),
        (429, &lock, "limited"),
        (429, &api, "limited"),
        (409, &in_use, "unknown"),
        (400, &idempotency, "unknown"),
        (402, &idempotency, "unknown"),
        (403, &idempotency, "unknown"),
        (409, &idempotency, "unknown"),
        (429, &idempotency, "unknown"),
        (408, &invalid, "unknown"),
        (424, &invalid, "unknown"),
        (500, &api, "unknown"),
        (503, &api, "unknown"),
        (500, &card, "unknown"),
        (500, &invalid, "unknown"),
        (400, &api, "unknown"),
        (400, &unlisted, "unknown"),
        (302, &invalid, "unknown"),
    ];
    for (status, body, expected) in cases {
        assert_eq!(kind_of(error(status, body)), expected, "{status} {body}");
    }
}

#[test]
fn what_did_not_come_from_the_api_tells_nothing() {
    let html = "<html><head><title>502 Bad Gateway</title></head></html>";
    for status in [301, 400, 402, 403, 404, 408, 409, 500, 502, 503, 504] {
        assert_eq!(kind_of(answered(status, html)), "unknown", "{status}");
    }
    assert_eq!(kind_of(answered(502, "")), "unknown");
    assert_eq!(kind_of(answered(400, "{\"error\":\"text\"}")), "unknown");
    assert_eq!(kind_of(answered(429, html)), "limited");
    assert_eq!(kind_of(Failed::deserialize_err("expected a value")), "unknown");
}

#[test]
fn a_wrong_key_is_not_quoted() {
    let message = "Invalid API Key provided: sk_test_****1234";
    let refused = CallError::from(error(
        401,
        &json!({"type": "invalid_request_error", "message": message}),
    ));
    let expected = "the secret key is not accepted (HTTP 401, request req_1)";
    assert_eq!(
        refused,
        CallError::Refused {
            code: "authentication_failed".into(),
            message: expected.into()
        }
    );
    let forbidden =
        json!({"type": "invalid_request_error", "message": "The key sk_live_abc lacks a permission."});
    let refused = CallError::from(error(403, &forbidden)).to_string();
    assert!(
        !refused.contains("sk_live") && refused.contains("lacks a permission"),
        "{refused}"
    );
}

#[test]
fn the_wait_and_the_replay_are_passed_on() {
    let body = Bytes::from(json!({"error": {"type": "api_error", "message": "Busy."}}).to_string());
    let answer = |status, is_replay, retry_after| {
        Failed::Answered(Answer {
            status,
            body: body.clone(),
            request_id: None,
            retry_after,
            is_replay,
        })
    };
    let seven = Duration::from_secs(7);
    for (said, retry_after) in [(Some(seven), seven), (None, REST)] {
        let message = "too many requests (HTTP 429)".to_owned();
        assert_eq!(
            CallError::from(answer(429, false, said)),
            CallError::Limited {
                message,
                retry_after,
                is_own: false,
            }
        );
    }
    let message = "Busy. (HTTP 500, replayed)".to_owned();
    assert_eq!(
        CallError::from(answer(500, true, None)),
        CallError::Unknown { message }
    );
}

#[test]
fn a_decline_tells_the_intent_it_left_open() {
    let body = json!({"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.", "payment_intent": intent("requires_payment_method")});
    let left = error(402, &body).intent_left().unwrap();
    assert_eq!(left.id, "pi_1");
    assert!(left.next_action.is_some());
    let IntentStatus::Declined(failure) = left.status else {
        panic!("{:?}", left.status)
    };
    assert_eq!(failure.code, "insufficient_funds");
    assert_eq!(failure.next_step, NextStep::UseAnotherPaymentMethod);
}

#[test]
fn a_state_that_forbids_the_request_is_the_answer() {
    let body = |code: &str, status: &str| {
        let intent = intent(status);
        json!({"type": "invalid_request_error", "code": code, "payment_intent": intent})
    };
    let left = error(400, &body("payment_intent_unexpected_state", "canceled")).intent_left();
    assert_eq!(left.map(|intent| intent.status), Some(IntentStatus::Canceled));
    assert_eq!(
        error(
            400,
            &body("payment_intent_unexpected_state", "requires_payment_method")
        )
        .intent_left(),
        None
    );
    assert_eq!(
        error(400, &body("parameter_unknown", "canceled")).intent_left(),
        None
    );
}

#[test]
fn an_unreadable_intent_does_not_hide_the_error() {
    let body = json!({"type": "card_error", "code": "expired_card", "payment_intent": {"id": 7}});
    assert_eq!(error(402, &body).intent_left(), None);
    assert_eq!(kind_of(error(402, &body)), "declined");
    let body = json!({"type": "card_error", "code": "expired_card", "payment_intent": intent("brand_new")});
    assert_eq!(error(402, &body).intent_left(), None);
}
