//! What the pipeline learns when Stripe, or the way to it, is in trouble.

use std::time::{Duration, Instant};

use channels::{Channels, ChannelsConfig};
use domain::channel::{CallError, Intent, IntentStatus, NewIntent};
use serde_json::json;

use crate::{
    setting::{Setting, lost, new_intent},
    stand::{TIMEOUT, channels_at, config_at},
};

const CREATE: &str = "POST /v1/payment_intents";

/// Opens an intent while a fault strikes, and gives what was learnt and how many intents there really are.
async fn create_under(setting: &Setting, fault: &str, new: &NewIntent) -> (Result<Intent, CallError>, usize) {
    setting.fault_once(CREATE, fault).await;
    let (result, exchange) = setting.channels.create_intent(&setting.credentials, new).await;
    assert_eq!(exchange.error.is_some(), result.is_err());
    (result, setting.intents().await.len())
}

async fn find(setting: &Setting, new: &NewIntent) -> Option<Intent> {
    setting
        .channels
        .find_intent(&setting.credentials, &lost(new))
        .await
        .0
        .unwrap()
}

#[tokio::test]
async fn what_was_done_unseen_is_unknown_then_found_and_a_repeat_does_not_do_it_twice() {
    for fault in ["hang_after", "reset_after", "malformed"] {
        let setting = Setting::new().await;
        let new = new_intent(Some("pm_card_visa"));
        let (result, intents) = create_under(&setting, fault, &new).await;
        assert!(
            matches!(result, Err(CallError::Unknown { .. })),
            "{fault}: {result:?}"
        );
        assert_eq!(intents, 1, "{fault}");

        let found = find(&setting, &new).await.unwrap();
        assert_eq!(found.status, IntentStatus::Succeeded, "{fault}");
        let repeated = setting
            .channels
            .create_intent(&setting.credentials, &new)
            .await
            .0
            .unwrap();
        assert_eq!(repeated, found, "{fault}");
        assert_eq!(setting.intents().await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn what_was_not_done_is_unknown_too_when_there_is_no_answer() {
    for fault in ["hang_before", "reset_before", "error"] {
        let setting = Setting::new().await;
        let new = new_intent(None);
        let (result, intents) = create_under(&setting, fault, &new).await;
        assert!(
            matches!(result, Err(CallError::Unknown { .. })),
            "{fault}: {result:?}"
        );
        assert_eq!(intents, 0, "{fault}");
        assert_eq!(find(&setting, &new).await, None, "{fault}");
        setting
            .channels
            .create_intent(&setting.credentials, &new)
            .await
            .0
            .unwrap();
    }
}

#[tokio::test]
async fn a_call_ends_when_its_time_is_up() {
    let setting = Setting::new().await;
    let started = Instant::now();
    let (result, _) = create_under(&setting, "hang_before", &new_intent(None)).await;
    let Err(CallError::Unknown { message }) = result else {
        panic!("{result:?}")
    };
    assert!(message.contains("timed out"), "{message}");
    // A request is given a little less, so that it is known for one that got no answer.
    assert!(started.elapsed() >= TIMEOUT * 9 / 10 && started.elapsed() < TIMEOUT + Duration::from_secs(3));
}

#[tokio::test]
async fn a_stored_error_is_replayed_and_only_asking_shows_the_intent() {
    let setting = Setting::new().await;
    let new = new_intent(None);
    let (result, intents) = create_under(&setting, "error_after", &new).await;
    assert!(matches!(result, Err(CallError::Unknown { .. })), "{result:?}");
    assert_eq!(intents, 1);
    let (again, exchange) = setting.channels.create_intent(&setting.credentials, &new).await;
    assert!(matches!(again, Err(CallError::Unknown { .. })), "{again:?}");
    assert!(
        exchange
            .error
            .unwrap()
            .contains("HTTP 500, replayed, request req_")
    );
    assert_eq!(
        find(&setting, &new).await.unwrap().payment_id,
        Some(new.payment_id)
    );
    assert_eq!(setting.intents().await.len(), 1);
}

#[tokio::test]
async fn too_many_requests_are_surely_not_done() {
    let setting = Setting::new().await;
    let (result, intents) = create_under(&setting, "rate_limit", &new_intent(None)).await;
    assert!(matches!(result, Err(CallError::Limited { .. })), "{result:?}");
    assert_eq!(intents, 0);
}

#[tokio::test]
async fn a_question_without_an_answer_is_not_taken_for_a_no() {
    let setting = Setting::new().await;
    for fault in ["error", "reset_before", "malformed", "rate_limit"] {
        setting.fault_once("GET /v1/payment_intents", fault).await;
        let (found, exchange) = setting
            .channels
            .find_intent(&setting.credentials, &lost(&new_intent(None)))
            .await;
        assert!(found.is_err(), "{fault}: {found:?}");
        assert!(
            ["unknown", "not_done"].contains(&exchange.outcome),
            "{fault}: {exchange:?}"
        );
    }
}

#[tokio::test]
async fn a_search_ends_when_its_time_is_up() {
    let setting = Setting::new().await;
    let slow =
        json!({"route": "GET /v1/payment_intents", "fault": "slow", "delay_ms": TIMEOUT.as_millis() / 2});
    setting.fault(&slow).await;
    let channels = Channels::new(&ChannelsConfig {
        find_timeout: TIMEOUT / 5,
        ..config_at(&setting.sandbox.base_url())
    });
    let (found, exchange) = channels
        .unwrap()
        .find_intent(&setting.credentials, &lost(&new_intent(None)))
        .await;
    assert!(matches!(found, Err(CallError::Unknown { .. })), "{found:?}");
    assert!(exchange.error.unwrap().contains("within 300ms"));
}

#[tokio::test]
async fn nobody_listening_is_surely_not_done() {
    let setting = Setting::new().await;
    let base_url = setting.sandbox.base_url();
    setting.stand.sandbox.stop().await;
    let channels = channels_at(&base_url);
    let (result, exchange) = channels
        .create_intent(&setting.credentials, &new_intent(None))
        .await;
    let Err(CallError::NotDone {
        message,
        retry_after: None,
    }) = result
    else {
        panic!("{result:?}")
    };
    assert!(!message.contains("127.0.0.1/"), "{message}");
    assert_eq!(exchange.outcome, "not_done");
}
