//! What sweepers and lookups read stays small, however many payments there are: they go by an index.

use std::time::Duration;

use domain::{
    channel::Channel, dead_letter::LetterState, query_schedule::QuerySchedule, scope::Scope,
    wallet::WithdrawalStatus,
};
use sqlx::{Connection, PgConnection};
use store::{HistoryPage, LetterFilter, LetterPage, Page, RefundPage, ReservationPage};

use crate::support::{World, at, world};

/// Some are due, most are not, and all are alive.
const CROWD: &str = "
insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, intent_id,
                      request, user_id, created_at, updated_at, expires_at, next_query_at)
select gen_random_uuid(), merchants.id, number::text, sha256('x'),
       (array['requires_action', 'processing', 'failed', 'needs_review', 'succeeded'])[1 + number % 5], 5, 'USD',
       case number % 10 when 1 then 'paypal' else 'stripe' end, 'pi_' || number, jsonb_build_object('amount_minor', 5, 'currency', 'USD', 'user_id', owner), owner,
       to_timestamp(number), to_timestamp(1000000), to_timestamp(1000000 + number), case when number % 2 = 0 then to_timestamp(1000000 + number) end
from merchants, generate_series(1, 100000) as number, format('user-%s', number % 1000) as owner;
insert into refunds (id, merchant_id, payment_id, idempotency_key, fingerprint, status, amount_minor, currency, channel,
                     channel_refund_id, failure, request, created_at, updated_at, next_query_at)
select gen_random_uuid(), merchant_id, id, idempotency_key, fingerprint,
       case when next_query_at is null then 'processing' else 'needs_review' end, 5, 'USD', 'stripe', 're_' || intent_id,
       case when next_query_at is not null
            then '{\"code\": \"outcome_unknown\", \"message\": \"x\", \"next_step\": \"wait\"}'::jsonb end,
       jsonb_build_object('payment_id', 'pay_' || replace(id::text, '-', '')), created_at, updated_at, next_query_at
from payments where status = 'succeeded';
analyze payments, refunds";

/// Rows that were read by going through a whole table, so far.
async fn rows_gone_through(owner: &mut PgConnection) -> i64 {
    let read =
        "select sum(seq_tup_read)::bigint from pg_stat_user_tables where relname in ('payments', 'refunds')";
    sqlx::query_scalar(read).fetch_one(owner).await.unwrap()
}

/// How often an index of payments or refunds was used, so far.
async fn index_scans(owner: &mut PgConnection) -> i64 {
    let used =
        "select sum(idx_scan)::bigint from pg_stat_user_tables where relname in ('payments', 'refunds')";
    sqlx::query_scalar(used).fetch_one(owner).await.unwrap()
}

