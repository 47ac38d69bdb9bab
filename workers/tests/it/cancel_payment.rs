//! Canceling payments: at the provider first, and never what is paid.

use std::time::Duration;

use domain::{
    channel::IntentStatus,
    job::{ConfirmPayment, PaymentActionReply},
    payment::{Closing, Failure, PaymentEvent, PaymentStatus},
};
use futures::future::{join, join_all};
use serde_json::{Value, json};

use crate::{
    paypal::SHOWING,
    support::{request, world},
    wishing::{CANCELING, EVERYTHING, cancel, done, refused, seen},
};

const OPENING: &str = "POST /v1/payment_intents";
const ACTIONS: &str = "select count(*) from payment_actions";

#[tokio::test(flavor = "multi_thread")]
async fn an_open_payment_is_closed_at_the_provider_and_then_here() {
    let world = world().await;
    let payment = world.open("k").await;
    let job = cancel(&payment, "c");
    assert_eq!(done(world.wish(&job).await), PaymentStatus::Canceled);
    assert_eq!(world.at_provider(&payment).await, ("canceled".into(), 0));
    assert_eq!(world.told(&payment).await, ["payment.canceled"]);
    assert_eq!(world.now_is(&payment).await.closing, Some(Closing::Canceled));

    // A repeat is answered; a new wish finds it done; the same key for something else is a conflict.
    assert_eq!(done(world.wish(&job).await), PaymentStatus::Canceled);
    let another = cancel(&payment, "another");
    assert_eq!(done(world.wish(&another).await), PaymentStatus::Canceled);
    let other = world.open("other").await;
    assert_eq!(
        world.wish(&cancel(&other, "c")).await,
        Some(PaymentActionReply::Conflict)
    );
    assert_eq!(world.now_is(&other).await, other);
    assert_eq!(world.called(CANCELING).await, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_paid_meanwhile_refuses() {
    let world = world().await;
    let payment = world.open("k").await;
    assert!(world.pay(&payment, json!({})).await);
    let reply = world.wish(&cancel(&payment, "c")).await;
    assert_eq!(refused(reply), "payment_already_paid");
    let paid = world.now_is(&payment).await;
    assert_eq!((paid.status, paid.is_late), (PaymentStatus::Succeeded, false));
    assert_eq!(world.told(&payment).await, ["payment.succeeded"]);
    world.close().await;
}

/// The provider does not close what it is at work on; the payment stays as if nobody had asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_the_bank_works_on_refuses_and_is_not_being_closed() {
    let world = world().await;
    let payment = world.open("k").await;
    let bank = json!({ "payment_method": "pm_usBankAccount_processing" });
    assert!(world.pay(&payment, bank).await);
    let reply = world.wish(&cancel(&payment, "c")).await;
    assert_eq!(refused(reply), "payment_processing");
    let left = world.now_is(&payment).await;
    assert_eq!((left.status, left.closing), (PaymentStatus::Processing, None));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_canceled_refuses_without_a_call() {
    let world = world().await;
    let gave_up = PaymentEvent::GaveUp(Failure::provider_unavailable());
    let expired = |name| {
        vec![
            seen(name, IntentStatus::RequiresAction),
            PaymentEvent::ClosingBegun(Closing::Expired),
            seen(name, IntentStatus::Canceled),
        ]
    };
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
        ("expired", expired("expired"), "payment_already_closed"),
        ("failed", vec![gave_up], "payment_failed"),
    ];
    for (name, events, code) in cases {
        let payment = world.stored_after(name, events).await;
        let job = cancel(&payment, name);
        for _ in 0..2 {
            assert_eq!(refused(world.wish(&job).await), code, "{name}");
        }
        assert_eq!(world.now_is(&payment).await.version, payment.version, "{name}");
    }
    assert_eq!(
        (world.called(CANCELING).await, world.count(ACTIONS).await),
        (0, 4)
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_can_be_canceled() {
    let world = world().await;
    let job = world.job("k", request(Some("pm_card_chargeDeclined")));
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    let reply = world.wish(&cancel(&payment, "c")).await;
    assert_eq!(done(reply), PaymentStatus::Canceled);
    assert_eq!(world.at_provider(&payment).await, ("canceled".into(), 0));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_surely_has_no_intent_is_canceled_at_once_and_never_opened() {
    let world = world().await;
    let payment = world.never_opened("k").await;
    assert_eq!(
        done(world.wish(&cancel(&payment, "c")).await),
        PaymentStatus::Canceled
    );
    world.publish(&world.job("k", request(None))).await;
    let again = world.job("k2", request(None));
    world.publish(&again).await;
    world
        .wait_for(again.payment_id(), PaymentStatus::RequiresAction)
        .await;
    assert_eq!(world.now_is(&payment).await.status, PaymentStatus::Canceled);
    assert_eq!(world.calls().await, [OPENING]);
    world.close().await;
}

/// The answer to opening the intent is lost. The wish waits until the intent is known, and then closes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_wish_waits_while_the_intent_may_be_on_its_way() {
    let world = world().await;
    world.fault(OPENING, "hang_after", json!({ "times": 1 })).await;
    let job = world.job("k", request(None));
    world.publish(&job).await;
    world
        .wait_until(true, async || world.called(OPENING).await > 0)
        .await;
    let payment = world.store.payment(job.payment_id()).await.unwrap().unwrap();
    assert_eq!(
        done(world.wish(&cancel(&payment, "c")).await),
        PaymentStatus::Canceled
    );
    assert_eq!(world.at_provider(&payment).await, ("canceled".into(), 0));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_about_nothing_waits_and_is_parked() {
    let world = world().await;
    let payment = world.open("k").await;
    // Of another merchant, it is not there either.
    let stranger = world.another_merchant().await;
    let mut job = cancel(&payment, "c");
    job.0.merchant_id = stranger;
    assert_eq!(world.wish(&job).await, Some(PaymentActionReply::NoSuchPayment));
    assert_eq!(world.now_is(&payment).await, payment);
    let parked = world.parked("cancel_payment").await;
    assert_eq!(parked["properties"]["headers"]["error_class"], "too_early");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_stored_a_moment_later_is_found() {
    let world = world().await;
    let job = world.job("k", request(None));
    let expected = domain::payment::Payment {
        id: job.payment_id(),
        ..world.open("another").await
    };
    let wish = cancel(&expected, "c");
    let (reply, ()) = join(world.wish(&wish), async {
        let put_off = async || world.count("select count(*) from payment_actions").await;
        assert_eq!(put_off().await, 0);
        world.publish(&job).await;
    })
    .await;
    assert_eq!(done(reply), PaymentStatus::Canceled);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_of_the_other_kind_is_parked() {
    let world = world().await;
    let payment = world.open("k").await;
    let job = ConfirmPayment(cancel(&payment, "c").0);
    world.publish(&job).await;
    let parked = world.parked("confirm_payment").await;
    assert_eq!(parked["properties"]["headers"]["error_class"], "invalid");
    assert_eq!(world.now_is(&payment).await, payment);
    world.close().await;
}

/// What goes wrong once or twice, or for ever as long as the provider can be asked, costs tries and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn trouble_at_the_provider_is_settled_by_trying_and_asking() {
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
        world.fault(CANCELING, fault, more.clone()).await;
        let reply = world.wish(&cancel(&payment, &format!("c{number}"))).await;
        assert_eq!(done(reply), PaymentStatus::Canceled, "{fault} {more}");
        assert_eq!(world.at_provider(&payment).await.0, "canceled", "{fault} {more}");
        world.mend_provider().await;
    }
    let parked = "select count(*) from job_failures where disposition = 'dead_letter'";
    assert_eq!(world.count(parked).await, 0);
    world.close().await;
}

/// The provider says nothing at all: the wish is parked, nothing is kept, and the payment stays as it was, until somebody
/// tells: the provider's callback, or the same wish when the provider is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_leaves_the_payment_open_and_the_wish_parked() {
    let world = world().await;
    let closed = world.open("closed").await;
    let open = world.open("open").await;
    for (payment, fault, name) in [(&closed, "hang_after", "c1"), (&open, "hang_before", "c2")] {
        world.fault(EVERYTHING, fault, json!({})).await;
        world.publish(&cancel(payment, name)).await;
        world.parked("cancel_payment").await;
        world.mend_provider().await;
    }
    assert_eq!(world.count(ACTIONS).await, 0);
    let object = crate::process_callback::intent(&closed, "canceled");
    world
        .publish(&world.callback("evt_1", "payment_intent.canceled", &object))
        .await;
    world.wait_for(closed.id, PaymentStatus::Canceled).await;
    assert_eq!(world.now_is(&open).await.status, PaymentStatus::RequiresAction);
    assert_eq!(
        done(world.wish(&cancel(&open, "c2")).await),
        PaymentStatus::Canceled
    );
    world.close().await;
}

/// Nothing is captured of what is being closed, and PayPal closes nothing by itself: the note must not outlive the wish.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_payer_agrees_to_after_a_wish_was_given_up_is_captured() {
    let world = world().await;
    world.open_paypal().await;
    let payment = world.open_at_paypal("k").await;
    world.fault(SHOWING, "error", json!({ "status": 503 })).await;
    world.publish(&cancel(&payment, "c")).await;
    world.parked("cancel_payment").await;
    assert_eq!(world.now_is(&payment).await.closing, None);
    world.mend_provider().await;
    world.approve(&payment, json!({})).await;
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_wishes_at_once_cancel_once() {
    let world = world().await;
    for round in 0..20 {
        let payment = world.open(&format!("k{round}")).await;
        let (one, two) = (
            cancel(&payment, &format!("a{round}")),
            cancel(&payment, &format!("b{round}")),
        );
        let (one, two) = join(world.wish(&one), world.wish(&two)).await;
        assert_eq!(
            (done(one), done(two)),
            (PaymentStatus::Canceled, PaymentStatus::Canceled)
        );
        assert_eq!(world.told(&payment).await, ["payment.canceled"]);
    }
    assert_eq!(world.count(ACTIONS).await, 40);
    world.close().await;
}

/// The payer pays while the merchant cancels. Never both; whoever loses is told.
#[tokio::test(flavor = "multi_thread")]
async fn canceling_and_paying_at_once_never_do_both() {
    const ROUNDS: u64 = 60;
    let world = world().await;
    let round = async |round: u64| {
        let payment = world.open(&format!("k{round}")).await;
        let job = cancel(&payment, &format!("c{round}"));
        let pay = async {
            // Not to wait for anything, but to have the two meet at another place each time.
            tokio::time::sleep(Duration::from_micros(700 * (round % 20))).await;
            let is_paid = world.pay(&payment, json!({})).await;
            if is_paid {
                world.paid_callback(&payment, &format!("evt_{round}")).await;
            }
            is_paid
        };
        let (reply, is_paid) = join(world.wish(&job), pay).await;
        let (status, charges) = world.at_provider(&payment).await;
        if is_paid {
            assert_eq!((status.as_str(), charges), ("succeeded", 1), "round {round}");
            assert_eq!(refused(reply), "payment_already_paid", "round {round}");
            let paid = world.wait_for(payment.id, PaymentStatus::Succeeded).await;
            assert!(!paid.is_late, "round {round}");
            assert_eq!(world.told(&payment).await, ["payment.succeeded"], "round {round}");
        } else {
            assert_eq!((status.as_str(), charges), ("canceled", 0), "round {round}");
            assert_eq!(done(reply), PaymentStatus::Canceled, "round {round}");
            assert_eq!(world.told(&payment).await, ["payment.canceled"], "round {round}");
        }
        is_paid
    };
    let mut paid = 0;
    for first in (0..ROUNDS).step_by(6) {
        let rounds = join_all((first..first + 6).map(&round)).await;
        paid += rounds.into_iter().filter(|is_paid| *is_paid).count();
    }
    println!("{paid} of {ROUNDS} were paid");
    assert_eq!(
        world.count("select count(*) from ledger_transfers").await,
        paid as i64
    );
    world.close().await;
}
