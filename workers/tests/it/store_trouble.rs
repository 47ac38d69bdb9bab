//! PostgreSQL in trouble that passes by itself: a job is put off without using up a try, and in the end it is done once.

use domain::{
    job::{CreateIntent, ProcessCallback},
    payment::{Payment, PaymentStatus},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    process_callback::{intent, opened},
    support::{World, request, world, world_with},
};

/// Raises, in turn, what passes by itself: transactions that were in each other's way, a full disk, a lost connection, a
/// server that turned read-only, an idle transaction ended, no memory or connections left, locks and statements that
/// took too long, an operator, a disk that fails. The counters are sequences, which no rollback takes back.
const TROUBLE: &str = "
create function trouble() returns trigger language plpgsql security definer as $$
declare
  codes text[] := array['40001', '40P01', '53100', '08006', '25006', '25P03', '53200', '53300', '55P03', '57014',
                        '57P01', '57P03', '58030'];
  visit bigint := nextval(tg_argv[0]);
begin
  if visit <= tg_argv[1]::integer then
    raise exception 'trouble % at %', visit, tg_argv[0] using errcode = codes[visit];
  end if;
  return null;
end $$";

/// Where trouble comes up, and how often. The relay waits a second after each.
const PLACES: [(&str, &str, usize); 8] = [
    ("payments", "insert", 13),
    ("payments", "update", 3),
    ("payment_records", "insert", 3),
    ("payment_callbacks", "insert", 3),
    ("notifications", "insert", 3),
    ("notification_attempts", "insert", 3),
    ("outbox", "insert", 3),
    ("outbox", "delete", 2),
];

async fn session(world: &World) -> PgConnection {
    PgConnection::connect(&world.database.url()).await.unwrap()
}

async fn run(session: &mut PgConnection, sql: impl Into<String>) {
    let sql = AssertSqlSafe(sql.into());
    sqlx::raw_sql(sql).execute(session).await.unwrap();
}

async fn make_trouble(world: &World) {
    let mut session = session(world).await;
    run(&mut session, TROUBLE).await;
    for (table, operation, times) in PLACES {
        make_trouble_at(&mut session, table, operation, times).await;
    }
}

async fn make_trouble_at(session: &mut PgConnection, table: &str, operation: &str, times: usize) {
    let counter = format!("trouble_{times}_{table}_{operation}");
    let trigger = format!(
        "create sequence {counter};
         create trigger trouble_at_{operation} before {operation} on {table}
         for each statement execute function trouble('{counter}', {times})"
    );
    run(session, trigger).await;
}

/// The places where trouble has not come up as often as it was to.
const SPARED: &str = "
select count(*) from pg_sequences where sequencename like 'trouble%'
and coalesce(last_value, 0) <= split_part(sequencename, '_', 2)::integer";

fn paid(world: &World, payment: &Payment) -> ProcessCallback {
    world.callback("evt_1", "payment_intent.succeeded", &intent(payment, "succeeded"))
}

