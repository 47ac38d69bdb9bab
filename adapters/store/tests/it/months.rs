//! The months of exchanges with providers: ready ahead of time, and dropped when they are old and nobody needs them.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::{channel::IntentStatus, id::PaymentId};
use futures::future::join_all;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::{DroppedMonth, Record, Store, StoreError};

use crate::support::{World, seen, world};

/// What was there before months were kept ends in 2025, so that there are old months.
const BEGIN_IN_2025: &str = "
alter table payment_records detach partition payment_records_before;
alter table payment_records attach partition payment_records_before for values from (minvalue) to ('2025-01-01Z')";

/// Which partition holds which exchanges, by their jobs.
const WHERE: &str = "
select tableoid::regclass::text, string_agg(job_id, ' ' order by job_id) from payment_records group by 1 order by 1";

pub fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Says something to a provider about a payment, as a worker would.
pub async fn say(writer: &mut PgConnection, payment: PaymentId, job: &str, at: &str) {
    let insert = "
        insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at, channel)
        values ($1, $2, 1, 'create_intent', 'ok', 5, $3, 'stripe')";
    let insert = sqlx::query(insert)
        .bind(payment.as_uuid())
        .bind(job)
        .bind(time(at));
    insert.execute(writer).await.unwrap();
}

async fn places(owner: &mut PgConnection) -> Vec<(String, String)> {
    sqlx::query_as(WHERE).fetch_all(owner).await.unwrap()
}

/// A place, and the jobs in it.
fn place(partition: &str, jobs: &str) -> (String, String) {
    (format!("payment_records_{partition}"), jobs.to_owned())
}

/// A world with the months from January to April 2025, and a store with the rights of workers.
async fn world_of_2025() -> (World, PgConnection, Store) {
    let world = world().await;
    let mut owner = world.owner().await;
    sqlx::raw_sql(BEGIN_IN_2025).execute(&mut owner).await.unwrap();
    let store = world.database.store_as_writer();
    let made = store.prepare_months(time("2025-01-31T23:59:59Z"), 3).await;
    assert_eq!(made.unwrap(), 4);
    (world, owner, store)
}

#[tokio::test]
async fn exchanges_go_where_their_month_is() {
    let (world, mut owner, store) = world_of_2025().await;
    let payment = world.stored("one").await.id;
    let mut writer = world.writer().await;
    for (job, at) in [
        ("a", "1970-01-01T00:00:00Z"),
        ("b", "2024-12-31T23:59:59.999999Z"),
        ("c", "2025-01-01T00:00:00Z"),
        ("d", "2025-02-28T23:59:59.999999Z"),
        ("e", "2025-03-01T00:00:00Z"),
        ("f", "2025-04-30T23:59:59Z"),
        ("g", "2025-05-01T00:00:00Z"),
    ] {
        say(&mut writer, payment, job, at).await;
    }
    let months = [
        place("2025_01", "c"),
        place("2025_02", "d"),
        place("2025_03", "e"),
        place("2025_04", "f"),
        place("before", "a b"),
        place("default", "g"),
    ];
    assert_eq!(places(&mut owner).await, months);

    // The same month again makes nothing, and the next one makes one more.
    let april = store.prepare_months(time("2025-01-01T00:00:00Z"), 3).await;
    assert_eq!(april.unwrap(), 0);
    let may = store.prepare_months(time("2025-02-01T00:00:00Z"), 3).await;
    assert_eq!(may.unwrap(), 1);
    let months = [
        place("2025_01", "c"),
        place("2025_02", "d"),
        place("2025_03", "e"),
        place("2025_04", "f"),
        place("2025_05", "g"),
        place("before", "a b"),
    ];
    assert_eq!(places(&mut owner).await, months);
}

#[tokio::test]
async fn what_came_without_a_month_moves_into_it_and_the_rest_stays() {
    let (world, mut owner, store) = world_of_2025().await;
    let payment = world.stored("one").await.id;
    let mut writer = world.writer().await;
    for (job, at) in [
        ("may", "2025-05-31T23:59:59Z"),
        ("june", "2025-06-01T00:00:00Z"),
        ("later", "2031-01-01T00:00:00Z"),
    ] {
        say(&mut writer, payment, job, at).await;
    }
    assert_eq!(places(&mut owner).await, [place("default", "june later may")]);
    let rows = "select jsonb_agg(to_jsonb(said) order by id) from payment_records said";
    let rows = || sqlx::query_scalar::<_, serde_json::Value>(rows);
    let before = rows().fetch_one(&mut owner).await.unwrap();
    assert_eq!(
        store
            .prepare_months(time("2025-05-15T00:00:00Z"), 1)
            .await
            .unwrap(),
        2
    );
    let months = [
        place("2025_05", "may"),
        place("2025_06", "june"),
        place("default", "later"),
    ];
    assert_eq!(places(&mut owner).await, months);
    assert_eq!(rows().fetch_one(&mut owner).await.unwrap(), before);
}

