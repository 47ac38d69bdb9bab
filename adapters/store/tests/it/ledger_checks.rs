//! Checks of the ledger in regular intervals: one for each span of time, whoever begins it.

use chrono::TimeDelta;
use futures::future::join_all;
use store::LedgerCheck;

use crate::support::{at, world};

#[tokio::test]
async fn each_span_is_checked_once() {
    let world = world().await;
    let store = &world.store;
    let every = TimeDelta::seconds(60);
    let begun = join_all((0..8).map(|_| store.begin_ledger_check(at(0), every))).await;
    let begun: Vec<_> = begun.into_iter().filter_map(Result::unwrap).collect();
    let [begun] = begun[..] else {
        panic!("begun {} times", begun.len())
    };
    assert_eq!(store.last_ledger_check().await.unwrap(), None);
    let report = store.ledger_check().await.unwrap();
    store.finish_ledger_check(begun, &report, at(3)).await.unwrap();
    let last = LedgerCheck {
        begun_at: at(0),
        disagreements: 0,
    };
    assert_eq!(store.last_ledger_check().await.unwrap(), Some(last));

    assert_eq!(store.begin_ledger_check(at(59), every).await.unwrap(), None);
    assert!(store.begin_ledger_check(at(60), every).await.unwrap().is_some());
}

#[tokio::test]
async fn a_check_that_died_is_made_up_for_by_the_next() {
    let world = world().await;
    let store = &world.store;
    let every = TimeDelta::seconds(60);
    store.begin_ledger_check(at(0), every).await.unwrap().unwrap();
    assert_eq!(store.begin_ledger_check(at(10), every).await.unwrap(), None);
    let begun = store.begin_ledger_check(at(70), every).await.unwrap().unwrap();
    let report = store.ledger_check().await.unwrap();
    store.finish_ledger_check(begun, &report, at(71)).await.unwrap();
    let last = store.last_ledger_check().await.unwrap().unwrap();
    assert_eq!(last.begun_at, at(70));
}
