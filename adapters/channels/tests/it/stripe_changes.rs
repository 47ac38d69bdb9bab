//! Confirming and closing intents that are not, or no longer, in the state that the request hoped for.

use channels::{Cancellation, Confirmation};
use domain::channel::{CallError, Intent, IntentStatus, NewIntent};
use serde_json::json;

use crate::{
    answering::{Answering, answer},
    setting::{Setting, credentials, job, named, new_intent},
    stand::channels_at,
};

const SHOW: &str = "GET /v1/payment_intents/{id}";

async fn opened(setting: &Setting, new: &NewIntent) -> Intent {
    let (intent, _) = setting.channels.create_intent(&setting.credentials, new).await;
    intent.unwrap()
}

fn confirmation(intent: &Intent, number: u8, payment_method: &str) -> Confirmation {
    Confirmation {
        payment_id: intent.payment_id.unwrap(),
        job_id: job(number),
        intent: named(&intent.id),
        payment_method: Some(payment_method.into()),
        return_url: Some("https://merchant.example/back".into()),
    }
}

fn cancellation(intent: &Intent, number: u8) -> Cancellation {
    Cancellation {
        payment_id: intent.payment_id.unwrap(),
        job_id: job(number),
        intent: named(&intent.id),
    }
}

async fn confirm(setting: &Setting, confirmation: &Confirmation) -> Result<Intent, CallError> {
    let channels = &setting.channels;
    channels
        .confirm_intent(&setting.credentials, confirmation)
        .await
        .0
}

async fn cancel(setting: &Setting, cancellation: &Cancellation) -> Result<Intent, CallError> {
    let channels = &setting.channels;
    channels.cancel_intent(&setting.credentials, cancellation).await.0
}

#[tokio::test]
async fn an_intent_at_the_bank_is_neither_closed_nor_confirmed_again() {
    let setting = Setting::new().await;
    let intent = opened(&setting, &new_intent(None)).await;
    let debit = confirmation(&intent, 1, "pm_usBankAccount_processing");
    assert_eq!(
        confirm(&setting, &debit).await.unwrap().status,
        IntentStatus::Processing
    );
    let answered = cancel(&setting, &cancellation(&intent, 2)).await.unwrap();
    assert_eq!(answered.status, IntentStatus::Processing);
    let answered = confirm(&setting, &confirmation(&intent, 3, "pm_card_visa"))
        .await
        .unwrap();
    assert_eq!(answered.status, IntentStatus::Processing);
}

#[tokio::test]
async fn a_closed_intent_is_not_confirmed() {
    let setting = Setting::new().await;
    let intent = opened(&setting, &new_intent(None)).await;
    cancel(&setting, &cancellation(&intent, 1)).await.unwrap();
    let answered = confirm(&setting, &confirmation(&intent, 2, "pm_card_visa"))
        .await
        .unwrap();
    assert_eq!(
        (answered.status, answered.received_minor),
        (IntentStatus::Canceled, 0)
    );
}

#[tokio::test]
async fn a_replayed_answer_is_not_taken_for_the_present() {
    let setting = Setting::new().await;
    let intent = opened(&setting, &new_intent(None)).await;
    let debit = confirmation(&intent, 1, "pm_usBankAccount_processing");
    let close = cancellation(&intent, 2);
    confirm(&setting, &debit).await.unwrap();
    cancel(&setting, &close).await.unwrap();
    setting
        .order(
            &format!("stripe/intents/{}/settle", intent.id),
            &json!({"paid": true}),
        )
        .await;
    for answered in [confirm(&setting, &debit).await, cancel(&setting, &close).await] {
        let answered = answered.unwrap();
        assert_eq!(
            (answered.status, answered.received_minor),
            (IntentStatus::Succeeded, 1999)
        );
    }
    // A decline is told again as it was, unless somebody paid meanwhile.
    let intent = opened(&setting, &new_intent(None)).await;
    let attempt = confirmation(&intent, 1, "pm_card_chargeDeclined");
    let declined = confirm(&setting, &attempt).await.unwrap();
    assert_eq!(confirm(&setting, &attempt).await.unwrap(), declined);
    confirm(&setting, &confirmation(&intent, 2, "pm_card_visa"))
        .await
        .unwrap();
    let answered = confirm(&setting, &attempt).await.unwrap();
    assert_eq!(answered.status, IntentStatus::Succeeded);
}

