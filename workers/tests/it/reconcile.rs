//! `reconcile`: a day of ten thousand payments with one difference of every class, and what must not be one.

mod day;

use std::time::Instant;

use chrono::TimeDelta;
use domain::{
    channel::Channel,
    job::Reconcile,
    reconciliation::DifferenceClass::{self, Amount, Currency, Duplicate, Fee, MissingHere, MissingThere, State},
};
use serde_json::json;
use store::{DifferenceFilter, RecordedDifference, Resolved, RunEnding};

use self::day::{Day, Fate, PAYMENTS};
use crate::support::{World, now, world};

const FEES: &str = "select count(*) from ledger_transfers where kind = 'fee'";
const PARKED: &str = "select count(*) from job_failures";

/// What is found, where: the class, the line, and the object when there is no line.
type Found = (DifferenceClass, Option<String>, Option<String>);

fn found(recorded: &RecordedDifference) -> Found {
    let difference = &recorded.difference;
    let object_id = difference.object_id.clone().filter(|_| difference.entry_id.is_none());
    (difference.class, difference.entry_id.clone(), object_id)
}

async fn begin(world: &World, day: &Day) -> Reconcile {
    let begun = world
        .store
        .begin_reconciliation(world.merchant_id, Channel::Stripe, day.date, "ada", now());
    begun.await.unwrap()
}

/// Waits for the end of a run.
async fn ended(world: &World, job: &Reconcile) -> RunEnding {
    let ending = async || {
        let run = world.store.reconciliation(job.reconciliation_id()).await.unwrap();
        run.and_then(|run| run.ending)
    };
    let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(90);
    loop {
        if let Some(ending) = ending().await {
            return ending;
        }
        assert!(tokio::time::Instant::now() < patience, "the comparison did not end");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn differences(world: &World, job: Option<&Reconcile>, open: bool) -> Vec<RecordedDifference> {
    let filter = DifferenceFilter {
        merchant_id: None,
        reconciliation_id: job.map(Reconcile::reconciliation_id),
        open,
        limit: 1_000,
    };
    world.store.differences(&filter).await.unwrap()
}

fn sorted(mut found: Vec<Found>) -> Vec<Found> {
    found.sort();
    found
}

#[tokio::test]
async fn a_day_of_ten_thousand_payments_gives_what_was_injected_and_nothing_else() {
    let started = Instant::now();
    let world = world().await;
    let mut day = Day::at(&world).await;
    day.pay_all().await;
    println!("paid there after {:?}", started.elapsed());
    let expected = inject(&mut day).await;
    day.backdate_all().await;
    day.record_all().await;
    println!("recorded here after {:?}", started.elapsed());

    // Two at once: each finds everything, and no fee is posted twice.
    let (first, second) = (begin(&world, &day).await, begin(&world, &day).await);
    assert_eq!((first.number, second.number), (1, 2));
    for job in [first, second] {
        let ending = ended(&world, &job).await;
        let seen = differences(&world, Some(&job), false).await;
        let seen = sorted(seen.iter().map(found).collect());
        assert_eq!(seen, expected);
        assert!(ending.matched > 9_000 && ending.entries > ending.matched, "{ending:?}");
    }
    println!("compared twice after {:?}", started.elapsed());
    assert_eq!(world.count(FEES).await, day.fees_of_the_day(4));
    assert_eq!(world.count(PARKED).await, 0);
    let open = differences(&world, None, true).await;
    assert_eq!(open.len(), expected.len(), "those of one run are open");

    // The same message again changes nothing.
    let before = world.dump(&["outbox"]).await;
    world.publish(&first).await;
    let third = begin(&world, &day).await;
    assert_eq!(third.number, 3);
    ended(&world, &third).await;
    let after = world.dump(&["outbox"]).await;
    assert_eq!(after["ledger_transfers"], before["ledger_transfers"]);
    assert_eq!(differences(&world, Some(&first), false).await.len(), expected.len());
    assert_eq!(differences(&world, None, true).await.len(), expected.len());

    a_word_on_a_difference_holds_for_later_runs(&world, &day).await;
    println!("done after {:?}", started.elapsed());
    world.close().await;
}

async fn a_word_on_a_difference_holds_for_later_runs(world: &World, day: &Day) {
    let open = differences(world, None, true).await;
    let id = open[0].id;
    let resolve = |id, word| world.store.resolve_difference(id, word, "ada", now());
    assert_eq!(resolve(id, "given back by hand").await.unwrap(), Resolved::Now);
    assert_eq!(resolve(id, "no, it was not").await.unwrap(), Resolved::Before);
    assert_eq!(resolve(i64::MAX, "what?").await.unwrap(), Resolved::Unknown);
    let said = "select count(*) from audit_log where action = 'difference.resolved' and actor = 'ada'";
    assert_eq!(world.count(said).await, 1);
    let again = begin(world, day).await;
    ended(world, &again).await;
    let seen = differences(world, Some(&again), false).await;
    let resolved: Vec<_> = seen.iter().filter_map(|found| found.resolution.as_ref()).collect();
    assert_eq!((resolved.len(), &*resolved[0].text, &*resolved[0].by), (1, "given back by hand", "ada"));
    assert_eq!(differences(world, None, true).await.len(), open.len() - 1);
}

/// Makes the provider's books differ from ours, in every way there is.
async fn inject(day: &mut Day<'_>) -> Vec<Found> {
    let plain = day.take_plain(8);
    let intent = |place: usize| plain[place].1.clone();
    let refund = day.refund_to_spoil().await;
    let unpaid = day.unpaid_intent().await;
    let mut expected = Vec::new();
    let injections = [
        (Amount, json!({ "class": "amount", "intent": intent(0), "amount": 2_500 })),
        (Amount, json!({ "class": "amount", "refund": refund, "amount": 5 })),
        (Currency, json!({ "class": "currency", "intent": intent(1), "currency": "chf" })),
        (Fee, json!({ "class": "fee", "intent": intent(2), "fee": 99 })),
        (State, json!({ "class": "state", "intent": unpaid })),
        (MissingHere, json!({ "class": "missing_here", "intent": intent(3), "amount": 300 })),
        (
            MissingHere,
            json!({
                "class": "missing_here", "amount": 700, "currency": "usd",
                "metadata": { "sluice_payment_id": "pay_0123456789abcdef0123456789abcdef" },
            }),
        ),
    ];
    for (class, injection) in injections {
        let changed = day.inject(injection).await;
        let line = changed["transactions"][0].as_str().unwrap().to_owned();
        expected.push((class, Some(line), None));
    }
    let twice = day.inject(json!({ "class": "duplicate", "intent": intent(4) })).await;
    day.expect_one_of_two(&intent(4), &twice);
    // Not ours, and so no difference.
    let foreign = json!({ "class": "missing_here", "amount": 800, "currency": "usd", "metadata": { "shop": "other" } });
    day.inject(foreign).await;
    let gone = day.inject(json!({ "class": "missing_there", "intent": intent(5) })).await;
    expected.push((MissingThere, None, gone["intent"].as_str().map(str::to_owned)));
    expected.push((Duplicate, day.later_of_two().await, None));
    sorted(expected)
}
