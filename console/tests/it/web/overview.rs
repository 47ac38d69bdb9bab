//! The overview against real queues and payments.

use std::time::Duration;

use broker::topology;
use domain::operator::Role;
use reqwest::header;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::site::{Site, site};

/// The broker's statistics are some seconds old.
const PATIENCE: Duration = Duration::from_secs(40);

/// The text of a page without its tags.
pub fn words(page: &str) -> String {
    let inner = page
        .split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    inner
        .collect::<Vec<_>>()
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// A message in a queue of the site's vhost.
async fn put(site: &Site, queue: &str) {
    let message = json!({ "properties": {"delivery_mode": 2}, "routing_key": queue, "payload": "{}", "payload_encoding": "string" });
    let path = "exchanges/{vhost}/amq.default/publish";
    site.vhost.management().post(path, message).await;
}

pub async fn execute(site: &Site, sql: &'static str) {
    let mut connection = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
}

pub const IN_REVIEW: &str = "
insert into merchants (id, name, created_at) values ('00000000-0000-4000-8000-000000000001', 'Shop', now());
insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, request,
                      created_at, updated_at, expires_at)
values ('00000000-0000-4000-8000-0000000000aa', '00000000-0000-4000-8000-000000000001', 'k', sha256('k'),
        'needs_review', 1999, 'USD', 'stripe', '{}', now() - interval '2 hours', now() - interval '2 hours',
        now() + interval '1 day');
insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at, channel)
select '00000000-0000-4000-8000-0000000000aa', 'job', n, 'create_intent',
       case when n <= 6 then 'ok' when n <= 8 then 'declined' else 'unknown' end, 100 * n, now() - interval '1 minute',
       'stripe'
from generate_series(1, 10) as n;
insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at, channel)
values ('00000000-0000-4000-8000-0000000000aa', 'job', 1, 'create_intent', 'started', 0, now(), 'stripe'),
       ('00000000-0000-4000-8000-0000000000aa', 'job', 1, 'create_intent', 'ok', 10, now() - interval '2 days', 'stripe');
insert into connected_accounts (id, merchant_id, user_id, channel, idempotency_key, fingerprint, country, status,
                                requirements, created_at, updated_at)
values ('00000000-0000-4000-8000-0000000000bb', '00000000-0000-4000-8000-000000000001', 'u', 'stripe', 'k', sha256('k'),
        'US', 'needs_review', '{}', now(), now() - interval '3 hours');
insert into outbox (job_id, kind, correlation_id, schema, body, created_at)
values ('job', 'create_intent', 'x', 1, '', now() - interval '5 minutes')";

const CIRCUITS: &str = "
insert into channel_circuits (process, channel, calls, state, seen_at)
select gen_random_uuid(), 'stripe', 'changes', 'open', now() + interval '1 hour' from generate_series(1, 2);
insert into channel_circuits (process, channel, calls, state, seen_at)
values (gen_random_uuid(), 'paypal', 'questions', 'half_open', now() + interval '1 hour'),
       (gen_random_uuid(), 'alipay', 'changes', 'open', now() - interval '1 hour')";

#[tokio::test]
async fn it_shows_what_the_servers_hold() {
    let site = site().await;
    topology::ensure(&site.vhost.config(Duration::from_secs(1)))
        .await
        .unwrap();
    execute(&site, IN_REVIEW).await;
    execute(&site, CIRCUITS).await;
    for queue in [
        "jobs.create_intent",
        "jobs.create_intent",
        "dead.create_refund",
        "retry.12h",
    ] {
        put(&site, queue).await;
    }
    let browser = site.signed_in("anna", Role::Viewer).await;
    let seen = async {
        loop {
            let page = words(&browser.page("/").await);
            if page.contains("create_intent 2 0 ")
                && page.contains("Dead letters 1")
                && page.contains("12h 1")
            {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let page = tokio::time::timeout(PATIENCE, seen)
        .await
        .expect("the queues are shown");
    for wanted in [
        "Payments in review 1 oldest: 2 h 0 min",
        "Refunds in review 0 nothing waits",
        "Payouts in review 0 nothing waits",
        "Connected accounts in review 1 oldest: 3 h 0 min",
        "Outbox 1 oldest: 5 min",
        // 10 calls, the one that has only begun not among them, nor that of the day before yesterday.
        "stripe 15 min 10 60.0 % 20.0 % 20.0 % 550 ms 955 ms 1 min",
        "stripe 24 h 10 ",
        "Retries that wait (1)",
        "stripe: the circuit breaker is open (worker processes: 2).",
        "paypal: one query finds out whether the provider is back (worker processes: 1).",
    ] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert!(!page.contains("alipay"), "nobody says so any more: {page}");
    let review = words(&browser.page("/review").await);
    for wanted in [
        "pay_000000000000400080000000000000aa",
        "mer_00000000000040008000000000000001",
        "1999 USD",
    ] {
        assert!(review.contains(wanted), "{wanted}: {review}");
    }
    site.close().await;
}

#[tokio::test]
async fn a_change_arrives_by_itself_and_the_stream_ends_with_the_session() {
    let site = site().await;
    let browser = site.signed_in("anna", Role::Viewer).await;
    let mut answer = browser.get("/live").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut received = String::new();
    let mut until = async |wanted: &str| {
        while !received.contains(wanted) {
            let chunk = answer.chunk().await.unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("ended before {wanted}: {received}"));
            received.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    let first = tokio::time::timeout(PATIENCE, until("\"id\":\"work\""));
    first.await.expect("what there is comes at once");
    execute(&site, IN_REVIEW).await;
    let change = tokio::time::timeout(PATIENCE, until("oldest: 2 h 0 min"));
    change.await.expect("the change comes by itself");
    for event in received.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let event: Value = serde_json::from_str(event).unwrap();
        assert!(event["id"].is_string() && event["html"].is_string());
    }
    assert!(site.desk.run(&["operators", "disable", "--name", "anna"]).ok);
    let ended = tokio::time::timeout(PATIENCE, async {
        while let Ok(Some(_)) = answer.chunk().await {}
    });
    ended.await.expect("it ends with the session");
    let refused = browser
        .get("/live")
        .headers(
            [(header::ACCEPT, "text/event-stream".parse().unwrap())]
                .into_iter()
                .collect(),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 401, "a program is not sent to a page");
    site.close().await;
}

/// The page that is open asks again by itself, when nobody has looked at the new process yet.
#[tokio::test]
async fn an_open_page_goes_on_after_a_restart() {
    let mut site = site().await;
    let browser = site.signed_in("anna", Role::Viewer).await;
    site.restart().await;
    let mut answer = browser.get("/live").send().await.unwrap();
    let first = tokio::time::timeout(PATIENCE, answer.chunk()).await.unwrap();
    let first = first.unwrap().expect("it does not end at once");
    assert!(String::from_utf8_lossy(&first).contains("data: "));
    site.close().await;
}

/// A page that stays open must not keep the process from ending.
#[tokio::test]
async fn an_open_stream_does_not_hold_up_the_end() {
    let site = site().await;
    let browser = site.signed_in("anna", Role::Viewer).await;
    let _open = browser.get("/live").send().await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(8), site.close());
    stopped.await.expect("it ends");
}
