//! PostgreSQL at its worst: commits whose answer is lost, connections that fall silent, no connections left.

use std::time::Duration;

use domain::{
    channel::Channel,
    id::{IdempotencyKey, MerchantId, PaymentId},
    secret::Secret,
};
use e2e::{Scene, wait};
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::{
    Store, StoreConfig, Vault,
    testing::{TEST_KEY, TestDatabase},
};

use crate::harness::{Sluice, until, wire_to_store};

fn order() -> Value {
    json!({ "amount": 1999, "currency": "EUR" })
}

async fn session(database: &TestDatabase) -> PgConnection {
    PgConnection::connect(&database.url()).await.unwrap()
}

async fn run(session: &mut PgConnection, sql: impl Into<String>) {
    let sql = AssertSqlSafe(sql.into());
    sqlx::raw_sql(sql).execute(session).await.unwrap();
}

async fn holds(session: &mut PgConnection, sql: &str) -> bool {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::query_scalar(sql).fetch_one(session).await.unwrap()
}

/// Lets `act` lead to a transaction with `operation` on `table`, lets that commit, and keeps the answer from whoever
/// committed: the wire breaks before it comes.
async fn lose_the_answer_to_a_commit(
    sluice: &Sluice,
    table: &str,
    operation: &str,
    act: impl Future<Output = ()>,
) {
    let (mut gate, mut other) = (session(&sluice.database).await, session(&sluice.database).await);
    let trap = format!(
        "select pg_advisory_lock(42);
         create function wait_at_commit() returns trigger language plpgsql as $$
         begin perform pg_advisory_xact_lock(42); return null; end $$;
         create constraint trigger wait_at_commit after {operation} on {table} deferrable initially deferred
         for each row execute function wait_at_commit()"
    );
    run(&mut gate, trap).await;
    act.await;
    const COMMITTING: &str = "select max(pid) from pg_stat_activity where datname = current_database()
                              and query = 'COMMIT' and wait_event = 'advisory'";
    let ask = async || Ok(sqlx::query_scalar(COMMITTING).fetch_one(&mut other).await?);
    let committing: Option<i32> = wait::until(sluice.world.patience, ask, Option::is_some)
        .await
        .unwrap();
    let pid = committing.unwrap_or_else(|| panic!("no commit on {table}"));
    sluice.store_wire.lose_answers(Duration::ZERO);
    run(&mut gate, "select pg_advisory_unlock(42)").await;
    // It has committed and found nobody to tell.
    let gone = format!("select not exists (select from pg_stat_activity where pid = {pid})");
    assert!(
        until(true, async || holds(&mut other, &gone).await).await,
        "the answer came on {table}"
    );
    run(&mut other, "drop function wait_at_commit cascade").await;
    sluice.store_wire.restore();
}

async fn assert_paid_once(sluice: &Sluice, scene: &Scene<'_>, payment: &str) {
    let paid = scene.payment_until(payment, "succeeded").await.unwrap();
    assert_eq!(paid.text("/status"), "succeeded", "{}", paid.body);
    let told = scene.told_in_the_end(payment, 1).await.unwrap();
    let mut ids: Vec<&str> = told.iter().map(|told| told.id.as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{told:?}");
    let intents = scene.intents_of(payment).await.unwrap();
    assert_eq!(
        intents
            .iter()
            .map(|intent| intent.charges_succeeded)
            .collect::<Vec<_>>(),
        [1]
    );
    assert_eq!(
        until(0, async || sluice.count("select count(*) from outbox").await).await,
        0
    );
    assert_eq!(
        sluice
            .count("select count(*) from notifications where status <> 'delivered'")
            .await,
        0
    );
    assert_eq!(
        sluice.count("select count(*) from job_failures").await,
        0,
        "a try was used up"
    );
}

/// How often the only payment has changed.
const VERSION: &str = "select version::bigint from payments";

/// Done, and nobody knows: the job comes again, finds its work and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_heard_of_is_recognised() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("lost-commits").await;
    let api = &scene.merchant.api;
    let create = async {
        assert_eq!(api.create("order-1", &order()).await.unwrap().status, 202);
    };
    lose_the_answer_to_a_commit(&sluice, "payments", "insert", create).await;
    let payment = api
        .create("order-1", &order())
        .await
        .unwrap()
        .text("/id")
        .to_owned();
    let open = scene.payment_until(&payment, "requires_action").await.unwrap();
    assert_eq!(open.text("/status"), "requires_action", "{}", open.body);
    let intent = scene.intents_of(&payment).await.unwrap()[0].id.clone();
    let open_version = sluice.count(VERSION).await;

    let pay = async {
        assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    };
    lose_the_answer_to_a_commit(&sluice, "payment_callbacks", "insert", pay).await;
    assert_paid_once(&sluice, &scene, &payment).await;
    assert_eq!(
        sluice.count(VERSION).await,
        open_version + 1,
        "changed by the success"
    );
    sluice.stop().await;
}