/// Done exactly once, as if nothing had been: one intent, one notification, no try used up.
async fn assert_paid_once(world: &World, payment: &Payment) {
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    let outbox = async || world.count("select count(*) from outbox").await;
    world.wait_until(0, outbox).await;
    let told = async || {
        world
            .count("select count(*) from notifications where status = 'delivered'")
            .await
    };
    world.wait_until(1, told).await;
    let mut ids: Vec<String> = world
        .deliveries()
        .await
        .iter()
        .map(|told| told["id"].to_string())
        .collect();
    ids.dedup();
    assert_eq!((ids.len(), world.intents().await.len()), (1, 1), "{ids:?}");
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_passes_uses_up_no_try_wherever_it_comes_up() {
    let world = world().await;
    make_trouble(&world).await;
    let payment = opened(&world, "k").await;
    world.publish(&paid(&world, &payment)).await;
    assert_paid_once(&world, &payment).await;

    // The story of a try that failed is told in the end as well, and as that of the first try.
    make_trouble_at(&mut session(&world).await, "job_failures", "insert", 3).await;
    let job = CreateIntent {
        merchant_id: world.merchant_without_credentials().await,
        ..world.job("k", request(None))
    };
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    let story =
        "select string_agg(attempt || ' ' || disposition || ' ' || error_class, ',') from job_failures";
    assert_eq!(world.query::<String>(story).await, "1 dead_letter misconfigured");
    assert_eq!(
        world.count(SPARED).await,
        0,
        "not all the trouble came up that was made"
    );
    world.close().await;
}

/// Nobody has called the provider yet, so there is nothing to ask it about.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_could_not_be_stored_at_first_is_opened_with_one_call() {
    let world = world().await;
    let mut other = session(&world).await;
    run(&mut other, TROUBLE).await;
    make_trouble_at(&mut other, "payments", "insert", 1).await;
    let job = world.job("k", request(None));
    world.publish(&job).await;
    world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    assert_eq!(world.count(SPARED).await, 0, "there was no trouble");
    assert_eq!(world.calls().await, ["POST /v1/payment_intents"]);
    world.close().await;
}

