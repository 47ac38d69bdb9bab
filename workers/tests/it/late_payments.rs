//! Paid after it was closed: the success stands, and what the merchant has agreed to happens once, whoever notices.

use domain::{
    job::QueryPayment,
    merchant::{LatePayments, Terms},
    payment::{Payment, PaymentStatus},
};
use futures::future::{join, join_all};
use serde_json::json;

use crate::{
    support::{World, now, world},
    wishing::{cancel, done},
};

const REFUNDS: &str = "select count(*) from refunds where idempotency_key like 'late-payment:%'";
const TRANSFERS: &str = "select count(*) from ledger_transfers where kind = 'payment'";

async fn agree_on(world: &World, late_payments: LatePayments) {
    let terms = Terms {
        late_payments,
        ..Terms::default()
    };
    let agreed = world
        .store
        .set_terms(world.merchant_id, &terms, store::Doing::by("test", now()))
        .await;
    assert_eq!(agreed.unwrap(), Some(terms));
}

/// A payment that was canceled, and paid all the same.
async fn paid_late(world: &World, name: &str) -> Payment {
    let payment = world.open(name).await;
    let canceled = world.wish(&cancel(&payment, name)).await;
    assert_eq!(done(canceled), PaymentStatus::Canceled);
    assert!(world.pay(&payment, json!({ "even_if_closed": true })).await);
    payment
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_counts_where_that_was_agreed() {
    let world = world().await;
    let payment = paid_late(&world, "k").await;
    world.paid_callback(&payment, "evt_1").await;
    let paid = world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    assert!(paid.is_late);
    world
        .wait_until(true, async || {
            let told = world.deliveries().await;
            told.iter().any(|told| told["body"].to_string().contains("late"))
        })
        .await;
    assert_eq!(
        world.told(&payment).await,
        ["payment.canceled", "payment.succeeded"]
    );
    assert_eq!((world.count(TRANSFERS).await, world.count(REFUNDS).await), (1, 0));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_is_given_back_once_where_that_was_agreed() {
    let world = world().await;
    agree_on(&world, LatePayments::Refund).await;
    let payment = paid_late(&world, "k").await;
    let copies = ["evt_1", "evt_1", "evt_2"];
    join_all(copies.map(|event| world.paid_callback(&payment, event))).await;
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    let given_back = async || world.now_is(&payment).await.refunded_minor;
    world.wait_until(payment.money.amount_minor, given_back).await;
    assert_eq!((world.count(TRANSFERS).await, world.count(REFUNDS).await), (1, 1));
    world.close().await;
}

/// The callback and queries tell it at the same time, many times over.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_is_given_back_once_whoever_notices() {
    const PAYMENTS: i64 = 20;
    let world = world().await;
    agree_on(&world, LatePayments::Refund).await;
    let tell = async |number: i64| {
        let payment = paid_late(&world, &format!("k{number}")).await;
        let query = QueryPayment {
            payment_id: payment.id,
            merchant_id: payment.merchant_id,
            query: 1,
        };
        let event = format!("evt_{number}");
        let queries = join_all((0..2).map(|_| world.publish(&query)));
        join(world.paid_callback(&payment, &event), queries).await;
        let paid = world.wait_for(payment.id, PaymentStatus::Succeeded).await;
        assert!(paid.is_late);
        assert_eq!(
            world
                .told(&payment)
                .await
                .iter()
                .filter(|told| *told == "payment.succeeded")
                .count(),
            1
        );
    };
    for first in (0..PAYMENTS).step_by(5) {
        join_all((first..first + 5).map(&tell)).await;
    }
    let given_back = "select count(*) from payments where refunded_minor = amount_minor";
    world
        .wait_until(PAYMENTS, async || world.count(given_back).await)
        .await;
    let counts = (world.count(TRANSFERS).await, world.count(REFUNDS).await);
    assert_eq!(counts, (PAYMENTS, PAYMENTS));
    let refunds = world
        .get(&format!("/sandbox/stripe/refunds?account={}", world.account))
        .await;
    assert_eq!(crate::support::list(refunds).len() as i64, PAYMENTS);
    world.close().await;
}

/// The provider takes no calls for longer than the job is tried. Nobody else may ask for this refund.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_is_given_back_when_its_provider_is_there_again() {
    let world = world().await;
    agree_on(&world, LatePayments::Refund).await;
    let payment = paid_late(&world, "k").await;
    world.fault("POST /v1/refunds", "reset_before", json!({})).await;
    world.paid_callback(&payment, "evt_1").await;
    let in_review = "select count(*) from refunds where status = 'needs_review'";
    world.wait_until(1, async || world.count(in_review).await).await;
    assert_eq!(
        world.now_is(&payment).await.refund_reserved_minor,
        payment.money.amount_minor
    );
    world.mend_provider().await;
    let given_back = async || world.now_is(&payment).await.refunded_minor;
    world.wait_until(payment.money.amount_minor, given_back).await;
    assert_eq!((world.count(TRANSFERS).await, world.count(REFUNDS).await), (1, 1));
    world.close().await;
}

/// The callback is lost, and only somebody who asks about the closed payment learns of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_about_a_closed_payment_finds_that_it_was_paid() {
    let world = world().await;
    let payment = paid_late(&world, "k").await;
    let query = QueryPayment {
        payment_id: payment.id,
        merchant_id: payment.merchant_id,
        query: 1,
    };
    world.publish(&query).await;
    assert!(world.wait_for(payment.id, PaymentStatus::Succeeded).await.is_late);
    world.close().await;
}
