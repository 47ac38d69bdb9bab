//! Months of exchanges with providers come and go by themselves, as the clock and the setting say.

use chrono::{DateTime, Datelike, Days, Months, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::{Ahead, World, now, world};

/// What was there before months were kept ends two years ago.
const LET_OLD_MONTHS_BE: &str = "
alter table payment_records detach partition payment_records_before;
alter table payment_records attach partition payment_records_before for values from (minvalue) to ('2025-01-01Z')";
const MONTHS: &str = "
select coalesce(string_agg(replace(part::text, 'payment_records_', ''), ' ' order by ends_at), '') from payment_records_months()";

/// The name of a month as partitions have it.
fn month(of: DateTime<Utc>) -> String {
    of.format("%Y_%m").to_string()
}

async fn run(world: &World, sql: impl Into<String>) {
    let mut owner = PgConnection::connect(&world.database.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.into()))
        .execute(&mut owner)
        .await
        .unwrap();
}

/// This month and the three after it, of a moment.
fn ready(of: DateTime<Utc>) -> String {
    let first = of.with_day(1).unwrap();
    let months = (0..=3).map(|ahead| month(first + Months::new(ahead)));
    months.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn months_are_ready_before_they_begin_and_go_when_they_are_old() {
    runtime::telemetry::install_recorder().unwrap();
    let mut world = world().await;
    world.stop_workers().await;
    run(&world, LET_OLD_MONTHS_BE).await;
    // None is left of those that were made by the first process.
    run(
        &world,
        "do $$ declare one text; begin
           for one in select part from payment_records_months() where begins_at > '2025-01-01' loop
             execute format('drop table %I', one);
           end loop;
         end $$",
    )
    .await;
    let long_ago = now() - Days::new(400);
    world.store.prepare_months(long_ago, 0).await.unwrap();
    world
        .store
        .prepare_months(long_ago - Days::new(31), 0)
        .await
        .unwrap();
    let (older, old) = (month(long_ago - Days::new(31)), month(long_ago));
    // One exchange in each, of a payment that has ended, and of one that has not.
    let (ended, open) = (world.stored("ended").await, world.stored("open").await);
    for (payment, status, at) in [
        (&ended, "canceled", long_ago - Days::new(31)),
        (&open, "requires_action", long_ago),
    ] {
        let id = payment.id.as_uuid();
        run(
            &world,
            format!(
                "update payments set status = '{status}', next_query_at = '9999-01-01' where id = '{id}';
                 insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at, channel)
                 values ('{id}', 'job', 1, 'create_intent', 'ok', 5, '{at}', 'stripe')"
            ),
        )
        .await;
    }

    // Where nothing is said, all are kept. More than one process looks.
    for _ in 0..2 {
        world.start_workers(Ahead(TimeDelta::zero())).await;
    }
    let kept = format!("before {older} {old} {}", ready(now()));
    world.wait_until(kept, || world.query(MONTHS)).await;
    world.stop_workers().await;

    // A month later there is one more; and the old ones go, but for what an open payment needs.
    world.config.retain_exchanges = Some(Days::new(90));
    let later = now().with_day(1).unwrap() + Months::new(1) - now();
    for _ in 0..2 {
        world.start_workers(Ahead(later)).await;
    }
    let mut months: Vec<String> = ready(now()).split(' ').map(str::to_owned).collect();
    let last = ready(now() + later);
    months.push(last.rsplit(' ').next().unwrap().to_owned());
    let left = format!("{old} {}", months.join(" "));
    world.wait_until(left, || world.query(MONTHS)).await;
    // What was there before months were kept, and one more.
    world.wait_until(true, async || is_told(2)).await;
    assert_eq!(world.count("select count(*) from payment_records").await, 1);
    world.stop_workers().await;

    run(
        &world,
        "update payments set status = 'expired' where status = 'requires_action'",
    )
    .await;
    world.start_workers(Ahead(later)).await;
    world.wait_until(months.join(" "), || world.query(MONTHS)).await;
    assert_eq!(world.count("select count(*) from payment_records").await, 0);
    world.close().await;
}

/// Whether the processes say that they have dropped so many months.
fn is_told(months: u32) -> bool {
    let line = format!("sluice_exchange_partitions_dropped_total {months}");
    runtime::telemetry::metrics_text()
        .lines()
        .any(|told| told == line)
}
