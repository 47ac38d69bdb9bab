//! A timeline shows what happened, and of nobody who they are.

use serde_json::Value;
use sqlx::{Connection, PgConnection};

use crate::desk::{Desk, desk};

/// None of these may be shown.
pub const PLANTED: [&str; 9] = [
    "ada@example.com",
    "Lovelace",
    "203.0.113.9",
    "2001:db8::7",
    "151 2345678",
    "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "4242424242424242",
    "pm_1Nsecret",
    "hunter2",
];

/// Everywhere that somebody can write something, somebody wrote something about Ada.
pub const PERSONAL: &str = "
create function everything() returns text language sql as $$
  select $x$'Ada Lovelace' ada@example.com from 203.0.113.9:80 and 2001:db8::7, +49 151 2345678, oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,
  4242424242424242, pm_1Nsecret, \"hunter2\"$x$ $$;
set session_replication_role = replica;
insert into orders (id, merchant_id, idempotency_key, fingerprint, status, stage, total_minor, currency, user_id, reference,
                    description, metadata, created_at, updated_at)
select '00000000-0000-0000-0000-000000000001', id, everything(), sha256('x'), 'created', 'created', 500, 'USD', 'hunter2',
       everything(), everything(), jsonb_build_object('who', everything()), now(), now() from merchants;
insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, intent_id, failure,
                      request, version, user_id, created_at, updated_at)
select '00000000-0000-0000-0000-000000000002', id, everything(), sha256('x'), 'failed', 500, 'USD', 'alipay', '2026112722001',
       jsonb_build_object('code', 'declined', 'message', everything(), 'next_step', 'wait'),
       jsonb_build_object('description', everything(), 'user_id', 'hunter2'), 3, 'hunter2', now(), now() from merchants;
insert into order_actions (merchant_id, action, idempotency_key, order_id, fingerprint, outcome, payment_id, at)
select id, 'pay', 'k', '00000000-0000-0000-0000-000000000001', sha256('x'), '{}', '00000000-0000-0000-0000-000000000002', now()
from merchants;
insert into order_logs (order_id, step, status, operator, reason, at)
values ('00000000-0000-0000-0000-000000000001', 'create', 'created', everything(), everything(), now());
insert into payment_actions (merchant_id, action, idempotency_key, payment_id, fingerprint, request, outcome, at)
select id, 'confirm', everything(), '00000000-0000-0000-0000-000000000002', sha256('x'),
       jsonb_build_object('payment_method', everything()),
       jsonb_build_object('outcome', 'refused', 'message', everything()), now() from merchants;
insert into payment_records (payment_id, job_id, attempt, operation, outcome, error, duration_ms, at, channel)
values ('00000000-0000-0000-0000-000000000002', 'job_1', 2, 'create_intent', 'refused', everything(), 120, now(), 'alipay');
insert into job_failures (job_id, kind, attempt, disposition, error_class, reason, correlation_id, at)
values ('job_1', 'create_intent', 2, 'dead_letter', 'refused', everything(), 'pay_00000000000000000000000000000002', now());
insert into job_failures (job_id, kind, attempt, disposition, error_class, reason, correlation_id, merchant_id, at)
values ('job_4', 'create_intent', 1, 'dead_letter', 'refused', 'of another merchant', 'pay_00000000000000000000000000000002',
        gen_random_uuid(), now());
insert into notifications (id, merchant_id, payment_id, event_type, payload, status, created_at, finished_at)
select '00000000-0000-0000-0000-000000000003', id, '00000000-0000-0000-0000-000000000002', 'payment.failed', everything(),
       'exhausted', now(), now() from merchants;
insert into notification_attempts (notification_id, attempt, http_status, error, response, duration_ms, at)
values ('00000000-0000-0000-0000-000000000003', 1, 500, everything(), everything(), 12, now());
insert into disputes (id, merchant_id, payment_id, channel, channel_dispute_id, amount_minor, currency, reason, status,
                      created_at, updated_at)
select gen_random_uuid(), id, '00000000-0000-0000-0000-000000000002', 'alipay', 'dp_1', 500, 'USD', everything(), 'open', now(), now()
from merchants;
insert into refunds (id, merchant_id, payment_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, failure,
                     request, version, created_at, updated_at)
select '00000000-0000-0000-0000-000000000004', id, '00000000-0000-0000-0000-000000000002', everything(), sha256('x'), 'failed', 500,
       'USD', 'alipay', jsonb_build_object('code', 'refused', 'message', everything(), 'next_step', 'wait'),
       jsonb_build_object('reason', everything(), 'operator', everything()), 2, now(), now() from merchants;
