//! Days are taken up for comparison by themselves: each once, however many processes look, and the missed ones too.

use chrono::{DateTime, TimeDelta, Utc};
use domain::channel::Channel;
use serde_json::json;

use crate::support::{Ahead, World, now, world};

const RUNS: &str = "select count(*) from reconciliations where requested_by = 'schedule'";
const DONE: &str = "select count(*) from reconciliations where status = 'done'";
const DAYS: &str = "select count(distinct (merchant_id, channel, day)) from reconciliations";
/// The merchant has been here for a month.
const SET_BACK: &str = "
with set_back as (update merchants set created_at = created_at - interval '30 days' returning 1)
select count(*) from set_back";

/// The last week, which is as far back as missed days are caught up with.
const WEEK: i64 = 7;

#[tokio::test]
async fn the_days_of_a_week_are_compared_once_each_by_many_workers() {
    let mut world = world().await;
    // There is no statement of PayPal's to compare with.
    world.open_paypal().await;
    // One of the days was compared because somebody wanted to know, when it may not have been over.
    let yesterday = (now() - TimeDelta::days(1)).date_naive();
    let asked = world
        .store
        .begin_reconciliation(world.merchant_id, Channel::Stripe, yesterday, "ada", now());
    asked.await.unwrap();
    for _ in 0..3 {
        world.start_workers(Ahead(TimeDelta::zero())).await;
    }
    assert_eq!(world.count(SET_BACK).await, 1);
    world.wait_until(WEEK + 1, || world.count(DONE)).await;
    assert_eq!(
        (world.count(RUNS).await, world.count(DAYS).await),
        (WEEK, days_seen(now()))
    );

    // A day later there is one more.
    world.stop_workers().await;
    world.start_workers(Ahead(TimeDelta::days(1))).await;
    world.wait_until(WEEK + 2, || world.count(DONE)).await;
    assert_eq!(world.count(RUNS).await, WEEK + 1);
    world.close().await;
}

/// In the first half hour of a day, yesterday is not due yet.
fn days_seen(now: DateTime<Utc>) -> i64 {
    let is_due = (now - TimeDelta::minutes(30)).date_naive() == now.date_naive();
    if is_due { WEEK } else { WEEK + 1 }
}

#[tokio::test]
async fn a_provider_that_is_away_is_asked_again() {
    let world = world().await;
    world
        .fault(
            "GET /v1/balance_transactions",
            "error",
            json!({ "status": 503, "times": 1 }),
        )
        .await;
    let (day, merchant) = (now().date_naive(), world.merchant_id);
    let job = world
        .store
        .begin_reconciliation(merchant, Channel::Stripe, day, "ada", now());
    let job = job.await.unwrap();
    world.wait_until(true, async || is_done(&world, &job).await).await;
    let tried = "select count(*) from job_failures where kind = 'reconcile' and disposition = 'retry'";
    assert_eq!(world.count(tried).await, 1);
    world.close().await;
}

async fn is_done(world: &World, job: &domain::job::Reconcile) -> bool {
    let run = world.store.reconciliation(job.reconciliation_id()).await.unwrap();
    run.is_some_and(|run| run.ending.is_some())
}