/// The relay and the notifier publish or send again, under the same id.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_commit_a_notification_keeps_its_id() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("lost-commits").await;
    for (table, operation) in [("outbox", "delete"), ("notification_attempts", "insert")] {
        let (payment, intent) = scene.payable(&order()).await.unwrap();
        let pay = async {
            assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
        };
        lose_the_answer_to_a_commit(&sluice, table, operation, pay).await;
        let told = scene.told_in_the_end(&payment, 1).await.unwrap();
        let mut ids: Vec<&str> = told.iter().map(|told| told.id.as_str()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{table}: {told:?}");
    }
    let undelivered = async || {
        sluice
            .count("select count(*) from notifications where status <> 'delivered'")
            .await
    };
    assert_eq!(until(0, undelivered).await, 0);
    assert_eq!(
        until(0, async || sluice.count("select count(*) from outbox").await).await,
        0
    );
    assert_eq!(sluice.count("select count(*) from job_failures").await, 0);
    sluice.stop().await;
}

/// Those who ask give up, and their connections say nothing more, not even that they are broken: the pool must not count
/// on them for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_leaves_connections_behind_that_fell_silent() {
    const CONNECTIONS: u32 = 4;
    let database = TestDatabase::create().await;
    let (wire, url) = wire_to_store(&database).await;
    let config = StoreConfig {
        url,
        max_connections: CONNECTIONS,
        acquire_timeout: Duration::from_secs(1),
        read_only: false,
    };
    let store = Store::connect_lazily(&config, Vault::from_keys(&Secret::new(TEST_KEY)).unwrap()).unwrap();
    let (mut other, mut watching) = (session(&database).await, session(&database).await);
    let merchant = MerchantId::random();
    let payment = PaymentId::derive(merchant, &IdempotencyKey::try_from("k".to_owned()).unwrap());
    run(&mut other, "begin; lock table payments").await;
    let asking: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let store = store.clone();
            // Again and again, as PostgreSQL cuts off who waits for a lock.
            tokio::spawn(async move {
                loop {
                    let _cut_off = store.payment_of_intent(merchant, Channel::Stripe, "pi_1").await;
                }
            })
        })
        .collect();
    let all_wait = "select count(*) = 4 from pg_stat_activity where datname = current_database()
                    and application_name = 'sluice' and wait_event_type = 'Lock'";
    assert!(until(true, async || holds(&mut watching, all_wait).await).await);
    wire.forsake();
    for one in &asking {
        one.abort();
    }
    let _aborted = join_all(asking).await;
    run(&mut other, "commit").await;
    let answered = until(true, async || store.payment(payment).await.is_ok()).await;
    assert!(answered, "the pool has no connection left");
}