insert into refund_records (refund_id, job_id, attempt, operation, outcome, error, duration_ms, at)
values ('00000000-0000-0000-0000-000000000004', 'job_2', 1, 'create_refund', 'refused', everything(), 120, now());
insert into audit_log (actor, action, subject, at)
values ('console:ada', 'notification.resend', 'ntf_00000000000000000000000000000003: ' || everything(), now());
insert into outbox (job_id, kind, correlation_id, schema, body, created_at)
values ('job_3', 'query_payment', 'pay_00000000000000000000000000000002', 1, convert_to(everything(), 'utf8'), now())";

async fn planted() -> Desk {
    let desk = desk().await;
    desk.merchant(&[]);
    let mut owner = PgConnection::connect(&desk.database.url()).await.unwrap();
    sqlx::raw_sql(PERSONAL).execute(&mut owner).await.unwrap();
    desk
}

#[tokio::test]
async fn what_was_planted_is_nowhere_in_it_and_everything_else_is() {
    let desk = planted().await;
    let order = "ord_00000000000000000000000000000001";
    let lines = desk.run(&["timeline", order]);
    let answer = desk.run(&["timeline", order, "--json"]);
    for (shown, what) in [(&lines.out, "lines"), (&answer.out, "JSON")] {
        for planted in PLANTED {
            assert!(!shown.contains(planted), "{planted} is in the {what}: {shown}");
        }
    }
    let answer = answer.json();
    let entries = answer["entries"].as_array().unwrap();
    let of = |source: &str| entries.iter().filter(|entry| entry["source"] == source).count();
    let counts: Vec<(&str, usize)> = [
        "request",
        "payment",
        "order",
        "exchange",
        "job",
        "notification",
        "dispute",
        "refund",
        "audit",
    ]
    .map(|source| (source, of(source)))
    .into();
    assert_eq!(
        counts,
        [
            ("request", 3),
            ("payment", 1),
            ("order", 1),
            ("exchange", 2),
            ("job", 2),
            ("notification", 3),
            ("dispute", 1),
            ("refund", 2),
            ("audit", 1),
        ]
    );
    let failure = entries
        .iter()
        .find(|entry| entry["event"] == "create_intent was given up and parked")
        .unwrap();
    assert_eq!(
        (failure["attempt"].as_i64(), failure["error_class"].as_str()),
        (Some(2), Some("refused"))
    );
    assert!(
        failure["reason"].as_str().unwrap().contains("[address]"),
        "{failure}"
    );
    assert!(lines.out.contains("attempt 1, HTTP 500, 12 ms"), "{}", lines.out);
    for id in [
        "pay_00000000000000000000000000000002",
        "rfd_00000000000000000000000000000004",
    ] {
        let shown = desk.run(&["timeline", id]).out;
        assert!(PLANTED.iter().all(|planted| !shown.contains(planted)), "{shown}");
    }
    for args in [
        vec!["notifications", "show", "ntf_00000000000000000000000000000003"],
        vec![
            "notifications",
            "list",
            "--payment",
            "pay_00000000000000000000000000000002",
        ],
        vec!["notifications", "health"],
    ] {
        let shown = desk.run(&args);
        assert!(shown.ok, "{}", shown.err);
        assert!(
            PLANTED.iter().all(|planted| !shown.out.contains(planted)),
            "{}",
            shown.out
        );
    }
    desk.close().await;
}

#[tokio::test]
async fn what_is_not_there_has_no_timeline() {
    let desk = desk().await;
    desk.run(&["timeline", "pay_00000000000000000000000000000002"])
        .refused("there is no payment");
    desk.run(&["timeline", "nonsense"])
        .refused("an id is pay_, rfd_, ord_ or wal_");
    desk.run(&["timeline", "pay_1", "--limit", "0"])
        .refused("--limit");
    desk.close().await;
}

#[tokio::test]
async fn of_much_the_newest_is_shown_and_the_rest_counted() {
    let desk = planted().await;
    let mut owner = PgConnection::connect(&desk.database.url()).await.unwrap();
    let many = "insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at, channel)
                select '00000000-0000-0000-0000-000000000002', 'job_9', 1, 'retrieve_intent', 'ok', 1,
                       now() + make_interval(secs => number), 'alipay' from generate_series(1, 6000) as number";
    sqlx::query(many).execute(&mut owner).await.unwrap();
    let run = |limit: &str| {
        desk.run(&[
            "timeline",
            "pay_00000000000000000000000000000002",
            "--limit",
            limit,
            "--json",
        ])
        .json()
    };
    let (few, more): (Value, Value) = (run("10"), run("100"));
    assert_eq!(few["entries"].as_array().unwrap().len(), 10);
    assert_eq!(few["left_out_at_least"], true, "nobody counts for ever");
    assert!(few["left_out"].as_u64().unwrap() >= 4_990);
    assert_eq!(few["entries"][9], more["entries"][99]);
    desk.close().await;
}