/// Waits until a session of the workers waits for a lock.
async fn until_held_up(world: &World) {
    let waiting = "select count(*) > 0 from pg_stat_activity
                   where datname = current_database() and application_name = 'sluice' and wait_event_type = 'Lock'";
    world
        .wait_until(true, async || world.query::<bool>(waiting).await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_deadlock_costs_no_try() {
    // PostgreSQL looks for a deadlock once, this long after the wait began: time enough to make one.
    let world = world_with(|config| {
        let url = format!("{}%20-c%20deadlock_timeout%3D1800ms", config.store.url.expose());
        config.store.url = domain::secret::Secret::new(url);
    })
    .await;
    let payment = opened(&world, "k").await;
    let callback = paid(&world, &payment);
    let mut other = session(&world).await;
    // The worker looks for it long before this session does, so it is the one that gives way.
    run(&mut other, "set deadlock_timeout = '30s'; begin").await;
    run(
        &mut other,
        format!(
            "select from payments where id = '{}' for update",
            payment.id.as_uuid()
        ),
    )
    .await;
    world.publish(&callback).await;
    until_held_up(&world).await;
    let same_callback = format!(
        "insert into payment_callbacks (channel, merchant_id, event_id, event_type, outcome, sealed_body, received_at,
                                        processed_at)
         values ('stripe', '{}', 'evt_1', 'x', 'ignored', 'x', now(), now())",
        world.merchant_id.as_uuid()
    );
    run(&mut other, same_callback).await;
    run(&mut other, "rollback").await;
    assert_paid_once(&world, &payment).await;
    let counted = "select deadlocks from pg_stat_database where datname = current_database()";
    world
        .wait_until(1, async || world.query::<i64>(counted).await)
        .await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_cut_off_behind_a_lock_cost_no_try() {
    let world = world().await;
    let payment = opened(&world, "k").await;
    let mut other = session(&world).await;
    run(&mut other, "begin; lock table payment_callbacks").await;
    world.publish(&paid(&world, &payment)).await;
    // What PostgreSQL does by itself when a statement takes too long.
    let cut_off = "select pg_cancel_backend(pid) from pg_stat_activity
                   where datname = current_database() and application_name = 'sluice' and wait_event_type = 'Lock'";
    for _ in 0..5 {
        until_held_up(&world).await;
        run(&mut other, cut_off).await;
    }
    run(&mut other, "commit").await;
    assert_paid_once(&world, &payment).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_not_given_in_time_costs_no_try() {
    let world = world().await;
    let payment = opened(&world, "k").await;
    let mut other = session(&world).await;
    let lock = format!(
        "begin; select from payments where id = '{}' for update",
        payment.id.as_uuid()
    );
    run(&mut other, lock).await;
    world.publish(&paid(&world, &payment)).await;
    let rolled_back = "select xact_rollback from pg_stat_database where datname = current_database()";
    let before = world.query::<i64>(rolled_back).await;
    world
        .wait_until(true, async || world.query::<i64>(rolled_back).await >= before + 2)
        .await;
    run(&mut other, "commit").await;
    assert_paid_once(&world, &payment).await;
    world.close().await;
}

/// A standby that takes over, or a primary that is being replaced: it answers, and refuses every write.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_turned_read_only_is_waited_for_and_left_behind() {
    let world = world().await;
    let payment = opened(&world, "k").await;
    let mut other = session(&world).await;
    let name: String = world.query("select current_database()::text").await;
    let throw_out = "select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and application_name = 'sluice'";
    run(
        &mut other,
        format!("alter database {name} set default_transaction_read_only = on"),
    )
    .await;
    run(&mut other, throw_out).await;
    world.publish(&paid(&world, &payment)).await;
    let rolled_back = "select xact_rollback from pg_stat_database where datname = current_database()";
    let before = world.query::<i64>(rolled_back).await;
    world
        .wait_until(true, async || world.query::<i64>(rolled_back).await >= before + 5)
        .await;
    // The setting counts for sessions that begin now: those of before still lead to the server that refuses.
    run(
        &mut other,
        format!("set default_transaction_read_only = off; alter database {name} reset default_transaction_read_only"),
    )
    .await;
    assert_paid_once(&world, &payment).await;
    world.close().await;
}

/// What PostgreSQL refuses for good is tried as often as any failure and then parked, with PostgreSQL's words and with
/// its story, and it holds up nobody. Once the reason is gone, the parked job can be sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_refused_for_good_ends_where_people_look() {
    let world = world().await;
    let (bad, good) = (world.job("bad", request(None)), world.job("good", request(None)));
    let mut other = session(&world).await;
    let refuse = format!(
        "create function refuse() returns trigger language plpgsql as $$
         begin raise exception 'not this one' using errcode = 'check_violation'; end $$;
         create trigger refuse before update on payments for each row
         when (old.id = '{}') execute function refuse()",
        bad.payment_id().as_uuid()
    );
    run(&mut other, refuse).await;
    world.publish(&bad).await;
    world.publish(&good).await;
    world
        .wait_for(good.payment_id(), PaymentStatus::RequiresAction)
        .await;
    let story = "select string_agg(attempt || ' ' || disposition || ' ' || error_class, ',' order by id)
                 from job_failures where reason like '%not this one%'";
    let told = "1 retry internal,2 retry internal,3 retry internal,4 dead_letter internal".to_owned();
    world
        .wait_until(Some(told), async || world.query::<Option<String>>(story).await)
        .await;
    let parked = world.parked("create_intent").await;
    assert!(
        parked["properties"]["headers"]["reason"]
            .to_string()
            .contains("not this one"),
        "{parked}"
    );

    run(&mut other, "drop trigger refuse on payments").await;
    world.publish(&bad).await;
    world
        .wait_for(bad.payment_id(), PaymentStatus::RequiresAction)
        .await;
    assert_eq!(world.intents().await.len(), 2);
    world.close().await;
}

/// Messages of a version that was rolled back, say: more of them than the relay takes at once, and older than the rest.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_sent_hold_up_no_others() {
    let world = world().await;
    let mut other = session(&world).await;
    let poison = "insert into outbox (job_id, kind, correlation_id, schema, body, created_at)
                  select 'job_' || n, case when n % 2 = 0 then 'fly_to_the_moon' else repeat('x', 300) end, 'none', 1,
                         '{}', now() from generate_series(1, 700) n";
    run(&mut other, poison).await;
    let job = world.job("k", request(Some("pm_card_visa")));
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    world.wait_until(1, async || world.deliveries().await.len()).await;
    assert_eq!(
        world.count("select count(*) from outbox").await,
        700,
        "what cannot be sent is kept, and nothing else; {}",
        payment.id
    );
    run(&mut other, "update outbox set kind = 'notify_merchant'").await;
    world
        .wait_until(0, async || world.count("select count(*) from outbox").await)
        .await;
    world.close().await;
}