async fn read_everything(world: &World) {
    let review = QuerySchedule::in_review(Duration::from_secs(1));
    let waiting = QuerySchedule::waiting(Duration::from_secs(1));
    let now = at(1_000_200);
    let queries = world
        .store
        .claim_queries(now, &review, &waiting, 16)
        .await
        .unwrap();
    assert!(!queries.queries.is_empty() && !queries.refund_queries.is_empty());
    queries.finish(&[]).await.unwrap();
    // So many that the last ones are those that were agreed to.
    let expiries = world
        .store
        .claim_expiries(now, &[Duration::from_secs(1_000)], &[Channel::Paypal], 12)
        .await
        .unwrap();
    assert!(!expiries.expiries.is_empty());
    expiries.finish(&[]).await.unwrap();
    let stripe = Channel::Stripe;
    let payment = world
        .store
        .payment_of_intent(world.merchant_id, stripe, "pi_5")
        .await
        .unwrap();
    let payment_id = Some(payment.unwrap().id);
    let user = || "user-4".parse().unwrap();
    for (scope, user_id, found) in [
        (Scope::All, None, (10, 10)),
        (Scope::Merchant(world.merchant_id), None, (10, 10)),
        (Scope::Merchant(world.merchant_id), Some(user()), (10, 10)),
        (Scope::User(world.merchant_id, user()), None, (10, 10)),
        (
            Scope::User(world.merchant_id, "nobody".parse().unwrap()),
            None,
            (0, 0),
        ),
    ] {
        let store = world.store.within(&scope);
        let page = Page {
            user_id: user_id.clone(),
            limit: 10,
            ..Page::default()
        };
        let payments = store.payments(&page).await.unwrap().len();
        let page = RefundPage {
            user_id,
            limit: 10,
            ..RefundPage::default()
        };
        let refunds = store.refunds(&page).await.unwrap().len();
        assert_eq!((payments, refunds), found, "{scope:?}");
        if let Scope::User(..) = scope {
            let page = HistoryPage {
                user_id: None,
                pages_before: 1,
                size: 10,
            };
            assert_eq!(store.history(&page).await.unwrap().payments.len(), payments);
        }
        let page = RefundPage { payment_id, ..page };
        assert!(store.refunds(&page).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn nothing_that_is_done_often_goes_through_a_whole_table() {
    let world = world().await;
    let mut owner = world.owner().await;
    sqlx::raw_sql(CROWD).execute(&mut owner).await.unwrap();
    // A session's figures are counted at its end at the latest. The refunds were made by going through all payments.
    owner.close().await.unwrap();
    let mut owner = world.owner().await;
    while rows_gone_through(&mut owner).await < 100_000 {
        tokio::task::yield_now().await;
    }
    let before = rows_gone_through(&mut owner).await;
    let used_before = index_scans(&mut owner).await;
    // Often enough for plans that do not know their parameters.
    for _ in 0..8 {
        read_everything(&world).await;
    }
    world.store.close().await;
    while index_scans(&mut owner).await < used_before + 8 * 24 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rows_gone_through(&mut owner).await, before);
}

/// Nearly all have ended, and the oldest are still to be paid out.
const WITHDRAWALS: &str = "
insert into wallets (id, merchant_id, user_id, currency, created_at, updated_at)
select gen_random_uuid(), id, 'anna', 'EUR', now(), now() from merchants;
insert into wallet_withdrawals (id, merchant_id, wallet_id, user_id, currency, amount_minor, status, version, created_at, updated_at)
select gen_random_uuid(), merchant_id, id, user_id, currency, 5, case when number <= 3 then 'requested' else 'completed' end, 1,
       to_timestamp(number), to_timestamp(number)
from wallets, generate_series(1, 50000) as number;
analyze wallet_withdrawals";

/// Withdrawals that were read in whatever way, and how often an index of them was used, so far.
async fn withdrawals_read(owner: &mut PgConnection) -> (i64, i64) {
    let read = "select (seq_tup_read + idx_tup_fetch)::bigint, idx_scan from pg_stat_user_tables
                where relname = 'wallet_withdrawals'";
    sqlx::query_as(read).fetch_one(owner).await.unwrap()
}

#[tokio::test]
async fn what_is_to_be_paid_out_is_found_without_reading_what_was() {
    let world = world().await;
    let mut owner = world.owner().await;
    sqlx::raw_sql(WITHDRAWALS).execute(&mut owner).await.unwrap();
    // A session's figures are counted at its end at the latest.
    owner.close().await.unwrap();
    let mut owner = world.owner().await;
    let (read_before, used_before) = withdrawals_read(&mut owner).await;
    let page = ReservationPage {
        status: Some(WithdrawalStatus::Requested),
        after: None,
        limit: 50,
    };
    for scope in [Scope::Merchant(world.merchant_id), Scope::All] {
        // Often enough for plans that do not know their parameters.
        for _ in 0..8 {
            let asking = world.store.within(&scope);
            assert_eq!(asking.withdrawals_of_all(None, &page).await.unwrap().len(), 3);
        }
    }
    world.store.close().await;
    let mut used = used_before;
    while used < used_before + 16 {
        let read;
        (read, used) = withdrawals_read(&mut owner).await;
        assert!(read - read_before < 1_000, "{} were read", read - read_before);
        tokio::task::yield_now().await;
    }
}

/// Of one kind, merchant and group the oldest are parked, and all the others are done with; whatever else is parked came between.
const LETTERS: &str = "
insert into dead_letter_actions (id, action, actor, reason, selection, letters, created_at, finished_at)
values ('00000000-0000-0000-0000-00000000000a', 'replay', 'anna', 'x', 'x', 1, now(), now());
insert into dead_letter_groups (id, kind, error_class, pattern, first_at, last_at)
values ('00000000-0000-0000-0000-000000000001', 'notify_merchant', 'internal', 'x', now(), now()),
       ('00000000-0000-0000-0000-000000000002', 'create_intent', 'internal', 'y', now(), now());
insert into dead_letters (id, kind, group_id, job_id, attempt, replayed_after, correlation_id, merchant_id, subjects, error_class,
                          reason, parked_by, parked_at, recorded_at, state, action_id, ended_at, message)
select gen_random_uuid(), case which when 1 then 'notify_merchant' else 'create_intent' end,
       ('00000000-0000-0000-0000-00000000000' || which)::uuid, 'job_' || number, 4, 0, 'x',
       ('00000000-0000-4000-8000-00000000000' || which)::uuid, '{}', 'internal', 'x', 'worker', to_timestamp(number),
       to_timestamp(number), case when is_parked then 'parked' else 'replayed' end,
       case when not is_parked then '00000000-0000-0000-0000-00000000000a'::uuid end, case when not is_parked then now() end, ''
from (select number, number <= 3 or number between 10000 and 29999 as is_parked,
             case when number between 4000 and 29999 then 2 else 1 end as which
      from generate_series(1, 40000) as number) as letter;
analyze dead_letters";

/// Letters that were read in whatever way, and how often an index of them was used, so far.
async fn letters_read(owner: &mut PgConnection) -> (i64, i64) {
    let read = "select (seq_tup_read + idx_tup_fetch)::bigint, idx_scan from pg_stat_user_tables
                where relname = 'dead_letters'";
    sqlx::query_as(read).fetch_one(owner).await.unwrap()
}

#[tokio::test]
async fn letters_are_found_by_two_things_at_once_however_many_have_the_one() {
    let world = world().await;
    let mut owner = world.owner().await;
    sqlx::raw_sql(LETTERS).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    let mut owner = world.owner().await;
    let (read_before, used_before) = letters_read(&mut owner).await;
    let parked = LetterFilter {
        state: Some(LetterState::Parked),
        ..LetterFilter::default()
    };
    let pairs = [
        LetterFilter {
            kind: Some("notify_merchant".to_owned()),
            ..parked.clone()
        },
        LetterFilter {
            merchant_id: Some("mer_00000000000040008000000000000001".parse().unwrap()),
            ..parked.clone()
        },
        LetterFilter {
            group_id: Some("dlg_00000000000000000000000000000001".parse().unwrap()),
            ..parked
        },
    ];
    // Often enough for plans that do not know their parameters.
    for filter in pairs.iter().cycle().take(24) {
        let page = LetterPage {
            after: None,
            limit: 50,
        };
        assert_eq!(
            world.store.letters(filter, page).await.unwrap().len(),
            3,
            "{filter:?}"
        );
    }
    world.store.close().await;
    loop {
        let (read, used) = letters_read(&mut owner).await;
        if used >= used_before + 24 {
            assert!(read - read_before < 1_000, "{} were read", read - read_before);
            break;
        }
        tokio::task::yield_now().await;
    }
}
