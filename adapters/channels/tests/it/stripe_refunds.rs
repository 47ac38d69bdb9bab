//! Refunds at Stripe: made once, found again, and what a refusal or a lost answer tells.

use std::time::Duration;

use channels::{Channels, ChannelsConfig};
use domain::{
    channel::{CallError, ChannelRefund, ChannelRefundStatus, NewRefund, RefundReason},
    currency::Currency,
    money::Money,
};
use serde_json::json;

use crate::{
    answering::{Answering, answer},
    setting::{Setting, credentials, named, new_intent, new_refund, refund_id, refund_named},
    stand::{TIMEOUT, channels_at, config_at},
};

const CREATE: &str = "POST /v1/refunds";
const LIST: &str = "GET /v1/refunds";

async fn create(setting: &Setting, new: &NewRefund) -> Result<ChannelRefund, CallError> {
    let (refund, exchange) = setting.channels.create_refund(&setting.credentials, new).await;
    assert_eq!(exchange.operation.name(), "create_refund");
    assert_eq!(
        exchange.intent_id.as_ref(),
        refund.as_ref().ok().map(|refund| &refund.id)
    );
    refund
}

async fn find(setting: &Setting, new: &NewRefund) -> Result<Option<ChannelRefund>, CallError> {
    let channels = &setting.channels;
    let (found, _) = channels
        .find_refund(&setting.credentials, &new.intent, new.refund_id)
        .await;
    found
}

fn code(result: Result<ChannelRefund, CallError>) -> String {
    match result {
        Err(CallError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_part_of_a_payment_is_given_back_once() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    // Less than the least that Stripe charges.
    let new = NewRefund {
        reason: Some(RefundReason::PaidLate),
        ..new_refund(&intent, 5)
    };
    let refund = create(&setting, &new).await.unwrap();
    assert_eq!(refund.status, ChannelRefundStatus::Succeeded);
    assert_eq!(refund.refund_id, Some(new.refund_id));
    assert_eq!(
        (refund.money, refund.intent_id.as_ref()),
        (new.money, Some(&intent.id))
    );
    let again = create(&setting, &new).await.unwrap();
    assert_eq!(again, refund);

    let calls = setting.calls(CREATE).await;
    assert_eq!(calls[1]["replayed"], true);
    assert_eq!(
        calls[0]["idempotency_key"],
        format!("{}/create_refund", new.refund_id)
    );
    assert_eq!(
        calls[0]["metadata"]["sluice_refund_id"],
        new.refund_id.to_string()
    );
    assert_eq!(
        calls[0]["metadata"]["sluice_payment_id"],
        new.payment_id.to_string()
    );

    let retrieved = setting
        .channels
        .retrieve_refund(&setting.credentials, &refund_named(&refund.id))
        .await;
    assert_eq!(retrieved.0, Ok(refund.clone()));
    assert_eq!(
        (retrieved.1.operation.name(), retrieved.1.outcome),
        ("retrieve_refund", "ok")
    );
    assert_eq!(retrieved.1.intent_id, Some(refund.id));
}

#[tokio::test]
async fn what_the_same_refund_did_before_refuses_it_once_its_key_is_forgotten() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    let new = new_refund(&intent, 1_999);
    let refund = create(&setting, &new).await.unwrap();
    setting.forget_keys().await;
    // That is why a refund is looked for before it is sent again after the key's time.
    assert_eq!(code(create(&setting, &new).await), "charge_already_refunded");
    assert_eq!(find(&setting, &new).await, Ok(Some(refund)));
}

#[tokio::test]
async fn a_refund_that_comes_back_has_failed() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    let new = new_refund(&intent, 500);
    let refund = create(&setting, &new).await.unwrap();
    let settle = format!("stripe/refunds/{}/settle", refund.id);
    setting.order(&settle, &json!({"succeeded": false})).await;
    let (retrieved, exchange) = setting
        .channels
        .retrieve_refund(&setting.credentials, &refund_named(&refund.id))
        .await;
    let ChannelRefundStatus::Failed(failure) = retrieved.unwrap().status else {
        panic!("{exchange:?}")
    };
    assert_eq!(exchange.outcome, "declined");
    assert_eq!(exchange.error, Some(format!("declined: {}", failure.code)));
    // A replay shows the moment of the first answer: the caller knows better, because it knows what came since.
    let replayed = create(&setting, &new).await.unwrap();
    assert_eq!(replayed.status, ChannelRefundStatus::Succeeded);
}

#[tokio::test]
async fn a_refund_that_takes_its_time_is_processing() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_pendingRefund").await;
    let refund = create(&setting, &new_refund(&intent, 1999)).await.unwrap();
    assert_eq!(refund.status, ChannelRefundStatus::Processing);
}

