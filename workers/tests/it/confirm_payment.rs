//! Confirming payments from the merchant's server: each wish is one attempt, however often its job runs.

use chrono::TimeDelta;
use domain::{
    channel::{IntentStatus, Operation},
    job::Job,
    payment::{Closing, Failure, PaymentEvent, PaymentStatus},
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    support::world,
    wishing::{CONFIRMING, EVERYTHING, cancel, confirm, done, refused, seen},
};

const GOOD: &str = "pm_card_visa";
const ACTIONS: &str = "select count(*) from payment_actions";

#[tokio::test(flavor = "multi_thread")]
async fn the_payment_tells_what_came_of_the_attempt() {
    let world = world().await;
    let cases = [
        (GOOD, PaymentStatus::Succeeded, 1),
        ("pm_card_chargeDeclined", PaymentStatus::Failed, 0),
        ("pm_card_threeDSecure2Required", PaymentStatus::RequiresAction, 0),
        ("pm_usBankAccount_processing", PaymentStatus::Processing, 0),
    ];
    for (number, (method, status, charged)) in cases.into_iter().enumerate() {
        let payment = world.open(&format!("k{number}")).await;
        let job = confirm(&payment, &format!("c{number}"), method);
        for _ in 0..2 {
            assert_eq!(done(world.wish(&job).await), status, "{method}");
        }
        assert_eq!(world.at_provider(&payment).await.1, charged, "{method}");
        assert_eq!(world.called(CONFIRMING).await, number + 1, "{method}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_pays_after_a_decline() {
    let world = world().await;
    let payment = world.open("k").await;
    let declined = confirm(&payment, "c1", "pm_card_chargeDeclined");
    assert_eq!(done(world.wish(&declined).await), PaymentStatus::Failed);
    let good = confirm(&payment, "c2", GOOD);
    assert_eq!(done(world.wish(&good).await), PaymentStatus::Succeeded);
    assert_eq!(world.at_provider(&payment).await, ("succeeded".into(), 1));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_paid_any_more_refuses_without_a_call() {
    let world = world().await;
    let closed = |name, closing| {
        vec![
            seen(name, IntentStatus::RequiresAction),
            PaymentEvent::ClosingBegun(closing),
            seen(name, IntentStatus::Canceled),
        ]
    };
    let gave_up = PaymentEvent::GaveUp(Failure::provider_unavailable());
    let cases = [
        (
            "paid",
            vec![seen("paid", IntentStatus::Succeeded)],
            "payment_already_paid",
        ),
        (
            "at-work",
            vec![seen("at-work", IntentStatus::Processing)],
            "payment_processing",
        ),
        (
            "canceled",
            closed("canceled", Closing::Canceled),
            "payment_already_closed",
        ),
        (
            "expired",
            closed("expired", Closing::Expired),
            "payment_already_closed",
        ),
        ("failed", vec![gave_up], "payment_failed"),
    ];
    for (name, events, code) in cases {
        let payment = world.stored_after(name, events).await;
        let reply = world.wish(&confirm(&payment, name, GOOD)).await;
        assert_eq!(refused(reply), code, "{name}");
        assert_eq!(world.now_is(&payment).await.version, payment.version, "{name}");
    }
    assert_eq!(
        (world.called(CONFIRMING).await, world.count(ACTIONS).await),
        (0, 5)
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_provider_is_the_end_of_the_wish_and_not_of_the_payment() {
    let world = world().await;
    let payment = world.open("k").await;
    let reply = world.wish(&confirm(&payment, "c1", "pm_that_nobody_has")).await;
    assert_eq!(refused(reply), "refused_by_provider");
    assert_eq!(world.now_is(&payment).await.status, PaymentStatus::RequiresAction);
    let good = confirm(&payment, "c2", GOOD);
    assert_eq!(done(world.wish(&good).await), PaymentStatus::Succeeded);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_at_the_provider_charges_once() {
    let troubles: [(&str, Value); 9] = [
        ("hang_before", json!({ "times": 1 })),
        ("hang_after", json!({ "times": 1 })),
        ("reset_before", json!({ "times": 2 })),
        ("reset_after", json!({ "times": 2 })),
        ("rate_limit", json!({ "times": 2 })),
        ("error", json!({ "times": 1, "status": 500 })),
        ("error_after", json!({ "status": 500 })),
        ("hang_after", json!({})),
        ("malformed", json!({})),
    ];
    let world = world().await;
    for (number, (fault, more)) in troubles.into_iter().enumerate() {
        let payment = world.open(&format!("k{number}")).await;
        world.fault(CONFIRMING, fault, more.clone()).await;
        let reply = world.wish(&confirm(&payment, &format!("c{number}"), GOOD)).await;
        assert_eq!(done(reply), PaymentStatus::Succeeded, "{fault} {more}");
        assert_eq!(world.at_provider(&payment).await.1, 1, "{fault} {more}");
        world.mend_provider().await;
    }
    assert_eq!(world.count("select count(*) from ledger_transfers").await, 9);
    world.close().await;
}

/// Nobody can tell what came of the attempt: the wish is parked and nothing kept. Sent again, it is answered as the first
/// time.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_leaves_the_wish_parked_and_a_replay_charges_nothing_again() {
    let world = world().await;
    let payment = world.open("k").await;
    world.fault(EVERYTHING, "hang_after", json!({})).await;
    let job = confirm(&payment, "c", GOOD);
    world.publish(&job).await;
    world.parked("confirm_payment").await;
    assert_eq!(world.count(ACTIONS).await, 0);
    world.mend_provider().await;
    assert_eq!(done(world.wish(&job).await), PaymentStatus::Succeeded);
    assert_eq!(world.at_provider(&payment).await, ("succeeded".into(), 1));
    world.close().await;
}

/// The run that made the attempt died, and the provider's callback was faster than the next run: the wish was carried
/// out, and is not refused because the payment is paid.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_was_begun_is_not_refused_for_what_it_did() {
    let world = world().await;
    let payment = world.open("k").await;
    let job = confirm(&payment, "c", GOOD);
    let id = job.id().to_string();
    world
        .note(
            &payment,
            &id,
            Operation::ConfirmIntent,
            "started",
            TimeDelta::zero(),
        )
        .await;
    assert!(world.pay(&payment, json!({})).await);
    world.paid_callback(&payment, "evt_1").await;
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    assert_eq!(done(world.wish(&job).await), PaymentStatus::Succeeded);
    assert_eq!(world.at_provider(&payment).await.1, 1);
    world.close().await;
}

/// A day after the attempt was begun the provider has forgotten its key: it is asked, and nothing is sent.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_is_too_old_is_not_sent_again() {
    let world = world().await;
    let open = world.open("open").await;
    let paid = world.open("paid").await;
    assert!(world.pay(&paid, json!({})).await);
    for payment in [&open, &paid] {
        let job = confirm(payment, payment.idempotency_key.as_str(), GOOD);
        let id = job.id().to_string();
        world
            .note(
                payment,
                &id,
                Operation::ConfirmIntent,
                "started",
                TimeDelta::hours(24),
            )
            .await;
        let reply = world.wish(&job).await;
        if payment.id == open.id {
            assert_eq!(refused(reply), "confirmation_too_old");
        } else {
            assert_eq!(done(reply), PaymentStatus::Succeeded);
        }
    }
    assert_eq!(world.called(CONFIRMING).await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_copies_at_once_charge_once() {
    let world = world().await;
    for round in 0..10 {
        let payment = world.open(&format!("k{round}")).await;
        let job = confirm(&payment, &format!("c{round}"), GOOD);
        let replies = join_all((0..4).map(|_| world.wish(&job))).await;
        for reply in replies {
            assert_eq!(done(reply), PaymentStatus::Succeeded, "round {round}");
        }
        assert_eq!(
            world.at_provider(&payment).await,
            ("succeeded".into(), 1),
            "round {round}"
        );
        assert_eq!(world.told(&payment).await, ["payment.succeeded"], "round {round}");
    }
    assert_eq!(world.count(ACTIONS).await, 10);
    world.close().await;
}

/// Two wishes that contradict each other: one of them is refused, whichever it is.
#[tokio::test(flavor = "multi_thread")]
async fn canceling_and_confirming_at_once_do_one_of_both() {
    let world = world().await;
    for round in 0..20 {
        let payment = world.open(&format!("k{round}")).await;
        let (stop, go) = (
            cancel(&payment, &format!("a{round}")),
            confirm(&payment, &format!("b{round}"), GOOD),
        );
        let (stopped, gone) = tokio::join!(world.wish(&stop), world.wish(&go));
        match world.at_provider(&payment).await {
            (status, 1) if status == "succeeded" => {
                assert_eq!(refused(stopped), "payment_already_paid", "round {round}");
                assert_eq!(done(gone), PaymentStatus::Succeeded, "round {round}");
            }
            (status, 0) if status == "canceled" => {
                assert_eq!(done(stopped), PaymentStatus::Canceled, "round {round}");
                assert_eq!(refused(gone), "payment_already_closed", "round {round}");
            }
            other => panic!("round {round}: {other:?}"),
        }
    }
    world.close().await;
}
