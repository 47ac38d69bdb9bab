//! Expiry: what was not paid in time is claimed once, and again after growing pauses.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{Channel, IntentStatus},
    job::{Envelope, ExpirePayment},
    payment::{Failure, PaymentEvent},
    trace::TraceParent,
};
use futures::future::join_all;

use crate::support::{World, at, seen, world};

const PAUSES: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(30)];
/// A day after the payments of these tests were made.
const DUE: i64 = 86_401;

async fn sweep(world: &World, now: DateTime<Utc>) -> Vec<ExpirePayment> {
    sweep_capturing(world, now, &[]).await
}

/// The same where the money of these channels moves by our capture.
async fn sweep_capturing(world: &World, now: DateTime<Utc>, capturing: &[Channel]) -> Vec<ExpirePayment> {
    let claimed = world.store.claim_expiries(now, &PAUSES, capturing, 64);
    let batch = claimed.await.unwrap();
    let expiries = batch.expiries.clone();
    let jobs: Vec<Envelope> = expiries
        .iter()
        .map(|expiry| Envelope::new(expiry, TraceParent::root(), now))
        .collect();
    batch.finish(&jobs).await.unwrap();
    expiries
}

async fn opened(world: &World, key: &str, status: IntentStatus) -> ExpirePayment {
    let payment = seen(world.stored(key).await, status).payment;
    world.change(&payment).await;
    ExpirePayment {
        payment_id: payment.id,
        merchant_id: world.merchant_id,
        closing: 1,
    }
}

#[tokio::test]
async fn what_is_open_is_due_at_its_time_and_again_until_it_is_closed() {
    let world = world().await;
    let first = opened(&world, "k", IntentStatus::RequiresAction).await;
    for (closing, second) in (1..).zip([DUE, DUE + 10, DUE + 40, DUE + 70]) {
        let early = at(second) - TimeDelta::milliseconds(1);
        assert!(sweep(&world, early).await.is_empty(), "{closing}");
        assert_eq!(
            sweep(&world, at(second)).await,
            [ExpirePayment { closing, ..first }]
        );
        assert!(sweep(&world, at(second)).await.is_empty(), "{closing}");
    }
    assert_eq!(world.store.outbox_backlog().await.unwrap().0, 4);
}

#[tokio::test]
async fn only_an_intent_that_can_be_closed_is_due() {
    let world = world().await;
    let declined = IntentStatus::Declined(Failure::provider_unavailable());
    let mut due = vec![
        opened(&world, "open", IntentStatus::RequiresAction).await,
        opened(&world, "declined", declined).await,
    ];
    opened(&world, "at-work", IntentStatus::Processing).await;
    opened(&world, "closed", IntentStatus::Canceled).await;
    world.paid("paid").await;
    world.stored("pending").await;
    for (key, event) in [
        ("in-review", PaymentEvent::LostSight),
        (
            "without-intent",
            PaymentEvent::GaveUp(Failure::provider_unavailable()),
        ),
    ] {
        let payment = world.stored(key).await.apply(event).unwrap().payment;
        world.change(&payment).await;
    }
    let mut swept = sweep(&world, at(10 * DUE)).await;
    due.sort_by_key(|expiry| expiry.payment_id);
    swept.sort_by_key(|expiry| expiry.payment_id);
    assert_eq!(swept, due);
}

#[tokio::test]
async fn what_was_agreed_to_is_due_where_we_capture() {
    let world = world().await;
    let agreed = opened(&world, "agreed", IntentStatus::Approved).await;
    assert!(sweep_capturing(&world, at(DUE), &[]).await.is_empty());
    assert!(
        sweep_capturing(&world, at(DUE), &[Channel::Paypal])
            .await
            .is_empty()
    );
    let capturing = [Channel::Paypal, Channel::Stripe];
    assert!(sweep_capturing(&world, at(DUE - 1), &capturing).await.is_empty());
    assert_eq!(sweep_capturing(&world, at(DUE), &capturing).await, [agreed]);
    assert!(sweep_capturing(&world, at(DUE), &capturing).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sweepers_at_once_take_up_each_payment_once() {
    let world = world().await;
    let keys: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    join_all(
        keys.iter()
            .map(|key| opened(&world, key, IntentStatus::RequiresAction)),
    )
    .await;
    let mut taken = Vec::new();
    while taken.len() < 200 {
        let swept = join_all((0..8).map(|_| sweep(&world, at(DUE)))).await;
        taken.extend(swept.into_iter().flatten());
    }
    taken.sort_by_key(|expiry| expiry.payment_id);
    taken.dedup();
    assert_eq!(taken.len(), 200);
    assert_eq!(world.store.outbox_backlog().await.unwrap().0, 200);
}

#[tokio::test]
async fn a_claim_that_is_dropped_was_never_made() {
    let world = world().await;
    let expiry = opened(&world, "k", IntentStatus::RequiresAction).await;
    let dropped = world
        .store
        .claim_expiries(at(DUE), &PAUSES, &[], 64)
        .await
        .unwrap();
    assert_eq!(dropped.expiries, [expiry]);
    assert!(sweep(&world, at(DUE)).await.is_empty());
    drop(dropped);
    let again = loop {
        let swept = sweep(&world, at(DUE)).await;
        if !swept.is_empty() {
            break swept;
        }
    };
    assert_eq!(again, [expiry]);
}
