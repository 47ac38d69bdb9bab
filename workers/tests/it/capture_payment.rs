//! Captures that PayPal declines, refuses or does not tell the end of: nobody is left without news, and no payment stays open
//! for ever.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    channel::Operation,
    job::{CapturePayment, QueryPayment},
    payment::{Payment, PaymentStatus},
};
use serde_json::{Value, json};

use crate::{
    paypal::{CAPTURING, ORDERING, SHOWING, paypal_request},
    support::{UNIT, World, now, world, world_with},
    wishing::{cancel, refused as why_refused},
};

/// Longer than payments live that say nothing about it.
const TWO_DAYS: TimeDelta = TimeDelta::days(2);
/// For how long a call may be at work, in units of the retry ladder.
const SETTLING_UNITS: u32 = 90;

/// A payment whose payer has approved it at PayPal, where this becomes of it.
async fn approved(world: &World, plan: Value) -> Payment {
    world.open_paypal().await;
    let payment = world.open_at_paypal("k").await;
    world.approve(&payment, plan).await;
    payment
}

/// The same, known to be approved; its capture was refused, and its job parked.
async fn refused(world: &World) -> Payment {
    let payment = approved(world, json!({})).await;
    world.fault(CAPTURING, "error", json!({ "status": 403 })).await;
    let query = QueryPayment {
        payment_id: payment.id,
        merchant_id: payment.merchant_id,
        query: 1,
    };
    world.publish(&query).await;
    world.parked("capture_payment").await;
    world.mend_provider().await;
    // Another question would have it captured.
    world.sweep_nothing().await;
    world.wait_for(payment.id, PaymentStatus::Processing).await
}

/// A payment whose first capture was declined; a second one works.
async fn declined(world: &World) -> Payment {
    let once = json!({ "capture": "instrument_declined", "times": 1 });
    let payment = approved(world, once).await;
    world.publish(&CapturePayment::from(&payment)).await;
    world.wait_for(payment.id, PaymentStatus::Failed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decline_is_told_though_the_order_cannot_be_shown() {
    let world = world().await;
    let payment = approved(&world, json!({ "capture": "instrument_declined" })).await;
    world.sweep_nothing().await;
    world.fault(SHOWING, "error", json!({ "status": 500 })).await;
    world.publish(&CapturePayment::from(&payment)).await;
    let declined = world.wait_for(payment.id, PaymentStatus::Failed).await;
    assert_eq!(declined.failure.unwrap().code, "INSTRUMENT_DECLINED");
    assert_eq!(world.told(&payment).await, ["payment.failed"]);
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_and_not_captured_in_time_expires() {
    let mut world = world().await;
    let payment = refused(&world).await;
    world.let_time_pass(TWO_DAYS).await;
    world.wait_for(payment.id, PaymentStatus::Expired).await;
    assert_eq!(world.told(&payment).await, ["payment.expired"]);
    assert_eq!(world.get("/sandbox/paypal/captures").await, json!([]));
    world.close().await;
}

/// An intent looks open until the capture that is under way arrives.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_closed_while_a_capture_may_be_at_work() {
    let mut world = world().await;
    let payment = refused(&world).await;
    world
        .note(
            &payment,
            "job_that_hangs",
            Operation::CaptureIntent,
            "started",
            -TWO_DAYS,
        )
        .await;
    let begun = now() + TWO_DAYS;
    world.let_time_pass(TWO_DAYS).await;
    let expired = world.wait_for(payment.id, PaymentStatus::Expired).await;
    let passed = (expired.updated_at - begun).to_std().unwrap();
    assert!(passed > UNIT * (SETTLING_UNITS - 1), "{passed:?}");
    world.close().await;
}

/// PayPal forgets an order that nobody captures after some hours.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_has_ended_is_closed_by_the_next_question() {
    let world = world().await;
    let payment = refused(&world).await;
    let gone = json!({ "status": 404, "code": "RESOURCE_NOT_FOUND" });
    world.fault(SHOWING, "error", gone).await;
    let query = QueryPayment {
        payment_id: payment.id,
        merchant_id: payment.merchant_id,
        query: 2,
    };
    world.publish(&query).await;
    world.wait_for(payment.id, PaymentStatus::Canceled).await;
    assert_eq!(world.told(&payment).await, ["payment.canceled"]);
    world.close().await;
}

/// PayPal shows the order approved after a decline as before it, so only its callback tells that the payer has agreed again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_declined_is_not_captured_again_unless_the_payer_has_agreed_again() {
    let world = world().await;
    let payment = declined(&world).await;
    let captured =
        "select count(*) from payment_records where operation = 'capture_intent' and outcome = 'started'";
    let asked = "select count(*) from payment_records where operation = 'retrieve_intent'";
    let before = (world.count(captured).await, world.count(asked).await);
    for query in 1..=3 {
        let query = QueryPayment {
            payment_id: payment.id,
            merchant_id: payment.merchant_id,
            query,
        };
        world.publish(&query).await;
    }
    world
        .wait_until(true, async || world.count(asked).await >= before.1 + 3)
        .await;
    assert_eq!(world.now_is(&payment).await.status, PaymentStatus::Failed);
    assert_eq!(world.count(captured).await, before.0);
    world.close().await;
}

/// The merchant cancels what was declined, while the money of a second approval is moving.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_captured_is_not_canceled() {
    let world = world().await;
    let payment = declined(&world).await;
    world.sweep_nothing().await;
    world.approve(&payment, json!({})).await;
    let slow = json!({ "delay_ms": 300, "times": 1 });
    world.fault(CAPTURING, "slow", slow).await;
    world.publish(&CapturePayment::from(&payment)).await;
    let begun =
        "select count(*) from payment_records where operation = 'capture_intent' and outcome = 'started'";
    world.wait_until(2, async || world.count(begun).await).await;
    let reply = world.wish(&cancel(&payment, "c")).await;
    assert_eq!(why_refused(reply), "payment_already_paid");
    assert!(!world.now_is(&payment).await.is_late);
    world.close().await;
}

/// A job that waits for a circuit to close writes nothing each time it looks.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_is_seen_before_a_capture_begins() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world_with(|config| config.channels.containment.open_for = Duration::from_secs(60)).await;
    let payment = approved(&world, json!({})).await;
    world.sweep_nothing().await;
    world.fault(ORDERING, "reset_before", json!({})).await;
    for number in 0..12 {
        world
            .publish(&world.job(&number.to_string(), paypal_request()))
            .await;
    }
    let is_open = async || world.ended("create_intent", "snooze") > 0;
    world.wait_until(true, is_open).await;
    world.publish(&CapturePayment::from(&payment)).await;
    let waits = async || world.ended("capture_payment", "snooze") > 0;
    world.wait_until(true, waits).await;
    let said = "select count(*) from payment_records where operation = 'capture_intent'";
    assert_eq!(world.count(said).await, 0);
    world.close().await;
}
