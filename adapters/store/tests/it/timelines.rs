//! A timeline, a list of notifications and what is kept back are read by indexes, however much there is.
//!
//! Not in it, as it reads a good part of tables of this size: the tries of a day for the health of endpoints, and the newest
//! thousand lines of a wallet with their transfers.

use std::time::Duration;

use domain::id::{NotificationId, OrderId, PaymentId, RefundId};
use sqlx::{Connection, PgConnection};
use store::{Doing, NotificationFilter, NotificationState, NotificationsOf, Resend, TimelineOf};
use uuid::Uuid;

use crate::support::{World, at, world};

/// What is large in production; the rest is a handful of rows that are read whole.
const LARGE: [&str; 17] = [
    "payments",
    // Where all of them are that came before the next months.
    "payment_records_before",
    "payment_callbacks",
    "payment_actions",
    "refunds",
    "refund_records",
    "disputes",
    "job_failures",
    "outbox",
    "notifications",
    "notification_attempts",
    "ledger_transfers",
    "ledger_postings",
    "orders",
    "order_logs",
    "audit_log",
    "wallet_transactions",
];

/// Number n of each table belongs to number n of the others, all of one merchant, without what guards them.
const CROWD: &str = "
set session_replication_role = replica;
create function id(kind integer, number bigint) returns uuid language sql immutable as
  $$ select (lpad(kind::text, 8, '0') || '-0000-0000-0000-' || lpad(number::text, 12, '0'))::uuid $$;
create temporary table n as select number, (select id from merchants) as merchant, to_timestamp(number) as at
from generate_series(1, 20000) as number;
insert into orders (id, merchant_id, idempotency_key, fingerprint, status, stage, total_minor, currency, metadata, created_at, updated_at)
select id(1, number), merchant, number, sha256('x'), 'created', 'created', 5, 'USD', '{}', at, at from n;
insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, intent_id, request,
                      version, created_at, updated_at)
select id(2, number), merchant, number, sha256('x'), 'succeeded', 5, 'USD', 'stripe', 'pi_' || number,
       '{\"amount_minor\": 5, \"currency\": \"USD\"}', 1, at, at from n;
insert into order_actions (merchant_id, action, idempotency_key, order_id, fingerprint, outcome, payment_id, at)
select merchant, 'pay', number, id(1, number), sha256('x'), '{}', id(2, number), at from n;
insert into order_logs (order_id, step, status, at) select id(1, number), 'create', 'created', at from n;
insert into payment_actions (merchant_id, action, idempotency_key, payment_id, fingerprint, request, outcome, at)
select merchant, 'confirm', number, id(2, number), sha256('x'), '{}', '{\"outcome\": \"done\"}', at from n;
insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at, channel)
select id(2, number), 'job_' || number, 1, 'create_intent', 'ok', 5, at, 'stripe' from n;
insert into payment_callbacks (channel, merchant_id, event_id, event_type, payment_id, outcome, sealed_body, received_at, processed_at)
select 'stripe', merchant, 'evt_' || number, 'x', id(2, number), 'applied', '', at, at from n;
insert into refunds (id, merchant_id, payment_id, idempotency_key, fingerprint, status, amount_minor, currency, channel,
                     channel_refund_id, request, created_at, updated_at)
select id(3, number), merchant, id(2, number), number, sha256('x'), 'succeeded', 5, 'USD', 'stripe', 're_' || number, '{}', at, at from n;
insert into refund_records (refund_id, job_id, attempt, operation, outcome, duration_ms, at)
select id(3, number), 'job_r' || number, 1, 'create_refund', 'ok', 5, at from n;
insert into disputes (id, merchant_id, payment_id, channel, channel_dispute_id, amount_minor, currency, reason, status, created_at, updated_at)
select id(4, number), merchant, id(2, number), 'stripe', 'dp_' || number, 5, 'USD', 'x', 'open', at, at from n;
insert into job_failures (job_id, kind, attempt, disposition, error_class, reason, correlation_id, at)
select 'job_' || number, 'create_intent', 1, 'retry', 'x', 'x', 'pay_' || replace(id(2, number)::text, '-', ''), at from n;
insert into outbox (job_id, kind, correlation_id, schema, body, created_at)
select 'job_' || number, 'x', 'pay_' || replace(id(2, number)::text, '-', ''), 1, '', at from n;
insert into notifications (id, merchant_id, payment_id, event_type, payload, status, created_at, finished_at)
select id(5, number), merchant, id(2, number), 'refund.succeeded',
       json_build_object('data', json_build_object('id', 'rfd_' || replace(id(3, number)::text, '-', ''))),
       case when number % 1000 = 0 then 'exhausted' else 'delivered' end, at, at from n;
