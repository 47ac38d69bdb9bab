//! The query schedule: due payments are claimed once, whoever claims, and come again after growing pauses.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{ChannelRefundStatus, IntentStatus},
    id::{PaymentId, RefundId},
    job::{Envelope, QueryPayment},
    payment::{Failure, Payment, PaymentEvent, PaymentStatus},
    query_schedule::QuerySchedule,
    refund::RefundEvent,
    trace::TraceParent,
};
use futures::future::join_all;
use store::{QueryBatch, Record, Verdict};

use crate::support::{World, at, seen, world};

fn schedule(first: u64, pauses: [u64; 2]) -> QuerySchedule {
    QuerySchedule {
        first: Duration::from_secs(first),
        pauses: pauses.map(Duration::from_secs).into(),
    }
}

async fn claim(world: &World, now: DateTime<Utc>) -> QueryBatch {
    let (review, waiting) = (schedule(0, [10, 30]), schedule(20, [100, 300]));
    world
        .store
        .claim_queries(now, &review, &waiting, 64)
        .await
        .unwrap()
}

async fn in_review(world: &World, name: &str) -> Payment {
    let mut payment = world
        .stored(name)
        .await
        .apply(PaymentEvent::LostSight)
        .unwrap()
        .payment;
    payment.updated_at = at(100);
    world.change(&payment).await;
    payment
}

/// Takes up what is due, and gives the queries made.
async fn sweep(world: &World, now: DateTime<Utc>) -> Vec<QueryPayment> {
    let batch = claim(world, now).await;
    let queries = batch.queries.clone();
    let jobs: Vec<Envelope> = queries
        .iter()
        .map(|query| Envelope::new(query, TraceParent::root(), now))
        .collect();
    batch.finish(&jobs).await.unwrap();
    queries
}

#[tokio::test]
async fn pauses_grow_and_the_last_one_stays() {
    let world = world().await;
    let payment = in_review(&world, "k").await;
    world.stored("pending").await;
    assert!(sweep(&world, at(99)).await.is_empty());
    for (query, second) in (1..).zip([100, 110, 140, 170]) {
        let due = QueryPayment {
            payment_id: payment.id,
            merchant_id: world.merchant_id,
            query,
        };
        let early = at(second) - TimeDelta::milliseconds(1);
        assert!(sweep(&world, early).await.is_empty(), "{query}");
        assert_eq!(sweep(&world, at(second)).await, [due]);
        assert!(sweep(&world, at(second)).await.is_empty(), "{query}");
    }
    assert_eq!(world.store.outbox_backlog().await.unwrap().0, 4);
    assert_eq!(world.store.in_review().await.unwrap(), (1, Some(at(100))));
}

/// What merely waits is asked about later and less often, and a change starts its wait anew.
#[tokio::test]
async fn what_waits_has_a_schedule_of_its_own_and_a_change_begins_it_again() {
    let world = world().await;
    let open = seen(world.stored("k").await, IntentStatus::RequiresAction).payment;
    let open = Payment {
        updated_at: at(100),
        ..open
    };
    world.change(&open).await;
    let query = |query| QueryPayment {
        payment_id: open.id,
        merchant_id: world.merchant_id,
        query,
    };
    assert!(sweep(&world, at(119)).await.is_empty());
    assert_eq!(sweep(&world, at(120)).await, [query(1)]);
    // A change that is none of the status leaves the schedule as it is.
    let stored = world.store.payment(open.id).await.unwrap().unwrap();
    world
        .change(&Payment {
            disputed_minor: 1,
            ..stored
        })
        .await;
    assert!(sweep(&world, at(219)).await.is_empty());
    assert_eq!(sweep(&world, at(220)).await, [query(2)]);
    let stored = world.store.payment(open.id).await.unwrap().unwrap();
    let at_work = Payment {
        updated_at: at(230),
        ..seen(stored, IntentStatus::Processing).payment
    };
    world.change(&at_work).await;
    assert!(sweep(&world, at(249)).await.is_empty());
    assert_eq!(sweep(&world, at(250)).await, [query(3)]);
    let stored = world.store.payment(open.id).await.unwrap().unwrap();
    world.change(&seen(stored, IntentStatus::Succeeded).payment).await;
    assert!(sweep(&world, at(9_999)).await.is_empty());
}

