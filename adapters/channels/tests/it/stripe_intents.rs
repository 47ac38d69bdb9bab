//! What the pipeline asks of Stripe when everything works.

use channels::{Cancellation, Confirmation, Period};
use chrono::TimeDelta;
use domain::{
    channel::{CallError, Channel, IntentStatus, PayerStep},
    clock::{Clock, SystemClock},
    currency::Currency,
    money::Money,
    payment::NextStep,
};

use crate::setting::{Setting, credentials, job, lately, lost, lost_within, named, new_intent};

const CREATE: &str = "POST /v1/payment_intents";

#[tokio::test]
async fn an_intent_is_opened_for_the_payer_to_pay() {
    let setting = Setting::new().await;
    let new = new_intent(None);
    let (created, exchange) = setting.channels.create_intent(&setting.credentials, &new).await;
    let intent = created.unwrap();
    assert_eq!(intent.status, IntentStatus::RequiresAction);
    assert_eq!(intent.payment_id, Some(new.payment_id));
    assert_eq!((intent.money, intent.received_minor), (new.money, 0));
    let Some(PayerStep::ClientSecret { client_secret }) =
        intent.next_action.clone().map(|action| action.step)
    else {
        panic!("{intent:?}")
    };
    assert!(client_secret.starts_with(&intent.id));
    assert_eq!(
        (exchange.operation.name(), exchange.outcome),
        ("create_intent", "ok")
    );
    assert_eq!(exchange.intent_id.as_ref(), Some(&intent.id));
    assert_eq!(exchange.error, None);

    let calls = setting.calls(CREATE).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0]["idempotency_key"],
        format!("{}/create_intent", new.payment_id)
    );
    assert_eq!(
        calls[0]["metadata"]["sluice_payment_id"],
        new.payment_id.to_string()
    );

    let (retrieved, exchange) = setting
        .channels
        .retrieve_intent(&setting.credentials, &named(&intent.id))
        .await;
    assert_eq!(retrieved, Ok(intent));
    assert_eq!(
        (exchange.operation.name(), exchange.outcome),
        ("retrieve_intent", "ok")
    );
}

#[tokio::test]
async fn a_repeat_opens_nothing_new() {
    let setting = Setting::new().await;
    let new = new_intent(None);
    let first = setting
        .channels
        .create_intent(&setting.credentials, &new)
        .await
        .0
        .unwrap();
    let again = setting
        .channels
        .create_intent(&setting.credentials, &new)
        .await
        .0
        .unwrap();
    assert_eq!(first, again);
    assert_eq!(setting.intents().await.len(), 1);
    assert_eq!(setting.calls(CREATE).await[1]["replayed"], true);

    let mut other = new;
    other.money.amount_minor += 1;
    // The key proves that an earlier request arrived, so this is no refusal of the payment: its intent can be found.
    let (unknown, exchange) = setting.channels.create_intent(&setting.credentials, &other).await;
    assert!(matches!(unknown, Err(CallError::Unknown { .. })), "{unknown:?}");
    assert_eq!(exchange.outcome, "unknown");
    assert_eq!(setting.intents().await.len(), 1);
}

#[tokio::test]
async fn a_payment_method_is_charged_at_once() {
    let setting = Setting::new().await;
    let intent = setting
        .channels
        .create_intent(&setting.credentials, &new_intent(Some("pm_card_visa")))
        .await
        .0
        .unwrap();
    assert_eq!(
        (intent.status, intent.received_minor),
        (IntentStatus::Succeeded, 1999)
    );

    let mut with_3ds = new_intent(Some("pm_card_threeDSecure2Required"));
    with_3ds.return_url = Some("https://merchant.example/back".into());
    let intent = setting
        .channels
        .create_intent(&setting.credentials, &with_3ds)
        .await
        .0
        .unwrap();
    assert_eq!(
        (intent.status, intent.received_minor),
        (IntentStatus::RequiresAction, 0)
    );
}