#[tokio::test]
async fn what_cannot_be_given_back_is_refused_with_stripes_code() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    assert_eq!(
        code(create(&setting, &new_refund(&intent, 2_000)).await),
        "invalid_request_error"
    );
    create(&setting, &new_refund(&intent, 1_999)).await.unwrap();
    assert_eq!(
        code(create(&setting, &new_refund(&intent, 1)).await),
        "charge_already_refunded"
    );

    let unpaid = new_intent(None);
    let (unpaid, _) = setting
        .channels
        .create_intent(&setting.credentials, &unpaid)
        .await;
    assert_eq!(
        code(create(&setting, &new_refund(&unpaid.unwrap(), 1_999)).await),
        "invalid_request_error"
    );

    let disputed = setting.paid("pm_card_visa").await;
    setting
        .order(&format!("stripe/intents/{}/dispute", disputed.id), &json!({}))
        .await;
    assert_eq!(
        code(create(&setting, &new_refund(&disputed, 1)).await),
        "charge_disputed"
    );

    let mut nowhere = new_refund(&intent, 1);
    nowhere.intent = named("pi_nowhere");
    assert_eq!(code(create(&setting, &nowhere).await), "resource_missing");
    let wrong_key = credentials("sk_live_not_of_the_sandbox");
    let refused = setting
        .channels
        .create_refund(&wrong_key, &new_refund(&intent, 1))
        .await
        .0;
    assert_eq!(code(refused), "authentication_failed");
}

#[tokio::test]
async fn what_stripe_could_not_read_is_not_sent() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    let too_fine = NewRefund {
        money: Money {
            amount_minor: 1_234,
            currency: Currency::KWD,
        },
        ..new_refund(&intent, 1)
    };
    assert_eq!(code(create(&setting, &too_fine).await), "amount_not_taken");
    let mut crooked = new_refund(&intent, 1);
    crooked.intent = named("pi_1&amount=7");
    assert_eq!(code(create(&setting, &crooked).await), "invalid_intent_id");
    let (found, _) = setting
        .channels
        .find_refund(&setting.credentials, &named("pi_1&x"), refund_id())
        .await;
    assert!(matches!(found, Err(CallError::Refused { code, .. }) if code == "invalid_intent_id"));
    for crooked in ["", "re_1/cancel", "../payment_intents/pi_1"] {
        let (refused, _) = setting
            .channels
            .retrieve_refund(&setting.credentials, &refund_named(crooked))
            .await;
        assert_eq!(code(refused), "invalid_refund_id");
    }
    assert_eq!(
        setting.calls(CREATE).await.len() + setting.calls(LIST).await.len(),
        0
    );
}

#[tokio::test]
async fn what_was_done_unseen_is_unknown_then_found_and_a_repeat_does_not_do_it_twice() {
    for fault in ["hang_after", "reset_after", "malformed"] {
        let setting = Setting::new().await;
        let intent = setting.paid("pm_card_visa").await;
        let new = new_refund(&intent, 700);
        assert_eq!(find(&setting, &new).await, Ok(None));
        setting.fault_once(CREATE, fault).await;
        let lost = create(&setting, &new).await;
        assert!(
            matches!(lost, Err(CallError::Unknown { .. })),
            "{fault}: {lost:?}"
        );

        let found = find(&setting, &new).await.unwrap().unwrap();
        assert_eq!(found.money, new.money, "{fault}");
        assert_eq!(create(&setting, &new).await, Ok(found), "{fault}");
        // Had it been done twice, there would not be as much left.
        create(&setting, &new_refund(&intent, 1_299)).await.unwrap();
    }
}

#[tokio::test]
async fn only_what_surely_was_not_done_is_told_as_such() {
    let cases = [
        ("hang_before", "unknown"),
        ("reset_before", "unknown"),
        ("error", "unknown"),
        ("error_after", "unknown"),
        ("rate_limit", "not_done"),
    ];
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    for (fault, outcome) in cases {
        setting.fault_once(CREATE, fault).await;
        let new = new_refund(&intent, 10);
        let (_, exchange) = setting.channels.create_refund(&setting.credentials, &new).await;
        assert_eq!(exchange.outcome, outcome, "{fault}: {exchange:?}");
        assert_eq!(exchange.intent_id, None);
        assert_eq!(
            find(&setting, &new).await.unwrap().is_some(),
            fault == "error_after",
            "{fault}"
        );
    }
    // The same key with another amount: an earlier request arrived, so this is no refusal of the refund.
    let new = new_refund(&intent, 20);
    create(&setting, &new).await.unwrap();
    let other = NewRefund {
        money: Money {
            amount_minor: 21,
            ..new.money
        },
        ..new
    };
    let conflict = create(&setting, &other).await;
    assert!(matches!(conflict, Err(CallError::Unknown { .. })), "{conflict:?}");
}