/// The relay has messages in hand when its connection falls silent. It lets go of them, and others are relayed.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_connection_falls_silent_goes_on() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("silent").await;
    let (payment, intent) = scene.payable(&order()).await.unwrap();
    let (mut other, mut watching) = (session(&sluice.database).await, session(&sluice.database).await);
    sluice.wire.stall();
    let row = "insert into outbox (job_id, kind, correlation_id, schema, body, created_at)
               values ('job_1', 'notify_merchant', 'none', 1, '{}', now())";
    run(&mut other, row).await;
    // It holds the row while it publishes, so that nobody else can.
    const CLAIMED: &str = "select not exists (select from outbox for update skip locked)";
    assert!(until(true, async || holds(&mut watching, CLAIMED).await).await);
    sluice.store_wire.forsake();
    sluice.wire.restore();
    sluice.until_ready(200).await;
    assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    let told = scene.told_until(&payment, 1).await.unwrap();
    assert_eq!(told.len(), 1, "nothing is relayed any more");
    sluice.stop().await;
}

/// The sweeper has asked what is due when its connection falls silent. It asks again over another.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweeper_whose_connection_falls_silent_goes_on() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("silent").await;
    scene.payable(&order()).await.unwrap();
    let (mut other, mut watching) = (session(&sluice.database).await, session(&sluice.database).await);
    run(&mut other, "begin; lock table payments in exclusive mode").await;
    const ASKING: &str = "select count(*) > 0 from pg_stat_activity where datname = current_database()
                          and query like '%with again%' and wait_event_type = 'Lock' and pid <> pg_backend_pid()";
    assert!(until(true, async || holds(&mut watching, ASKING).await).await);
    sluice.store_wire.forsake();
    run(&mut other, "commit").await;
    let in_review = "update payments set status = 'needs_review', updated_at = now() - interval '1 day'";
    run(&mut other, in_review).await;
    let asked = async || sluice.count("select max(queries)::bigint from payments").await > 0;
    assert!(until(true, asked).await, "nothing is swept any more");
    sluice.stop().await;
}

/// PostgreSQL has no connection left for Sluice: ingress accepts, the workers say so and put off, and no try is used up.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_left_payments_are_accepted_and_done_later() {
    // The groups belong to the server; the first database of it brings them along.
    drop(TestDatabase::create().await);
    let role = format!("tight_{}", uuid::Uuid::new_v4().simple());
    let server = std::env::var("DATABASE_URL").unwrap();
    let mut admin = PgConnection::connect(&server).await.unwrap();
    let create = format!("create role {role} login password 'tight' in role sluice_reader, sluice_writer");
    run(&mut admin, create).await;
    let sluice = Sluice::start_with(|config| {
        let mut url: reqwest::Url = config.store.url.expose().parse().unwrap();
        url.set_username(&role).unwrap();
        url.set_password(Some("tight")).unwrap();
        config.store.url = Secret::new(url.to_string());
    })
    .await;
    let scene = sluice.scene("tight").await;
    let (earlier, intent) = scene.payable(&order()).await.unwrap();
    let throw_out = format!(
        "alter role {role} connection limit 0;
         select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'"
    );
    run(&mut admin, throw_out).await;
    let readiness = format!("http://{}/readyz", sluice.workers_internal);
    let ready = async || sluice.world.http.get(&readiness).send().await.unwrap();
    assert_eq!(until(503, async || ready().await.status().as_u16()).await, 503);
    // A connection that was in use a moment ago is found out by who uses it next, and only then there is none left.
    let has_none_left = async || {
        let lines = ready().await.text().await.unwrap();
        lines.contains("pool timed out") && lines.contains("\"recorder\":\"ok\"")
    };
    assert!(until(true, has_none_left).await);
    let accepted = join_all((0..5).map(async |number: usize| {
        let answer = scene
            .merchant
            .api
            .create(&format!("order-{number}"), &order())
            .await
            .unwrap();
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.text("/id").to_owned()
    }))
    .await;

    run(&mut admin, format!("alter role {role} connection limit -1")).await;
    for payment in &accepted {
        let open = scene.payment_until(payment, "requires_action").await.unwrap();
        assert_eq!(open.text("/status"), "requires_action", "{}", open.body);
        assert_eq!(scene.intents_of(payment).await.unwrap().len(), 1);
    }
    assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    assert_paid_once(&sluice, &scene, &earlier).await;
    assert_eq!(until(200, async || ready().await.status().as_u16()).await, 200);
    sluice.stop().await;
    run(&mut admin, format!("drop role {role}")).await;
}
