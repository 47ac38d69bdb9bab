//! Expiry: what was not paid in time is closed at the provider first, and never what is paid.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    clock::SystemClock,
    job::{Envelope, ExpirePayment},
    payment::{Closing, PaymentStatus},
    trace::TraceParent,
};
use futures::future::{join, join_all};
use serde_json::json;

use crate::{
    support::{Ahead, now, request, world},
    wishing::{CANCELING, EVERYTHING, cancel},
};

const OPENING: &str = "POST /v1/payment_intents";
/// Longer than payments live that say nothing about it.
const TWO_DAYS: TimeDelta = TimeDelta::days(2);
const CLOSINGS: &str = "select max(closings)::bigint from payments";
const PARKED: &str = "select count(*) from job_failures where disposition = 'dead_letter'";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_paid_in_time_is_closed_at_the_provider_and_then_here() {
    let mut world = world().await;
    let open = world.open("open").await;
    let declined = world.job("declined", request(Some("pm_card_chargeDeclined")));
    world.publish(&declined).await;
    let declined = world.wait_for(declined.payment_id(), PaymentStatus::Failed).await;
    let mut patient = world.job("patient", request(None));
    patient.request.expires_in_s = Some(3 * 86_400);
    world.publish(&patient).await;
    let patient = world
        .wait_for(patient.payment_id(), PaymentStatus::RequiresAction)
        .await;

    world.let_time_pass(TWO_DAYS).await;
    for payment in [&open, &declined] {
        let expired = world.wait_for(payment.id, PaymentStatus::Expired).await;
        assert_eq!(expired.closing, Some(Closing::Expired));
        assert_eq!(world.at_provider(payment).await, ("canceled".into(), 0));
    }
    assert_eq!(world.told(&open).await, ["payment.expired"]);
    assert_eq!(world.told(&declined).await, ["payment.expired", "payment.failed"]);
    assert_eq!(world.now_is(&patient).await.status, PaymentStatus::RequiresAction);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_shows_paid_was_paid_in_time() {
    let mut world = world().await;
    let payment = world.open("k").await;
    world.stop_workers().await;
    assert!(world.pay(&payment, json!({})).await);
    world.start_workers(Ahead(TWO_DAYS)).await;
    let paid = world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    assert!(!paid.is_late);
    assert_eq!(world.told(&payment).await, ["payment.succeeded"]);
    world.close().await;
}

/// The bank is at work: the payment cannot be closed, and counts when the bank is done.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_works_on_stays_and_may_still_be_paid() {
    let mut world = world().await;
    let payment = world.open("k").await;
    let bank = json!({ "payment_method": "pm_usBankAccount_processing" });
    assert!(world.pay(&payment, bank).await);
    world.let_time_pass(TWO_DAYS).await;
    world.wait_for(payment.id, PaymentStatus::Processing).await;
    let intent = payment.intent_id.as_deref().unwrap();
    world
        .post(
            &format!("/sandbox/stripe/intents/{intent}/settle"),
            json!({ "paid": true }),
        )
        .await;
    let paid = world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    assert!(!paid.is_late);
    assert_eq!(world.told(&payment).await, ["payment.succeeded"]);
    world.close().await;
}

/// A provider that does not answer is asked again, and again; nothing is parked, and nothing is believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_asked_again_to_close() {
    let mut world = world().await;
    let payment = world.open("k").await;
    world.fault(EVERYTHING, "error", json!({ "status": 503 })).await;
    world.let_time_pass(TWO_DAYS).await;
    world
        .wait_until(true, async || world.count(CLOSINGS).await >= 2)
        .await;
    let noted = async || {
        let open = world.now_is(&payment).await;
        (open.status, open.closing)
    };
    world
        .wait_until((PaymentStatus::RequiresAction, Some(Closing::Expired)), noted)
        .await;
    world.mend_provider().await;
    world.wait_for(payment.id, PaymentStatus::Expired).await;
    assert_eq!(world.count(PARKED).await, 0);
    world.close().await;
}

/// The answer is lost each time, but the intent is closed: the provider is asked, and tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_settled_by_asking() {
    let mut world = world().await;
    let payment = world.open("k").await;
    world
        .fault(CANCELING, "error_after", json!({ "status": 500 }))
        .await;
    world.let_time_pass(TWO_DAYS).await;
    world.wait_for(payment.id, PaymentStatus::Expired).await;
    assert_eq!(world.told(&payment).await, ["payment.expired"]);
    world.close().await;
}

/// What the merchant wanted counts more than what the clock says: a wish that was given up is not forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_to_be_canceled_is_canceled_when_its_time_is_over() {
    let mut world = world().await;
    let payment = world.open("k").await;
    world.fault(EVERYTHING, "error", json!({ "status": 503 })).await;
    world.publish(&cancel(&payment, "c")).await;
    world.parked("cancel_payment").await;
    world.mend_provider().await;
    world.let_time_pass(TWO_DAYS).await;
    world.wait_for(payment.id, PaymentStatus::Canceled).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_comes_too_early_or_again_does_nothing() {
    let world = world().await;
    let payment = world.open("k").await;
    let job = ExpirePayment {
        payment_id: payment.id,
        merchant_id: payment.merchant_id,
        closing: 1,
    };
    world.publish(&job).await;
    let unknown = ExpirePayment {
        payment_id: world.job("unknown", request(None)).payment_id(),
        ..job
    };
    world.publish(&unknown).await;
    world.parked("expire_payment").await;
    assert_eq!(world.now_is(&payment).await, payment);
    assert_eq!(world.called(CANCELING).await, 0);
    world.close().await;
}