#[tokio::test]
async fn a_question_without_an_answer_is_not_taken_for_a_no() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    for fault in ["error", "reset_before", "malformed", "rate_limit"] {
        setting.fault_once(LIST, fault).await;
        let found = find(&setting, &new_refund(&intent, 1)).await;
        assert!(found.is_err(), "{fault}: {found:?}");
    }
    let slow = json!({"route": LIST, "fault": "slow", "delay_ms": TIMEOUT.as_millis() / 2});
    setting.fault(&slow).await;
    let channels = Channels::new(&ChannelsConfig {
        find_timeout: Duration::from_millis(300),
        ..config_at(&setting.sandbox.base_url())
    });
    let called = channels.unwrap();
    let (found, exchange) = called
        .find_refund(&setting.credentials, &named(&intent.id), refund_id())
        .await;
    assert!(matches!(found, Err(CallError::Unknown { .. })), "{found:?}");
    let error = exchange.error.unwrap();
    assert!(error.contains("did not end within 300ms"), "{error}");
}

#[tokio::test]
async fn a_lost_refund_is_found_among_the_refunds_of_its_intent_only() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    let mut refunds: Vec<NewRefund> = (0..3).map(|_| new_refund(&intent, 100)).collect();
    for new in &refunds {
        create(&setting, new).await.unwrap();
    }
    for new in &refunds {
        assert_eq!(
            find(&setting, new).await.unwrap().unwrap().refund_id,
            Some(new.refund_id)
        );
    }
    let other = setting.paid("pm_card_visa").await;
    refunds[0].intent = named(&other.id);
    let (found, exchange) = setting
        .channels
        .find_refund(&setting.credentials, &refunds[0].intent, refunds[0].refund_id)
        .await;
    assert_eq!(found, Ok(None));
    assert_eq!(
        (exchange.operation.name(), exchange.outcome),
        ("find_refund", "not_found")
    );
}

#[tokio::test]
async fn too_many_refunds_to_look_through_is_unknown() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    let lost = new_refund(&intent, 1);
    create(&setting, &lost).await.unwrap();
    let make = |count: usize| {
        let (setting, intent) = (&setting, &intent);
        async move {
            for _ in 0..count {
                create(setting, &new_refund(intent, 1)).await.unwrap();
            }
        }
    };
    // On the second page of two: found, and a refund that is on neither was surely not made.
    make(150).await;
    assert!(find(&setting, &lost).await.unwrap().is_some());
    assert_eq!(find(&setting, &new_refund(&intent, 1)).await, Ok(None));
    // Beyond the second page nobody looks, and so nobody may say that it is not there.
    make(60).await;
    let found = find(&setting, &lost).await;
    assert!(matches!(found, Err(CallError::Unknown { .. })), "{found:?}");
}

#[tokio::test]
async fn every_refusal_of_a_refund_keeps_its_code_and_nothing_else_is_one() {
    let invalid = |code: &str| json!({"type": "invalid_request_error", "code": code, "message": "No."});
    let cases = [
        (
            "400 Bad Request",
            invalid("charge_already_refunded"),
            Some("charge_already_refunded"),
        ),
        (
            "400 Bad Request",
            invalid("charge_disputed"),
            Some("charge_disputed"),
        ),
        (
            "400 Bad Request",
            invalid("refund_disputed_payment"),
            Some("refund_disputed_payment"),
        ),
        (
            "402 Payment Required",
            invalid("balance_insufficient"),
            Some("balance_insufficient"),
        ),
        // Nobody pays here, so nobody is declined.
        (
            "402 Payment Required",
            json!({"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}),
            Some("lost_card"),
        ),
        (
            "400 Bad Request",
            json!({"type": "idempotency_error", "message": "Other parameters."}),
            None,
        ),
        ("409 Conflict", invalid("charge_already_refunded"), None),
        (
            "500 Internal Server Error",
            invalid("charge_already_refunded"),
            None,
        ),
        ("503 Service Unavailable", json!({"type": "api_error"}), None),
    ];
    for (status, error, refused) in cases {
        let answer = answer(status, &json!({ "error": error }));
        let server = Answering::with(&[answer]).await;
        let new = NewRefund {
            refund_id: refund_id(),
            payment_id: new_intent(None).payment_id,
            intent: named("pi_1"),
            money: new_intent(None).money,
            reason: None,
            callback_url: String::new(),
            destination: None,
        };
        let called = channels_at(&server.base_url)
            .create_refund(&credentials("sk_test_wire"), &new)
            .await
            .0;
        server.requests().await;
        match (called, refused) {
            (Err(CallError::Refused { code, .. }), Some(expected)) => assert_eq!(code, expected),
            (Err(CallError::Unknown { .. }), None) => {}
            (other, _) => panic!("{status} {error}: {other:?}"),
        }
    }
}