insert into notification_attempts (notification_id, attempt, http_status, duration_ms, at) select id(5, number), 1, 200, 5, at from n;
insert into ledger_transfers (id, merchant_id, kind, phase, payment_id, subject, at)
select id(6, number), merchant, 'payment', 'posted', id(2, number), 'rfd_' || replace(id(3, number)::text, '-', ''), at from n;
insert into ledger_accounts (id, merchant_id, kind, detail, currency) select id(7, 1), merchant, 'fees', '', 'USD' from n limit 1;
insert into ledger_postings (transfer_id, ordinal, account_id, currency, layer, amount_minor)
select id(6, number), 0, id(7, 1), 'USD', 'posted', 5 from n;
insert into wallets (id, merchant_id, user_id, currency, created_at, updated_at) select id(8, 1), merchant, 'u', 'USD', at, at from n limit 1;
insert into wallet_transactions (wallet_id, number, transfer_id, kind, phase, subject, amount_minor, hold_minor, balance_minor, held_minor, at)
select id(8, 1), number, id(6, number), 'x', 'posted', 'x', 1, 0, 1, 0, at from n;
insert into audit_log (actor, action, subject, at) select 'x', 'x', 'ntf_' || replace(id(5, number)::text, '-', '') || ': x', at from n;
analyze";

/// Rows of large tables that were read by going through them.
async fn rows_gone_through(owner: &mut PgConnection) -> i64 {
    let read =
        "select coalesce(sum(seq_tup_read), 0)::bigint from pg_stat_user_tables where relname = any ($1)";
    let large: Vec<String> = LARGE.iter().map(|table| (*table).to_owned()).collect();
    sqlx::query_scalar(read)
        .bind(large)
        .fetch_one(owner)
        .await
        .unwrap()
}

async fn scans_of_attempts(owner: &mut PgConnection) -> i64 {
    let used = "select idx_scan::bigint from pg_stat_user_tables where relname = 'notification_attempts'";
    sqlx::query_scalar(used).fetch_one(owner).await.unwrap()
}

fn id(kind: u128, number: u128) -> Uuid {
    format!("{kind:08}-0000-0000-0000-{number:012}").parse().unwrap()
}

async fn read_everything(world: &World) {
    let store = &world.store;
    let payment = PaymentId::from_uuid(id(2, 7_000));
    for of in [
        TimelineOf::Payment(payment),
        TimelineOf::Order(OrderId::from_uuid(id(1, 7_000))),
        TimelineOf::Refund(RefundId::from_uuid(id(3, 7_000))),
    ] {
        let timeline = store.timeline(of, 100).await.unwrap().unwrap();
        assert!(timeline.entries.len() >= 5, "{of:?}: {timeline:?}");
    }
    for (of, state) in [
        (NotificationsOf::Merchant(world.merchant_id), None),
        (
            NotificationsOf::Merchant(world.merchant_id),
            Some(NotificationState::GivenUp),
        ),
        (
            NotificationsOf::Merchant(world.merchant_id),
            Some(NotificationState::Waiting),
        ),
        (NotificationsOf::Payment(payment), None),
        (NotificationsOf::Order(OrderId::from_uuid(id(1, 7_000))), None),
    ] {
        let filter = NotificationFilter { of, state, limit: 10 };
        store.notifications(&filter).await.unwrap();
    }
    store
        .notification(NotificationId::from_uuid(id(5, 7_000)))
        .await
        .unwrap()
        .unwrap();
    assert!(store.held_back_of(&[]).await.unwrap().is_empty());
    assert_eq!(store.release(world.merchant_id, 10, at(20_000)).await.unwrap(), 0);
    let given_up = Resend::GivenUp {
        merchant_id: world.merchant_id,
        since: Some(at(19_000)),
        limit: 1,
    };
    // There is no endpoint, so nothing changes.
    let resent = store
        .resend(&given_up, Doing::because("test", "a test", at(20_000)))
        .await
        .unwrap();
    assert_eq!(resent.no_endpoint, Some(world.merchant_id));
}

#[tokio::test]
async fn no_large_table_is_gone_through_for_people() {
    let world = world().await;
    let mut owner = world.owner().await;
    sqlx::raw_sql(CROWD).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    let mut owner = world.owner().await;
    // What filling took is counted by then.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, used_before) = (
        rows_gone_through(&mut owner).await,
        scans_of_attempts(&mut owner).await,
    );
    // Often enough for plans that do not know their parameters.
    for _ in 0..8 {
        read_everything(&world).await;
    }
    world.store.close().await;
    while scans_of_attempts(&mut owner).await < used_before + 8 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rows_gone_through(&mut owner).await, before);
}