#[tokio::test]
async fn many_prepare_the_same_months_at_once() {
    let (_world, mut owner, store) = world_of_2025().await;
    let now = time("2025-06-15T00:00:00Z");
    for made in join_all((0..8).map(|_| store.prepare_months(now, 3))).await {
        made.unwrap();
    }
    // What one left out as another was at it comes when it looks next.
    store.prepare_months(now, 3).await.unwrap();
    assert_eq!(store.prepare_months(now, 3).await.unwrap(), 0);
    let months = "select string_agg(part, ' ' order by ends_at) from payment_records_months() where ends_at > '2025-06-01Z'";
    let months: String = sqlx::query_scalar(months).fetch_one(&mut owner).await.unwrap();
    assert_eq!(
        months,
        "payment_records_2025_06 payment_records_2025_07 payment_records_2025_08 payment_records_2025_09"
    );
}

#[tokio::test]
async fn a_month_is_dropped_unless_a_payment_of_its_is_open() {
    let (world, mut owner, store) = world_of_2025().await;
    let (paid, open) = (world.paid("paid").await, world.stored("open").await);
    let mut writer = world.writer().await;
    for (job, payment, at) in [
        ("a", paid.id, "2024-12-31T00:00:00Z"),
        ("b", paid.id, "2025-01-10T00:00:00Z"),
        ("c", open.id, "2025-02-10T00:00:00Z"),
        ("d", paid.id, "2025-03-10T00:00:00Z"),
    ] {
        say(&mut writer, payment, job, at).await;
    }
    let cutoff = time("2025-03-31T23:59:59Z");
    let old = store.months_before(cutoff).await.unwrap();
    let name = |part: &str| format!("payment_records_{part}");
    assert_eq!(old, [name("before"), name("2025_01"), name("2025_02")]);
    let mut came_of_it = Vec::new();
    for partition in &old {
        came_of_it.push(store.drop_month(partition).await.unwrap());
    }
    let (dropped, needed) = (DroppedMonth::Dropped, DroppedMonth::Needed);
    assert_eq!(came_of_it, [dropped, dropped, needed]);
    assert_eq!(
        places(&mut owner).await,
        [place("2025_02", "c"), place("2025_03", "d")]
    );

    // It is open as long as it is in any of these states, and not when it has ended.
    let intent = open.clone();
    for (change, came_of_it) in [
        (IntentStatus::RequiresAction, needed),
        (IntentStatus::Processing, needed),
        (IntentStatus::Canceled, dropped),
    ] {
        let stored = world.store.payment(intent.id).await.unwrap().unwrap();
        let payment = Some(seen(stored, change).payment);
        world
            .write(Record {
                payment,
                ..Record::default()
            })
            .await;
        assert_eq!(store.drop_month(&name("2025_02")).await.unwrap(), came_of_it);
    }
    assert_eq!(places(&mut owner).await, [place("2025_03", "d")]);
    // Somebody else has dropped it.
    assert_eq!(
        store.drop_month(&name("2025_02")).await.unwrap(),
        DroppedMonth::Elsewhere
    );
    // What is told so late after all is not lost.
    say(&mut writer, paid.id, "late", "2025-02-01T00:00:00Z").await;
    assert_eq!(
        places(&mut owner).await,
        [place("2025_03", "d"), place("default", "late")]
    );
}

