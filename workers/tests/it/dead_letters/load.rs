//! Very many of them: how long a search takes, and whether a bulk replay loses or doubles anything when its worker is killed.
//!
//! `make bench-dead-letters` plays it with a million recorded letters and ten thousand parked ones, and prints the figures.

use std::{
    collections::HashSet,
    env,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use domain::{
    dead_letter::{ActionKind, LetterState},
    id::{OrderId, PaymentId},
};
use futures::future::join_all;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::{AskedFor, LetterFilter, LetterPage, testing::TEST_KEY};

use crate::support::{World, request, world_with};

/// How often each search is made.
const SEARCHES: usize = 40;
/// The longest that a search may take at full size on a machine that does nothing else.
const SEARCH_LIMIT: Duration = Duration::from_millis(200);

/// Recorded letters of many merchants, payments and reasons, each with the failure that it tells of. They are done with.
const RECORDED: &str = "
insert into dead_letter_actions (id, action, actor, reason, selection, letters, created_at, finished_at)
values ('00000000-0000-0000-0000-00000000000a', 'discard', 'load', 'load', 'load', 1, to_timestamp(0), to_timestamp(0))
on conflict do nothing;
insert into dead_letter_groups (id, kind, error_class, pattern, first_at, last_at)
select md5('group' || number)::uuid, (array['create_intent', 'notify_merchant', 'process_callback'])[1 + number % 3],
       'internal', 'trouble of sort ' || chr(97 + number % 26) || chr(97 + number / 26) || ' at ?', now(), now()
from generate_series(0, 499) as number
on conflict do nothing;
insert into dead_letters (id, kind, group_id, job_id, attempt, replayed_after, correlation_id, merchant_id, subjects,
                          error_class, reason, parked_by, parked_at, recorded_at, state, action_id, ended_at, message)
select md5('letter' || n)::uuid, (array['create_intent', 'notify_merchant', 'process_callback'])[1 + (n % 500) % 3],
       md5('group' || n % 500)::uuid, 'job_' || md5('job' || n), 4, 0, 'pay_' || md5('pay' || n / 2),
       md5('merchant' || n % 1000)::uuid, array['pay_' || md5('pay' || n / 2), 'ord_' || md5('ord' || n / 3), 'pi_' || n],
       'internal', 'trouble of sort ' || chr(97 + n % 500 % 26) || chr(97 + n % 500 / 26) || ' at ' || n, 'worker',
       to_timestamp(1700000000 + n), now(), 'discarded', '00000000-0000-0000-0000-00000000000a', now(),
       sha512(n::text::bytea) || sha512('b') || sha512('c') || sha512('d')
from generate_series(FIRST, LAST) as n;
insert into job_failures (job_id, kind, attempt, disposition, error_class, reason, correlation_id, at)
select 'job_' || md5('job' || n), 'create_intent', 4, 'dead_letter', 'internal', 'trouble at ' || n,
       'pay_' || md5('pay' || n / 2), to_timestamp(1700000000 + n)
from generate_series(FIRST, LAST) as n";

/// A workers process that can be killed.
struct Process(Child);

impl Process {
    fn start(world: &World) -> Self {
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = [
            ("DATABASE_URL", world.config.store.url.expose().to_owned()),
            ("AMQP_URL", world.config.broker.url.expose().to_owned()),
            ("SLUICE_SECRETS_KEY", TEST_KEY.to_owned()),
            ("STRIPE_API_BASE", world.sandbox.base_url()),
            ("NOTIFY_ALLOW_PRIVATE", "true".to_owned()),
            ("WORKERS_INTERNAL_LISTEN", listen.to_string()),
            ("RUST_LOG", "warn".to_owned()),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_workers"));
        command
            .env_clear()
            .envs(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn size(name: &str, otherwise: usize) -> usize {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_letters_are_found_quickly_and_sent_again_once_each() {
    let (recorded, parked) = (
        size("SLUICE_LETTERS_RECORDED", 2_000),
        size("SLUICE_LETTERS_PARKED", 300),
    );
    let mut world = world_with(|config| config.channels.timeout = Duration::from_secs(10)).await;
    world.stop_workers().await;
    record(&world, recorded).await;
    park(&world, parked).await;
    let process = Process::start(&world);
    let began = Instant::now();
    until(
        &world,
        "select count(*) from dead_letters where state = 'parked'",
        parked,
    )
    .await;
    println!(
        "{parked} parked messages were written down within {:?}",
        began.elapsed()
    );
    let is_full = recorded >= 1_000_000;
    search(&world, recorded, is_full.then_some(SEARCH_LIMIT)).await;
    replay(&world, parked, process).await;
    world.close().await;
}

async fn record(world: &World, count: usize) {
    let began = Instant::now();
    let mut owner = PgConnection::connect(&world.database.url()).await.unwrap();
    for first in (1..=count).step_by(50_000) {
        let last = count.min(first + 49_999);
        let sql = RECORDED
            .replace("FIRST", &first.to_string())
            .replace("LAST", &last.to_string());
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut owner)
            .await
            .unwrap();
    }
    let tidy = "vacuum analyze dead_letters, dead_letter_groups, job_failures";
    sqlx::raw_sql(tidy).execute(&mut owner).await.unwrap();
    println!(
        "{count} letters and failures were recorded within {:?}",
        began.elapsed()
    );
}

async fn park(world: &World, count: usize) {
    let jobs: Vec<_> = (0..count)
        .map(|n| world.job(&format!("bulk-{n}"), request(None)))
        .collect();
    for some in jobs.chunks(500) {
        join_all(some.iter().map(|job| world.park(job, "the provider was away"))).await;
    }
}

/// Waits for as long as it takes, and a loaded machine takes long.
async fn until(world: &World, count: &'static str, expected: usize) {
    let deadline = Instant::now() + Duration::from_secs(60 + expected as u64 / 20);
    let expected = i64::try_from(expected).unwrap();
    loop {
        let seen = world.count(count).await;
        if seen == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{count}: {seen} of {expected}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn search(world: &World, recorded: usize, limit: Option<Duration>) {
    let mut owner = PgConnection::connect(&world.database.url()).await.unwrap();
    let some = "select correlation_id, subjects, merchant_id from dead_letters where state = 'discarded'
                and parked_at = to_timestamp(1700000000 + $1)";
    let filters: [(&str, Search); 10] = [
        ("the newest", |_| LetterFilter::default()),
        ("payment", |sample| LetterFilter {
            payment_id: Some(sample.payment),
            ..LetterFilter::default()
        }),
        ("order", |sample| LetterFilter {
            order_id: Some(sample.order),
            ..LetterFilter::default()
        }),
        ("provider id", |sample| LetterFilter {
            provider_id: Some(format!("pi_{}", sample.number)),
            ..LetterFilter::default()
        }),
        ("text with digits", |sample| LetterFilter {
            text: Some(format!("at {}", sample.number)),
            ..LetterFilter::default()
        }),
        ("rare text", |_| LetterFilter {
            text: Some("sort AB at".into()),
            ..LetterFilter::default()
        }),
        ("common text", |_| LetterFilter {
            text: Some("trouble".into()),
            ..LetterFilter::default()
        }),
        ("kind", |_| LetterFilter {
            kind: Some("notify_merchant".into()),
            ..LetterFilter::default()
        }),
        // Few of all that are of the kind, and few of all that are done with are of the merchant.
        ("parked of a kind", |_| LetterFilter {
            kind: Some("create_intent".into()),
            state: Some(LetterState::Parked),
            ..LetterFilter::default()
        }),
        ("discarded of a merchant", |sample| LetterFilter {
            merchant_id: Some(domain::id::MerchantId::from_uuid(sample.merchant)),
            state: Some(LetterState::Discarded),
            ..LetterFilter::default()
        }),
    ];
    let mut samples = Vec::new();
    for step in 0..SEARCHES {
        let number = 1 + step * (recorded - 1) / SEARCHES;
        let (payment, subjects, merchant): (String, Vec<String>, uuid::Uuid) = sqlx::query_as(some)
            .bind(number as f64)
            .fetch_one(&mut owner)
            .await
            .unwrap();
        samples.push(Sample {
            number,
            payment: payment.parse().unwrap(),
            order: subjects[1].parse().unwrap(),
            merchant,
        });
    }
    for (name, filter) in filters {
        let mut took = Vec::new();
        for sample in &samples {
            took.push(time(world, &filter(sample)).await);
        }
        tell(name, took, limit);
    }
    let mut took = Vec::new();
    for sample in &samples {
        let of_merchant = LetterFilter {
            merchant_id: Some(domain::id::MerchantId::from_uuid(sample.merchant)),
            ..LetterFilter::default()
        };
        took.push(time(world, &of_merchant).await);
    }
    tell("merchant", took, limit);
    let mut took = Vec::new();
    for _ in &samples {
        let began = Instant::now();
        assert!(
            !world
                .store
                .letter_groups(None, false, 50)
                .await
                .unwrap()
                .is_empty()
        );
        took.push(began.elapsed());
    }
    tell("groups", took, limit);
}

/// What is looked for, given something that is there.
type Search = fn(&Sample) -> LetterFilter;

struct Sample {
    number: usize,
    payment: PaymentId,
    order: OrderId,
    merchant: uuid::Uuid,
}

async fn time(world: &World, filter: &LetterFilter) -> Duration {
    let page = LetterPage {
        after: None,
        limit: 50,
    };
    let began = Instant::now();
    let found = world.store.letters(filter, page).await.unwrap();
    let took = began.elapsed();
    assert!(!found.is_empty(), "{filter:?}");
    took
}

fn tell(name: &str, mut took: Vec<Duration>, limit: Option<Duration>) {
    took.sort();
    let (p50, p95) = (took[took.len() / 2], took[took.len() * 95 / 100]);
    println!("search by {name}: p50 {p50:.1?}, p95 {p95:.1?}");
    assert!(limit.is_none_or(|limit| p95 < limit), "{name}: {p95:?}");
}

async fn replay(world: &World, parked: usize, process: Process) {
    let began = Instant::now();
    let everything = AskedFor::Matching(Box::default(), 100_000);
    let action = world.want(ActionKind::Replay, everything, None).await;
    let third = i64::try_from(parked / 3).unwrap();
    while world.progress(action).await.done < third {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let at_death = world.progress(action).await.done;
    drop(process);
    println!("the worker was killed after {at_death} of {parked} were sent again");
    let _process = Process::start(world);
    until(
        world,
        "select count(*) from dead_letters where state = 'replayed'",
        parked,
    )
    .await;
    println!("all {parked} were sent again within {:?}", began.elapsed());
    until(
        world,
        "select count(*) from payments where status = 'requires_action'",
        parked,
    )
    .await;
    until(
        world,
        "select count(*) from dead_letters where outcome = 'done'",
        parked,
    )
    .await;
    println!("all {parked} jobs were done within {:?}", began.elapsed());
    until(
        world,
        "select count(*) from dead_letter_actions where finished_at is null",
        0,
    )
    .await;
    let ended = world.progress(action).await;
    assert_eq!(
        (ended.missing, ended.left_parked(), ended.parked_again),
        (0, 0, 0)
    );
    assert_eq!(world.parked_in("dead.create_intent").await, 0);
    let intents = world.intents().await;
    let payments: HashSet<String> = intents
        .iter()
        .map(|intent| intent["metadata"]["sluice_payment_id"].to_string())
        .collect();
    assert_eq!(
        (intents.len(), payments.len()),
        (parked, parked),
        "intents and payments at the provider"
    );
    println!("each of {parked} payments has one intent at the provider, and nothing is parked");
}
