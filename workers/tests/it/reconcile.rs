//! `reconcile`: a day of ten thousand payments with one difference of every class, and what must not be one.

mod connected;
mod day;

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use domain::{
    channel::Channel,
    job::Reconcile,
    reconciliation::DifferenceClass::{
        self, Amount, Currency, Duplicate, Fee, MissingHere, MissingThere, State,
    },
};
use serde_json::json;
use store::{DifferenceFilter, RecordedDifference, Resolved, RunEnding};

use self::day::Day;
use crate::support::{World, now, world_with};

/// Ten thousand payments are many for a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(120);
const FEES: &str = "select count(*) from ledger_transfers where kind = 'fee'";
const FAILED: &str = "select count(*) from job_failures where kind = 'reconcile'";
const SAID: &str = "select count(*) from audit_log where action = 'difference.resolved' and actor = 'ada'";

/// What is found, and where.
type Found = (DifferenceClass, Option<String>);

fn found(recorded: &RecordedDifference) -> Found {
    let difference = recorded.difference.clone();
    let place = match difference.class {
        Duplicate => difference.payment_id.map(|id| id.to_string()),
        MissingThere => difference.object_id,
        MissingHere | Amount | Currency | State | Fee => difference.entry_id,
    };
    (difference.class, place)
}

async fn begin(world: &World, date: NaiveDate) -> Reconcile {
    let begun = world
        .store
        .begin_reconciliation(world.merchant_id, Channel::Stripe, date, "ada", now());
    begun.await.unwrap()
}

/// Waits for the end of a run.
async fn ended(world: &World, job: &Reconcile) -> RunEnding {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let run = world.store.reconciliation(job.reconciliation_id()).await.unwrap();
        if let Some(ending) = run.and_then(|run| run.ending) {
            return ending;
        }
        assert!(Instant::now() < deadline, "the comparison did not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
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

// The provider, the workers and the test share the machine's cores here, as they would not share one thread elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_ten_thousand_payments_gives_what_was_injected_and_nothing_else() {
    let started = Instant::now();
    // A page of a hundred lines takes its time on a busy machine, and a comparison that timed out would be a later one.
    let world = world_with(|config| config.channels.timeout = Duration::from_secs(20)).await;
    // What is pending since yesterday would get its jobs again while the day is made.
    let sweep_nothing = "alter table payments alter column next_query_at set default '9999-01-01';
                         alter table refunds alter column next_query_at set default '9999-01-01'";
    let mut owner = <sqlx::PgConnection as sqlx::Connection>::connect(&world.database.url())
        .await
        .unwrap();
    sqlx::raw_sql(sweep_nothing).execute(&mut owner).await.unwrap();
    let mut day = Day::at(&world).await;
    day.pay_all().await;
    println!("paid there after {:?}", started.elapsed());
    let expected = inject(&mut day).await;
    day.backdate_all().await;
    day.record_all().await;
    println!("recorded here after {:?}", started.elapsed());

    // Two at once: each finds everything, and no fee is posted twice.
    let (first, second) = (begin(&world, day.date).await, begin(&world, day.date).await);
    assert_eq!((first.number, second.number), (1, 2));
    for job in [first, second] {
        let ending = ended(&world, &job).await;
        let seen = differences(&world, Some(&job), false).await;
        let seen = sorted(seen.iter().map(found).collect());
        assert_eq!(seen, expected);
        assert!(
            ending.matched > 9_000 && ending.entries > ending.matched,
            "{ending:?}"
        );
    }
    println!("compared twice after {:?}", started.elapsed());
    // Not of the five payments that differ or are gone; of the one charged twice the first charge is good.
    let fees = i64::try_from(day.paid_within() - 4).unwrap();
    assert_eq!(world.count(FEES).await, fees);
    assert_eq!(world.count(FAILED).await, 0);
    let ledger = world.store.ledger_check().await.unwrap();
    assert!(ledger.agrees(), "{ledger:?}");
    let open = differences(&world, None, true).await;
    assert_eq!(open.len(), expected.len(), "those of one run are open");

    a_later_run_changes_little(&world, &day, &first).await;
    println!("done after {:?}", started.elapsed());
    world.close().await;
}

/// Neither the same message again nor another run posts or opens anything, and what a person said holds.
async fn a_later_run_changes_little(world: &World, day: &Day<'_>, first: &Reconcile) {
    let open = differences(world, None, true).await;
    let id = open[0].id;
    let resolve = |id, word| world.store.resolve_difference(id, word, "ada", now());
    assert_eq!(resolve(id, "given back by hand").await.unwrap(), Resolved::Now);
    assert_eq!(resolve(id, "no, it was not").await.unwrap(), Resolved::Before);
    assert_eq!(resolve(i64::MAX, "what?").await.unwrap(), Resolved::Unknown);
    assert_eq!(world.count(SAID).await, 1);

    let posted = world.count(FEES).await;
    world.publish(first).await;
    let third = begin(world, day.date).await;
    assert_eq!(third.number, 3);
    ended(world, &third).await;
    assert_eq!(world.count(FEES).await, posted);
    assert_eq!(differences(world, Some(first), false).await.len(), open.len());
    let seen = differences(world, Some(&third), false).await;
    assert_eq!(seen.len(), open.len());
    let words = seen.iter().filter_map(|found| found.resolution.as_ref());
    let words: Vec<_> = words.map(|said| (&*said.text, &*said.by)).collect();
    assert_eq!(words, [("given back by hand", "ada")]);
    assert_eq!(differences(world, None, true).await.len(), open.len() - 1);
}

/// Makes the provider's books differ from ours, in every way there is.
async fn inject(day: &mut Day<'_>) -> Vec<Found> {
    let plain = day.plain(6);
    let intent = |place: usize| plain[place].1.clone();
    let canceled = day.canceled_intent().await;
    let unheard = json!({ "sluice_payment_id": "pay_0123456789abcdef0123456789abcdef" });
    let injections = [
        (
            Amount,
            json!({ "class": "amount", "intent": intent(0), "amount": 2_500 }),
        ),
        (
            Amount,
            json!({ "class": "amount", "refund": day.refund(), "amount": 5 }),
        ),
        (
            Currency,
            json!({ "class": "currency", "intent": intent(1), "currency": "chf" }),
        ),
        (Fee, json!({ "class": "fee", "intent": intent(2), "fee": 99 })),
        (State, json!({ "class": "state", "intent": canceled })),
        (
            MissingHere,
            json!({ "class": "missing_here", "intent": intent(3), "amount": 300 }),
        ),
        (
            MissingHere,
            json!({ "class": "missing_here", "amount": 700, "currency": "usd", "metadata": unheard }),
        ),
    ];
    let mut expected = Vec::new();
    for (class, injection) in injections {
        let changed = day.inject(injection).await;
        expected.push((class, changed["transactions"][0].as_str().map(str::to_owned)));
    }
    // Which of two lines of the same second is the one too many, nobody can tell.
    day.inject(json!({ "class": "duplicate", "intent": intent(4) }))
        .await;
    expected.push((Duplicate, Some(plain[4].0.id.to_string())));
    day.inject(json!({ "class": "missing_there", "intent": intent(5) }))
        .await;
    expected.push((MissingThere, Some(intent(5))));
    // Not ours, and so no difference.
    let foreign =
        json!({ "class": "missing_here", "amount": 800, "currency": "usd", "metadata": { "shop": "other" } });
    day.inject(foreign).await;
    sorted(expected)
}