/// Its payer may pay after all; one that was never opened cannot be paid.
#[tokio::test]
async fn what_was_declined_is_asked_about_while_its_intent_is_open() {
    let world = world().await;
    let declined = IntentStatus::Declined(Failure::provider_unavailable());
    let declined = seen(world.stored("declined").await, declined).payment;
    let gave_up = PaymentEvent::GaveUp(Failure::provider_unavailable());
    let never_opened = world.stored("never-opened").await.apply(gave_up).unwrap().payment;
    for payment in [&declined, &never_opened] {
        assert_eq!(payment.status, PaymentStatus::Failed);
        let updated_at = at(100);
        world
            .change(&Payment {
                updated_at,
                ..payment.clone()
            })
            .await;
    }
    assert!(sweep(&world, at(119)).await.is_empty());
    let asked: Vec<_> = sweep(&world, at(120))
        .await
        .iter()
        .map(|query| query.payment_id)
        .collect();
    assert_eq!(asked, [declined.id]);
}

#[tokio::test]
async fn refunds_are_asked_about_as_payments_are() {
    let world = world().await;
    let payment = world.paid("k").await;
    let (lost, payment) = world.refunding(&payment, "lost", 100).await;
    let (waiting, payment) = world.refunding(&payment, "waiting", 100).await;
    let (pending, payment) = world.refunding(&payment, "pending", 100).await;
    let applied = lost.apply(payment.clone(), RefundEvent::LostSight).unwrap();
    let lost = applied.refund;
    let record = Record {
        refund: Some(lost.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    let (waiting, _) = world
        .refund_seen(waiting, payment, ChannelRefundStatus::Processing)
        .await;
    let asked = |batch: &QueryBatch| -> Vec<(RefundId, u32)> {
        let queries = batch.refund_queries.iter();
        queries.map(|query| (query.refund_id, query.query)).collect()
    };
    // All were stored at 20 and have not changed since by their own clock.
    for (second, due) in [
        (19, vec![]),
        (20, vec![(lost.id, 1)]),
        (30, vec![(lost.id, 2)]),
        (40, vec![(waiting.id, 1)]),
        (60, vec![(lost.id, 3)]),
    ] {
        let batch = claim(&world, at(second)).await;
        assert_eq!(asked(&batch), due, "{second}");
        assert!(asked(&batch).iter().all(|(id, _)| *id != pending.id));
        batch.finish(&[]).await.unwrap();
    }
    let (payment, refund) = (
        lost.payment_id,
        world.store.refund(waiting.id).await.unwrap().unwrap(),
    );
    let payment = world.store.payment(payment).await.unwrap().unwrap();
    world
        .refund_seen(refund, payment, ChannelRefundStatus::Succeeded)
        .await;
    assert_eq!(asked(&claim(&world, at(9_999)).await), [(lost.id, 4)]);
}

/// However many wait in review, those that wait for the payer have their turn too.
#[tokio::test]
async fn a_crowd_in_review_keeps_out_nobody_else() {
    let world = world().await;
    let names: Vec<String> = (0..70).map(|number| number.to_string()).collect();
    join_all(names.iter().map(|name| in_review(&world, name))).await;
    let open = seen(world.stored("open").await, IntentStatus::RequiresAction).payment;
    world.change(&open).await;
    let queries = sweep(&world, at(200)).await;
    assert_eq!(queries.len(), 64 + 1);
    assert!(queries.iter().any(|query| query.payment_id == open.id));
}

#[tokio::test]
async fn a_claim_that_is_dropped_was_never_made() {
    let world = world().await;
    in_review(&world, "k").await;
    let dropped = claim(&world, at(100)).await;
    assert_eq!(dropped.queries.len(), 1);
    // While it is held, it is passed over and not waited for.
    assert!(sweep(&world, at(100)).await.is_empty());
    drop(dropped);
    let again = loop {
        let queries = sweep(&world, at(100)).await;
        if !queries.is_empty() {
            break queries;
        }
    };
    assert_eq!(again[0].query, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sweepers_at_once_take_up_each_payment_once() {
    let world = world().await;
    let names: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    join_all(names.iter().map(|name| in_review(&world, name))).await;
    let mut taken: Vec<PaymentId> = Vec::new();
    while taken.len() < 300 {
        let swept = join_all((0..8).map(|_| sweep(&world, at(200)))).await;
        taken.extend(swept.into_iter().flatten().map(|query| query.payment_id));
    }
    let once: HashSet<&PaymentId> = taken.iter().collect();
    assert_eq!((taken.len(), once.len()), (300, 300));
    assert_eq!(world.store.outbox_backlog().await.unwrap().0, 300);
}