#[tokio::test]
async fn a_decline_gives_the_open_intent_and_another_card_pays_it() {
    let setting = Setting::new().await;
    let new = new_intent(Some("pm_card_chargeDeclinedInsufficientFunds"));
    let (declined, exchange) = setting.channels.create_intent(&setting.credentials, &new).await;
    let intent = declined.unwrap();
    let IntentStatus::Declined(failure) = &intent.status else {
        panic!("{intent:?}")
    };
    assert_eq!(failure.code, "insufficient_funds");
    assert_eq!(failure.next_step, NextStep::UseAnotherPaymentMethod);
    assert_eq!(intent.payment_id, Some(new.payment_id));
    assert_eq!(exchange.outcome, "declined");
    assert_eq!(exchange.error.as_deref(), Some("declined: insufficient_funds"));
    assert_eq!(exchange.intent_id.as_ref(), Some(&intent.id));

    // Asked later, the intent tells the same.
    let (retrieved, _) = setting
        .channels
        .retrieve_intent(&setting.credentials, &named(&intent.id))
        .await;
    assert_eq!(retrieved.unwrap(), intent);

    let mut confirmation = Confirmation {
        payment_id: new.payment_id,
        job_id: job(1),
        intent: named(&intent.id),
        payment_method: Some("pm_card_chargeDeclinedIncorrectCvc".into()),
        return_url: None,
    };
    let again = setting
        .channels
        .confirm_intent(&setting.credentials, &confirmation)
        .await
        .0
        .unwrap();
    let IntentStatus::Declined(failure) = again.status else {
        panic!("{:?}", again.status)
    };
    assert_eq!(failure.next_step, NextStep::CorrectDetails);

    confirmation.job_id = job(2);
    confirmation.payment_method = Some("pm_card_visa".into());
    let paid = setting
        .channels
        .confirm_intent(&setting.credentials, &confirmation)
        .await
        .0
        .unwrap();
    assert_eq!(
        (paid.status, paid.received_minor),
        (IntentStatus::Succeeded, 1999)
    );

    // Whoever confirms once more, under a key of its own, learns that it is paid.
    confirmation.job_id = job(3);
    let paid = setting
        .channels
        .confirm_intent(&setting.credentials, &confirmation)
        .await
        .0
        .unwrap();
    assert_eq!(paid.status, IntentStatus::Succeeded);
    let keys: Vec<_> = setting.calls("POST /v1/payment_intents/{id}/confirm").await;
    let keys: Vec<_> = keys
        .iter()
        .map(|call| call["idempotency_key"].as_str().unwrap())
        .collect();
    let expected = [1, 2, 3].map(|number| format!("{}/confirm_intent/{}", new.payment_id, job(number)));
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn an_intent_is_canceled_once_and_a_paid_one_is_not() {
    let setting = Setting::new().await;
    let cancel = |payment_id, number, intent_id: &str| Cancellation {
        payment_id,
        job_id: job(number),
        intent: named(intent_id),
    };
    let open = new_intent(None);
    let intent = setting
        .channels
        .create_intent(&setting.credentials, &open)
        .await
        .0
        .unwrap();
    for number in [1, 1, 2] {
        let cancellation = cancel(open.payment_id, number, &intent.id);
        let canceled = setting
            .channels
            .cancel_intent(&setting.credentials, &cancellation)
            .await
            .0
            .unwrap();
        assert_eq!(canceled.status, IntentStatus::Canceled);
    }
    let paid = new_intent(Some("pm_card_visa"));
    let intent = setting
        .channels
        .create_intent(&setting.credentials, &paid)
        .await
        .0
        .unwrap();
    let cancellation = cancel(paid.payment_id, 3, &intent.id);
    let answered = setting
        .channels
        .cancel_intent(&setting.credentials, &cancellation)
        .await
        .0
        .unwrap();
    assert_eq!(
        (answered.status, answered.received_minor),
        (IntentStatus::Succeeded, 1999)
    );
}

#[tokio::test]
async fn a_lost_intent_is_found_by_its_payment() {
    let setting = Setting::new().await;
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    let payment = new_intent(None);
    let created = channels.create_intent(credentials, &payment).await.0.unwrap();
    for _ in 0..3 {
        channels
            .create_intent(credentials, &new_intent(None))
            .await
            .0
            .unwrap();
    }
    let (found, exchange) = channels.find_intent(credentials, &lost(&payment)).await;
    assert_eq!(found, Ok(Some(created.clone())));
    assert_eq!((exchange.outcome, exchange.intent_id), ("ok", Some(created.id)));

    let (found, exchange) = channels.find_intent(credentials, &lost(&new_intent(None))).await;
    assert_eq!(found, Ok(None));
    assert_eq!((exchange.outcome, exchange.intent_id), ("not_found", None));

    // Another merchant's account holds none of them, and neither does any other time.
    let other = crate::setting::credentials("sk_test_other");
    assert_eq!(channels.find_intent(&other, &lost(&payment)).await.0, Ok(None));
    let now = SystemClock.now();
    let ten_minutes = TimeDelta::minutes(10);
    let until = |to| Period {
        to: Some(to),
        ..lately()
    };
    let later = Period {
        from: now + ten_minutes,
        to: None,
    };
    for (period, is_found) in [
        (later, false),
        (until(now - ten_minutes), false),
        (until(now), true),
    ] {
        let found = channels
            .find_intent(credentials, &lost_within(&payment, period))
            .await
            .0;
        assert_eq!(found.unwrap().is_some(), is_found, "{period:?}");
    }
}

#[tokio::test]
async fn too_many_intents_to_look_through_is_unknown() {
    let setting = Setting::new().await;
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    let payment = new_intent(None);
    let created = channels.create_intent(credentials, &payment).await.0.unwrap();
    let open = |count: usize| async move {
        let news: Vec<_> = (0..count).map(|_| new_intent(None)).collect();
        // A few at a time: a crowd would wait longer for its connections than a call may take.
        for some in news.chunks(16) {
            let opening = some.iter().map(|new| channels.create_intent(credentials, new));
            for (opened, _) in futures::future::join_all(opening).await {
                opened.unwrap();
            }
        }
    };
    // On the second page of two: found, and a payment that is on neither is surely not there.
    open(150).await;
    assert_eq!(
        channels.find_intent(credentials, &lost(&payment)).await.0,
        Ok(Some(created))
    );
    let unheard_of = lost(&new_intent(None));
    assert_eq!(channels.find_intent(credentials, &unheard_of).await.0, Ok(None));
    // Beyond the second page nobody looks, and so nobody may say that it is not there.
    open(60).await;
    let (found, exchange) = channels.find_intent(credentials, &lost(&payment)).await;
    assert!(matches!(found, Err(CallError::Unknown { .. })), "{found:?}");
    assert_eq!(exchange.outcome, "unknown");
    assert_eq!(setting.calls("GET /v1/payment_intents").await.len(), 6);
}

#[tokio::test]
async fn amounts_arrive_as_stripe_wants_them() {
    let setting = Setting::new().await;
    let cases = [
        (Currency::JPY, 500, 500),
        (Currency::ISK, 150, 15_000),
        (Currency::KWD, 1_230, 1_230),
    ];
    for (currency, amount_minor, wire) in cases {
        let mut new = new_intent(None);
        new.money = Money {
            amount_minor,
            currency,
        };
        let intent = setting
            .channels
            .create_intent(&setting.credentials, &new)
            .await
            .0
            .unwrap();
        assert_eq!(intent.money, new.money);
        let held = setting.intents().await;
        assert!(
            held.iter()
                .any(|held| held["id"] == intent.id.as_str() && held["amount"] == wire),
            "{held:?}"
        );
    }
    let mut new = new_intent(None);
    new.money = Money {
        amount_minor: 1_234,
        currency: Currency::KWD,
    };
    let (refused, _) = setting.channels.create_intent(&setting.credentials, &new).await;
    assert!(
        matches!(refused, Err(CallError::Refused { ref code, .. }) if code == "amount_not_taken"),
        "{refused:?}"
    );
    assert!(
        channels::capabilities(Channel::Stripe)
            .check_amount(new.money)
            .is_err()
    );
}

#[tokio::test]
async fn a_wrong_request_is_refused() {
    let setting = Setting::new().await;
    let code = |result: Result<_, CallError>| match result {
        Err(CallError::Refused { code, message }) => {
            assert!(!message.contains("sk_"), "{message}");
            code
        }
        other => panic!("{other:?}"),
    };
    let unknown = credentials("sk_live_not_of_the_sandbox");
    let (refused, exchange) = setting.channels.create_intent(&unknown, &new_intent(None)).await;
    assert_eq!(code(refused), "authentication_failed");
    assert!(exchange.error.unwrap().contains("request req_"));
    let (refused, _) = setting
        .channels
        .retrieve_intent(&setting.credentials, &named("pi_nowhere"))
        .await;
    assert_eq!(code(refused), "resource_missing");
    for crooked in ["", "pi_1/../../refunds", "pi_1?expand=x", "pi_1/cancel"] {
        let (refused, _) = setting
            .channels
            .retrieve_intent(&setting.credentials, &named(crooked))
            .await;
        assert_eq!(code(refused), "invalid_intent_id");
    }
    let mut small = new_intent(None);
    small.money.amount_minor = 1;
    assert_eq!(
        code(
            setting
                .channels
                .create_intent(&setting.credentials, &small)
                .await
                .0
        ),
        "amount_too_small"
    );
    let unheard_of = new_intent(Some("pm_nobody_has"));
    assert_eq!(
        code(
            setting
                .channels
                .create_intent(&setting.credentials, &unheard_of)
                .await
                .0
        ),
        "resource_missing"
    );
}
