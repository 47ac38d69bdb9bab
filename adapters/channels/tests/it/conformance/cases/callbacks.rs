//! What the provider sends by itself, as the double really sends it.

use std::time::Duration;

use channels::CallbackRefused;
use chrono::TimeDelta;
use domain::{
    callback::CallbackEvent,
    channel::IntentStatus,
    clock::{Clock, SystemClock},
};

use crate::conformance::{
    acts::Acts,
    bench::{Bench, Forgery},
};

/// Longer than the time that any provider goes on sending what was not taken.
const DAYS: Duration = Duration::from_secs(5 * 24 * 60 * 60);
/// How far ahead of ours a provider's clock may be.
const AHEAD: Duration = Duration::from_secs(300);
/// How far the moment of signing may lie before that of looking, on a loaded machine.
const SLACK: Duration = Duration::from_secs(30);

pub async fn a_payment_is_told<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let told = bench.told_of_payment(&paid).await;
    assert!(!told.head.event_id.is_empty() && !told.head.event_type.is_empty());
    let CallbackEvent::Intent { intent, change } = told.event else {
        panic!("{:?}", told.event)
    };
    assert_eq!(change, IntentStatus::Succeeded);
    assert_eq!(intent.id, paid.intent.id);
    assert_eq!(
        (intent.money, intent.received_minor),
        (paid.new.money, paid.new.money.amount_minor)
    );
}

pub async fn a_callback_that_comes_twice_has_one_id<B: Bench>() {
    let bench = B::start().await;
    bench.callbacks_repeat(2).await;
    let paid = bench.paid().await;
    let told = bench.told_of_agreement(&paid).await;
    let mut copies = 0;
    let mut place = 0;
    while copies < 2 {
        let came = bench.read(bench.listener().at(place).await).await;
        if came.head.event_id == told.head.event_id {
            assert_eq!(came.head, told.head);
            assert_eq!(came.event, told.event);
            copies += 1;
        }
        place += 1;
    }
}

pub async fn callbacks_of_two_payments_have_two_ids<B: Bench>() {
    let bench = B::start().await;
    let (one, other) = (bench.paid().await, bench.paid().await);
    let one = bench.told_of_agreement(&one).await;
    let other = bench.told_of_agreement(&other).await;
    assert_ne!(one.head.event_id, other.head.event_id);
}

pub async fn a_callback_gets_stale_where_the_provider_says_when<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let told = bench.told_of_agreement(&paid).await;
    let after = |age: Duration| SystemClock.now() + TimeDelta::from_std(age).unwrap();
    let verified_after = async |age| bench.verify(&told.raw, after(age)).await;
    assert!(verified_after(B::STALE_AFTER - SLACK).await.is_ok());
    for age in [B::STALE_AFTER + SLACK, DAYS] {
        let refused = verified_after(age).await;
        assert!(
            matches!(refused, Err(CallbackRefused::Signature(_))),
            "{refused:?}"
        );
    }
    let from_the_future = Forgery::SignedAt(after(AHEAD + SLACK));
    let forged = bench.forged(&told.raw, &from_the_future).await;
    let refused = bench.verify(&forged, SystemClock.now()).await;
    assert!(
        matches!(refused, Err(CallbackRefused::Signature(_))),
        "{refused:?}"
    );
}
