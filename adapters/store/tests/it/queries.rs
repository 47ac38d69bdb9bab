//! The query schedule: due payments are claimed once, whoever claims, and come again after growing pauses.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    id::PaymentId,
    job::{Envelope, QueryPayment},
    payment::{Payment, PaymentEvent},
    query_schedule::QuerySchedule,
    trace::TraceParent,
};
use futures::future::join_all;
use store::QueryBatch;

use crate::support::{World, at, world};

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