#[tokio::test]
async fn when_the_present_cannot_be_asked_for_the_outcome_is_unknown() {
    let setting = Setting::new().await;
    let intent = opened(&setting, &new_intent(None)).await;
    let debit = confirmation(&intent, 1, "pm_usBankAccount_processing");
    confirm(&setting, &debit).await.unwrap();
    for fault in ["rate_limit", "error", "reset_before"] {
        setting.fault_once(SHOW, fault).await;
        let answered = confirm(&setting, &debit).await;
        assert!(
            matches!(answered, Err(CallError::Unknown { .. })),
            "{fault}: {answered:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_request_to_change_an_intent_is_refused() {
    let setting = Setting::new().await;
    let mut intent = opened(&setting, &new_intent(None)).await;
    let unheard_of = confirm(&setting, &confirmation(&intent, 1, "pm_nobody_has")).await;
    assert!(matches!(unheard_of, Err(CallError::Refused { code, .. }) if code == "resource_missing"));
    for (intent_id, expected) in [
        ("pi_nowhere", "resource_missing"),
        ("pi_1/capture", "invalid_intent_id"),
    ] {
        intent.id = intent_id.into();
        let canceled = cancel(&setting, &cancellation(&intent, 2)).await;
        let confirmed = confirm(&setting, &confirmation(&intent, 3, "pm_card_visa")).await;
        for refused in [canceled, confirmed] {
            assert!(
                matches!(refused, Err(CallError::Refused { code, .. }) if code == expected),
                "{intent_id}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_is_guessed_when_a_change_goes_wrong() {
    let cases = [
        ("error", "unknown"),
        ("hang_before", "unknown"),
        ("reset_after", "unknown"),
        ("malformed", "unknown"),
        ("rate_limit", "not_done"),
    ];
    let setting = Setting::new().await;
    for (fault, outcome) in cases {
        let intent = opened(&setting, &new_intent(None)).await;
        for route in ["confirm", "cancel"] {
            let route = format!("POST /v1/payment_intents/{{id}}/{route}");
            setting.fault_once(&route, fault).await;
        }
        let (channels, credentials) = (&setting.channels, &setting.credentials);
        let attempt = confirmation(&intent, 1, "pm_card_visa");
        let (_, confirmed) = channels.confirm_intent(credentials, &attempt).await;
        assert_eq!(confirmed.outcome, outcome, "{fault}: {confirmed:?}");
        let (_, canceled) = channels
            .cancel_intent(credentials, &cancellation(&intent, 2))
            .await;
        assert_eq!(canceled.outcome, outcome, "{fault}: {canceled:?}");
    }
}

fn shown(status: &str) -> serde_json::Value {
    json!({"id": "pi_1", "object": "payment_intent", "amount": 1999, "amount_received": 0, "currency": "usd",
        "status": status})
}

async fn cancel_at(answers: &[String]) -> (Result<Intent, CallError>, Vec<String>) {
    let server = Answering::with(answers).await;
    let close = Cancellation {
        payment_id: new_intent(None).payment_id,
        job_id: job(1),
        intent: named("pi_1"),
    };
    let (result, _) = channels_at(&server.base_url)
        .cancel_intent(&credentials("sk_test_wire"), &close)
        .await;
    (result, server.requests().await)
}

#[tokio::test]
async fn a_refusal_that_does_not_show_the_state_leads_to_a_question() {
    let too_late = json!({"error": {"type": "invalid_request_error", "code": "payment_intent_unexpected_state",
        "message": "You cannot cancel this PaymentIntent."}});
    let too_late = answer("400 Bad Request", &too_late);
    let (result, requests) = cancel_at(&[too_late.clone(), answer("200 OK", &shown("processing"))]).await;
    assert_eq!(result.unwrap().status, IntentStatus::Processing);
    assert!(
        requests[1].starts_with("GET /v1/payment_intents/pi_1 "),
        "{}",
        requests[1]
    );

    // An intent that is still open was not closed for a reason that only people can find out.
    let (result, _) = cancel_at(&[too_late.clone(), answer("200 OK", &shown("requires_action"))]).await;
    let is_refused =
        matches!(&result, Err(CallError::Refused { code, .. }) if code == "payment_intent_unexpected_state");
    assert!(is_refused, "{result:?}");

    // Nothing was closed, that is certain; where the intent stands is not.
    let busy = answer("429 Too Many Requests", &json!({}));
    let (result, _) = cancel_at(&[too_late.clone(), busy]).await;
    assert!(matches!(result, Err(CallError::Limited { .. })), "{result:?}");
    let (result, _) = cancel_at(&[too_late, answer("200 OK", &shown("brand_new"))]).await;
    assert!(matches!(result, Err(CallError::Unknown { .. })), "{result:?}");
}
