//! What is rolled up is what a count of the payments themselves gives, and of the orders.

mod orders;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    channel::{ChannelRefundStatus, IntentStatus},
    payment::{Payment, PaymentStatus},
    scope::Scope,
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};
use store::{Counted, Days, Grouping, PaymentFigures, PaymentFilter, Record, RollUp, Verdict, Zone};

use crate::support::{World, at, seen, transfers, world};

const QUARTER_S: i64 = 900;
const LONG_AFTER: i64 = 5 * 86_400;
const LONG_AGO: i64 = -3 * 86_400;

/// What the figures are, counted from the payments, for each currency and day of a zone.
const RECOUNT: &str = "
select 'day' as grouping, ((payment.created_at at time zone $2)::date)::text as key, payment.currency,
       count(*) as payments,
       count(*) filter (where status = 'succeeded') as succeeded,
       count(*) filter (where status = 'failed') as failed,
       count(*) filter (where status = 'canceled') as canceled,
       count(*) filter (where status = 'expired') as expired,
       count(*) filter (where refunded_minor > 0) as refunded,
       sum(amount_minor)::bigint as amount_minor,
       coalesce(sum(amount_minor) filter (where status = 'succeeded'), 0)::bigint as paid_minor,
       sum(refunded_minor)::bigint as refunded_minor,
       coalesce(sum(round(extract(epoch from paid.at - payment.created_at) * 1000))
                filter (where status = 'succeeded'), 0)::bigint as paying_ms
from payments payment
left join ledger_transfers paid on paid.payment_id = payment.id and paid.kind = 'payment'
where payment.merchant_id = $1 group by 1, 2, 3 order by 1, 2, 3";

/// What happens to one payment.
#[derive(Debug, Clone, Copy)]
struct Fate {
    asked_at_s: i64,
    ends_as: IntentEnd,
}

#[derive(Debug, Clone, Copy)]
enum IntentEnd {
    Open,
    Paid,
    Canceled,
    Refunded,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let end = select(vec![
        IntentEnd::Open,
        IntentEnd::Paid,
        IntentEnd::Canceled,
        IntentEnd::Refunded,
    ]);
    let fate = (-2 * 86_400..20_i64, end).prop_map(|(asked_at_s, ends_as)| Fate { asked_at_s, ends_as });
    vec(fate, 1..12)
}

/// The days that anything here is about.
fn days(zone: Zone) -> Days {
    Days {
        zone,
        from: NaiveDate::from_ymd_opt(1969, 12, 1).unwrap(),
        to: NaiveDate::from_ymd_opt(1970, 2, 1).unwrap(),
    }
}

fn filter(zone: Zone) -> PaymentFilter {
    PaymentFilter::of(days(zone))
}