#[tokio::test]
async fn nobody_drops_what_is_young_or_no_month_or_without_the_right() {
    let (world, mut owner, store) = world_of_2025().await;
    let now: DateTime<Utc> = sqlx::query_scalar("select now()")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    store
        .prepare_months(now - chrono::Days::new(62), 3)
        .await
        .unwrap();
    let young: String = sqlx::query_scalar(
        "select part::text from payment_records_months() where ends_at > now() - interval '90 days' order by ends_at limit 1",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    let error = store.drop_month(&young).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    assert!(error.to_string().contains("over for 90 days"), "{error}");

    for (role, statement, refusal) in [
        (
            "sluice_writer",
            "select drop_payment_records('payments')",
            "is no partition",
        ),
        (
            "sluice_writer",
            "select drop_payment_records('payment_records_default')",
            "is no partition",
        ),
        (
            "sluice_writer",
            "drop table payment_records_2025_01",
            "must be owner",
        ),
        (
            "sluice_writer",
            "delete from payment_records",
            "permission denied",
        ),
        (
            "sluice_writer",
            "select from payment_records_2025_01",
            "permission denied",
        ),
        (
            "sluice_reader",
            "select drop_payment_records('payment_records_2025_01')",
            "permission denied",
        ),
        (
            "sluice_reader",
            "select prepare_payment_records(now())",
            "permission denied",
        ),
    ] {
        let mut session = world.owner().await;
        let become_role = AssertSqlSafe(format!("set role {role}"));
        sqlx::query(become_role).execute(&mut session).await.unwrap();
        let refused = sqlx::query(statement).execute(&mut session).await.unwrap_err();
        assert!(refused.to_string().contains(refusal), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn who_reads_for_long_is_not_waited_for_and_holds_nobody_up() {
    let (world, mut owner, store) = world_of_2025().await;
    let payment = world.paid("paid").await.id;
    let mut writer = world.writer().await;
    sqlx::raw_sql("begin; select from payment_records")
        .execute(&mut owner)
        .await
        .unwrap();

    let began = Instant::now();
    let (dropping, preparing) = (
        store.drop_month("payment_records_2025_01"),
        store.prepare_months(time("2025-05-01T00:00:00Z"), 0),
    );
    let writing = async {
        for number in 0..20 {
            say(&mut writer, payment, &number.to_string(), "2025-03-01T00:00:00Z").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_turn = async { (dropping.await, preparing.await) };
    let ((dropped, prepared), ()) = tokio::join!(in_turn, writing);
    assert!(dropped.unwrap_err().is_lock_timeout());
    assert!(prepared.unwrap_err().is_lock_timeout());
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());

    sqlx::raw_sql("commit").execute(&mut owner).await.unwrap();
    assert_eq!(
        store
            .prepare_months(time("2025-05-01T00:00:00Z"), 0)
            .await
            .unwrap(),
        1
    );
    let dropped = store.drop_month("payment_records_2025_01").await.unwrap();
    assert_eq!(dropped, DroppedMonth::Dropped);
}

/// Rows of each month, and many of one payment's neighbours.
const CROWD: &str = "
set session_replication_role = replica;
insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at, channel)
select md5(number::text)::uuid, 'job', 1, 'create_intent', 'ok', 5, timestamptz '2024-12-02Z' + number * interval '3 minutes', 'stripe'
from generate_series(0, 60000) as number;
analyze payment_records";

/// Exchanges that were read by going through months, how often indexes of all were used, and how often one of January's.
async fn read_so_far(owner: &mut PgConnection) -> (i64, i64, i64) {
    let read = "
        select sum(seq_tup_read)::bigint, sum(idx_scan)::bigint,
               (sum(idx_scan) filter (where relname = 'payment_records_2025_01'))::bigint
        from pg_stat_user_tables where relname like 'payment_records%'";
    sqlx::query_as(read).fetch_one(owner).await.unwrap()
}

#[tokio::test]
async fn questions_go_by_indexes_and_pass_over_months_that_they_are_not_about() {
    let (world, mut owner, _) = world_of_2025().await;
    let payment = world.stored("one").await;
    sqlx::raw_sql(CROWD).execute(&mut owner).await.unwrap();
    // A session's figures are counted at its end at the latest.
    owner.close().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut owner = world.owner().await;
    let before = read_so_far(&mut owner).await;
    let about_one = world.database.store(false);
    // Often enough for plans that do not know their parameters.
    for _ in 0..8 {
        about_one.open_call(&payment).await.unwrap();
        about_one.has_called(&payment, "job", 1).await.unwrap();
        let operation = domain::channel::Operation::CaptureIntent;
        about_one.begun(payment.id, "job", operation).await.unwrap();
        about_one.open_capture(payment.id).await.unwrap();
    }
    about_one.close().await;
    let mut about_one = before;
    // Each looks into each month that has rows.
    while about_one.1 < before.1 + 8 * 4 * 5 {
        about_one = read_so_far(&mut owner).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(about_one.0, before.0);

    for _ in 0..8 {
        let traffic = world.store.channel_traffic(time("2025-04-05T00:00:00Z")).await;
        assert_eq!(traffic.unwrap().len(), 1);
    }
    world.store.close().await;
    let mut since = about_one;
    while since.1 < about_one.1 + 8 {
        since = read_so_far(&mut owner).await;
        tokio::task::yield_now().await;
    }
    assert_eq!((since.0, since.2), (before.0, about_one.2));
}