/// Three processes sweep at the same time; each payment is claimed by one of them and closed once.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_closed_once_however_many_sweep() {
    const PAYMENTS: i64 = 30;
    let mut world = world().await;
    let names: Vec<String> = (0..PAYMENTS).map(|number| number.to_string()).collect();
    join_all(names.iter().map(|name| world.open(name))).await;
    world.stop_workers().await;
    for _ in 0..3 {
        world.start_workers(Ahead(TWO_DAYS)).await;
    }
    let expired = "select count(*) from payments where status = 'expired'";
    world
        .wait_until(PAYMENTS, async || world.count(expired).await)
        .await;
    let told = "select count(*) from notifications where event_type = 'payment.expired'";
    assert_eq!(world.count(told).await, PAYMENTS);
    let calls = "select count(*) from payment_records where operation = 'cancel_intent'";
    let jobs = "select count(distinct job_id) from payment_records where operation = 'cancel_intent'";
    assert_eq!(world.count(calls).await, world.count(jobs).await);
    world.close().await;
}

/// The payer pays while the payment expires: never both.
#[tokio::test(flavor = "multi_thread")]
async fn expiring_and_paying_at_once_never_do_both() {
    const ROUNDS: u64 = 60;
    let mut world = world().await;
    let names: Vec<String> = (0..ROUNDS).map(|number| format!("k{number}")).collect();
    let payments = join_all(names.iter().map(|name| world.open(name))).await;
    let due = payments.iter().map(|payment| ExpirePayment {
        payment_id: payment.id,
        merchant_id: payment.merchant_id,
        closing: 1_000,
    });
    let due: Vec<ExpirePayment> = due.collect();
    world.let_time_pass(TWO_DAYS).await;
    let round = async |round: usize| {
        let payment = &payments[round];
        let pay = async {
            // Not to wait for anything, but to have the two meet at another place each time.
            tokio::time::sleep(Duration::from_micros(700 * (round as u64 % 20))).await;
            let is_paid = world.pay(payment, json!({})).await;
            if is_paid {
                world.paid_callback(payment, &format!("evt_{round}")).await;
            }
            is_paid
        };
        let (is_paid, ()) = join(pay, world.publish(&due[round])).await;
        let end = if is_paid {
            PaymentStatus::Succeeded
        } else {
            PaymentStatus::Expired
        };
        let ended = world.wait_for(payment.id, end).await;
        assert!(!ended.is_late, "round {round}");
        let expected = if is_paid {
            ("succeeded".to_owned(), 1)
        } else {
            ("canceled".to_owned(), 0)
        };
        assert_eq!(world.at_provider(payment).await, expected, "round {round}");
        let told = if is_paid {
            "payment.succeeded"
        } else {
            "payment.expired"
        };
        assert_eq!(world.told(payment).await, [told], "round {round}");
        is_paid
    };
    let rounds = join_all((0..payments.len()).map(round)).await;
    let paid = rounds.into_iter().filter(|is_paid| *is_paid).count();
    println!("{paid} of {ROUNDS} were paid");
    assert_eq!(
        world
            .count("select count(*) from ledger_transfers where kind = 'payment'")
            .await,
        paid as i64
    );
    world.close().await;
}

/// A request that lay in a queue for longer than the payment may live is not carried out any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_expired_in_the_queue_is_never_opened() {
    let world = world().await;
    let job = world.job("k", request(Some("pm_card_visa")));
    let late = Envelope::new(&job, TraceParent::root(), now() - TWO_DAYS);
    for _ in 0..2 {
        world.publish_envelope(&late).await;
        let expired = world.wait_for(job.payment_id(), PaymentStatus::Expired).await;
        assert_eq!(expired.intent_id, None);
    }
    let payment = world.store.payment(job.payment_id()).await.unwrap().unwrap();
    assert_eq!(world.store.open_call(&payment).await.unwrap(), None);
    assert_eq!(world.told(&payment).await, ["payment.expired"]);
    assert_eq!(world.called(OPENING).await, 0);
    world.close().await;
}

/// It was stored in time, and then nobody worked for two days. What had been called for is asked about first.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_expired_before_it_was_opened_is_asked_about_if_need_be() {
    let mut world = world().await;
    world.stop_workers().await;
    let called_for = world.stored("called-for").await;
    let opened = world.stored("opened").await;
    world.open_at_provider(&opened, 1999).await;
    let untouched = world.never_opened("untouched").await;
    world.sweep_nothing().await;
    world.start_workers(Ahead(TWO_DAYS)).await;
    for payment in [&called_for, &opened, &untouched] {
        world
            .publish(&world.job(payment.idempotency_key.as_str(), request(None)))
            .await;
        world.wait_for(payment.id, PaymentStatus::Expired).await;
        assert_eq!(world.told(payment).await, ["payment.expired"]);
    }
    assert_eq!(world.called("GET /v1/payment_intents").await, 2);
    assert_eq!(world.at_provider(&opened).await, ("canceled".into(), 0));
    // The one call was the test's own.
    assert_eq!(world.called(OPENING).await, 1);
    world.start_workers(SystemClock).await;
    world.close().await;
}