/// Stores a payment as if it had been asked for then.
async fn asked_for(world: &World, key: &str, asked_at: DateTime<Utc>) -> Payment {
    let payment = Payment {
        created_at: asked_at,
        updated_at: asked_at,
        ..world.payment(key)
    };
    let record = Record {
        new_payment: Some(payment.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    payment
}

async fn change(world: &World, payment: Payment, status: IntentStatus) -> Payment {
    let applied = seen(payment, status);
    let record = Record {
        payment: Some(applied.payment.clone()),
        transfers: transfers(&applied.effects),
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    world.store.payment(applied.payment.id).await.unwrap().unwrap()
}

async fn meet(world: &World, key: &str, fate: Fate) {
    let payment = asked_for(world, key, at(fate.asked_at_s)).await;
    let status = match fate.ends_as {
        IntentEnd::Open => IntentStatus::RequiresAction,
        IntentEnd::Canceled => IntentStatus::Canceled,
        IntentEnd::Paid | IntentEnd::Refunded => IntentStatus::Succeeded,
    };
    let payment = change(world, payment, status).await;
    if let IntentEnd::Refunded = fate.ends_as {
        let (refund, payment) = world.refunding(&payment, &format!("{key}-back"), 700).await;
        world
            .refund_seen(refund, payment, ChannelRefundStatus::Succeeded)
            .await;
    }
}

impl World {
    /// What the merchant's payments come to.
    async fn figures(
        &self,
        filter: &PaymentFilter,
        grouping: Grouping,
    ) -> Result<Vec<PaymentFigures>, store::StoreError> {
        let scope = Scope::Merchant(self.merchant_id);
        self.store
            .within(&scope)
            .payment_statistics(filter, &[grouping])
            .await
    }
}

/// Rolls up to the end, in as many steps as it takes.
async fn roll_up(world: &World, counted: Counted, now: DateTime<Utc>) -> usize {
    for steps in 1.. {
        match world.store.roll_up(counted, now).await.unwrap() {
            RollUp::Until(until) if until == now => return steps,
            RollUp::Until(until) => assert!(until < now),
            RollUp::Taken => panic!("nobody else rolls up"),
        }
    }
    unreachable!()
}

async fn recount(world: &World, zone: &str) -> Vec<PaymentFigures> {
    sqlx::query_as(RECOUNT)
        .bind(world.merchant_id.as_uuid())
        .bind(zone)
        .fetch_all(&mut world.owner().await)
        .await
        .unwrap()
}

/// As if nothing had ever been counted.
async fn begin_at(world: &World, then: DateTime<Utc>) {
    let begin = sqlx::query("update statistics_progress set done_until = $1").bind(then);
    begin.execute(&mut world.owner().await).await.unwrap();
}

async fn agrees_with_a_recount(fates: Vec<Fate>) {
    let world = world().await;
    begin_at(&world, at(LONG_AGO)).await;
    let half = fates.len() / 2;
    for (number, fate) in fates[..half].iter().enumerate() {
        meet(&world, &number.to_string(), *fate).await;
    }
    roll_up(&world, Counted::Payments, at(LONG_AFTER)).await;
    for (number, fate) in fates.iter().enumerate().skip(half) {
        meet(&world, &number.to_string(), *fate).await;
    }
    // Changes that are told with times of before are looked for again: here all are of the first days.
    begin_at(&world, at(LONG_AGO)).await;
    roll_up(&world, Counted::Payments, at(LONG_AFTER)).await;
    roll_up(&world, Counted::Payments, at(LONG_AFTER)).await;
    for name in ["UTC", "Asia/Kathmandu", "America/St_Johns", "Asia/Shanghai"] {
        let (zone, _) = zone(&world, name, at(0)).await.unwrap();
        let told = world.figures(&filter(zone), Grouping::Day).await.unwrap();
        assert_eq!(told, recount(&world, name).await, "{name}");
    }
}

#[test]
fn the_figures_are_those_of_a_recount() {
    in_each_case(fates(), agrees_with_a_recount);
}

/// Holds whatever happened.
fn in_each_case<Fate: std::fmt::Debug, Holding: Future<Output = ()>>(
    cases: impl Strategy<Value = Vec<Fate>>,
    holds: impl Fn(Vec<Fate>) -> Holding,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 8,
        max_shrink_iters: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&cases, |fates| {
            runtime.block_on(holds(fates));
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn days_of_silence_are_caught_up_with_step_by_step() {
    let world = world().await;
    begin_at(&world, at(0)).await;
    asked_for(&world, "early", at(100)).await;
    asked_for(&world, "late", at(LONG_AFTER - 100)).await;
    let steps = roll_up(&world, Counted::Payments, at(LONG_AFTER)).await;
    assert_eq!(steps, 120, "five days, an hour at a time");
    let told = world.figures(&filter(Zone::utc()), Grouping::None).await.unwrap();
    assert_eq!(told[0].payments, 2);
    let of = async |scope: &Scope| {
        let figures = world
            .store
            .within(scope)
            .payment_statistics(&filter(Zone::utc()), &[Grouping::None])
            .await;
        figures
            .unwrap()
            .iter()
            .map(|figures| figures.payments)
            .sum::<i64>()
    };
    assert_eq!(of(&Scope::All).await, 2);
    assert_eq!(of(&Scope::Merchant(domain::id::MerchantId::random())).await, 0);
    assert_eq!(
        of(&Scope::User(world.merchant_id, "anna".parse().unwrap())).await,
        0
    );
    assert_eq!(
        world
            .store
            .within(&Scope::All)
            .statistics_until(&[Counted::Payments])
            .await
            .unwrap(),
        at(LONG_AFTER)
    );
}

#[tokio::test]
async fn a_payment_counts_where_it_stands_now_and_nowhere_else() {
    let world = world().await;
    begin_at(&world, at(0)).await;
    let payment = asked_for(&world, "k", at(QUARTER_S)).await;
    roll_up(&world, Counted::Payments, at(QUARTER_S * 2)).await;
    let by_status = async || {
        let told = world
            .figures(&filter(Zone::utc()), Grouping::Status)
            .await
            .unwrap();
        told.into_iter()
            .map(|figures| (figures.key.unwrap(), figures.payments))
            .collect::<Vec<_>>()
    };
    assert_eq!(by_status().await, [("pending".to_owned(), 1)]);
    change(&world, payment, IntentStatus::Succeeded).await;
    begin_at(&world, at(0)).await;
    roll_up(&world, Counted::Payments, at(QUARTER_S * 2)).await;
    assert_eq!(by_status().await, [("succeeded".to_owned(), 1)]);
    let failed = PaymentFilter {
        status: Some(PaymentStatus::Failed),
        ..filter(Zone::utc())
    };
    assert_eq!(world.figures(&failed, Grouping::None).await.unwrap(), []);
}

#[tokio::test]
async fn only_one_rolls_up_and_whoever_asks_meanwhile_is_told() {
    let world = world().await;
    let mut other = world.owner().await;
    let mut held = sqlx::Connection::begin(&mut other).await.unwrap();
    let claim = "select 1 from statistics_progress where what = 'payments' for update";
    sqlx::query(claim).execute(&mut *held).await.unwrap();
    assert_eq!(
        world
            .store
            .roll_up(Counted::Payments, at(LONG_AFTER))
            .await
            .unwrap(),
        RollUp::Taken
    );
    held.rollback().await.unwrap();
    assert_ne!(
        world
            .store
            .roll_up(Counted::Payments, at(LONG_AFTER))
            .await
            .unwrap(),
        RollUp::Taken
    );
}

async fn zone(world: &World, name: &str, now: DateTime<Utc>) -> Option<(Zone, NaiveDate)> {
    world.store.within(&Scope::All).zone(name, now).await.unwrap()
}

#[tokio::test]
async fn a_zone_is_one_that_there_is_and_has_a_day_of_its_own() {
    let world = world().await;
    assert_eq!(zone(&world, "Europe/Nowhere", at(0)).await, None);
    assert_eq!(zone(&world, "FOO+3", at(0)).await, None);
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let utc = zone(&world, "UTC", at(0)).await;
    assert_eq!(utc, Some((Zone::utc(), day(1970, 1, 1))));
    let (_, in_new_york) = zone(&world, "America/New_York", at(0)).await.unwrap();
    assert_eq!(in_new_york, day(1969, 12, 31));
}

/// With the rights that workers have, and no others; and what comes in late, with a time of before.
#[tokio::test]
async fn what_is_committed_after_a_roll_up_is_found_by_the_next() {
    let world = world().await;
    let store = world.database.store_as_writer();
    begin_at(&world, at(0)).await;
    assert_eq!(
        store.roll_up(Counted::Payments, at(QUARTER_S)).await.unwrap(),
        RollUp::Until(at(QUARTER_S))
    );
    asked_for(&world, "late", at(QUARTER_S - 240)).await;
    assert_eq!(
        store.roll_up(Counted::Payments, at(QUARTER_S + 1)).await.unwrap(),
        RollUp::Until(at(QUARTER_S + 1))
    );
    let told = world.figures(&filter(Zone::utc()), Grouping::None).await.unwrap();
    assert_eq!(told[0].payments, 1);
    assert_eq!(
        store.roll_up(Counted::Payments, at(QUARTER_S + 2)).await.unwrap(),
        RollUp::Until(at(QUARTER_S + 2))
    );
    let again = world.figures(&filter(Zone::utc()), Grouping::None).await.unwrap();
    assert_eq!(again, told);
    store.close().await;
}
