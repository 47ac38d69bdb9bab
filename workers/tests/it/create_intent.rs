//! Opening intents: repeated, raced, refused, cut off, unknown.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    channel::{Channel, Flow, Method},
    clock::SystemClock,
    job::{CreateIntent, Envelope},
    payment::{Failure, NextStep, Payer, PayerDetails, Payment, PaymentEvent, PaymentRequest, PaymentStatus},
    secret::Secret,
    trace::TraceParent,
};
use futures::future::join_all;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use store::{Record, Vault, Verdict, testing::TEST_KEY};

use crate::{
    routing::nothing_was_sent,
    support::{UNIT, World, key, now, request, world},
};

/// The call that opens an intent.
const OPENING: &str = "POST /v1/payment_intents";
/// Every call there is.
const EVERYTHING: &str = "*";
/// A call that was begun so long ago is not sent any more: a third of 90 units of the retry ladder, and some more. Less than
/// what a lock is waited for.
const TOO_LATE: Duration = Duration::from_millis(UNIT.as_millis() as u64 * 35);

#[tokio::test(flavor = "multi_thread")]
async fn the_same_job_many_times_at_once_opens_one_intent() {
    let world = world().await;
    let job = world.job("k", request(None));
    join_all((0..12).map(|_| world.publish(&job))).await;
    let payment = world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    let intents = world.intents().await;
    assert_eq!(intents.len(), 1, "{intents:?}");
    assert_eq!(payment.intent_id.as_deref(), intents[0]["id"].as_str());
    assert!(payment.next_action.is_some());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decline_fails_at_once_and_says_what_helps() {
    let world = world().await;
    let job = world.job("k", request(Some("pm_card_chargeDeclinedInsufficientFunds")));
    world.publish(&job).await;
    let failure = world
        .wait_for(job.payment_id(), PaymentStatus::Failed)
        .await
        .failure
        .unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.next_step),
        ("insufficient_funds", NextStep::UseAnotherPaymentMethod)
    );
    world.wait_until(1, async || world.deliveries().await.len()).await;
    assert_eq!(world.deliveries().await[0]["type"], "payment.failed");
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_under_the_same_key_is_parked_and_leaves_the_payment_alone() {
    let world = world().await;
    let job = world.job("k", request(None));
    world.publish(&job).await;
    let before = world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    let mut other = job.clone();
    other.request.money.amount_minor = 2999;
    world.publish(&other).await;
    let parked = async || {
        world
            .count("select count(*) from job_failures where error_class = 'conflict'")
            .await
    };
    world.wait_until(1, parked).await;
    assert_eq!(
        world.store.payment(job.payment_id()).await.unwrap().unwrap(),
        before
    );
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_provider_is_not_retried() {
    let world = world().await;
    world.fault(OPENING, "error", json!({ "status": 400 })).await;
    let job = world.job("k", request(None));
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    assert_eq!(payment.failure.unwrap().next_step, NextStep::ContactMerchant);
    let tries = world.count("select count(*) from payment_records").await;
    let parked = world
        .count("select count(*) from job_failures where disposition = 'dead_letter'")
        .await;
    assert_eq!((tries, parked), (1, 1));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_done_without_an_answer_is_found_again_and_not_repeated() {
    let world = world().await;
    world.fault(OPENING, "hang_after", json!({ "times": 1 })).await;
    let job = world.job("k", request(Some("pm_card_visa")));
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    assert_eq!(world.intents().await.len(), 1);
    assert_eq!(
        world
            .count("select count(*) from payment_records where outcome = 'unknown'")
            .await,
        1
    );
    world.close().await;
}

/// The provider stores its 500 under the idempotency key and repeats it for ever: only asking tells.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_the_provider_repeats_is_settled_by_asking() {
    let world = world().await;
    world
        .fault(OPENING, "error_after", json!({ "status": 500, "times": 1 }))
        .await;
    let job = world.job("k", request(Some("pm_card_visa")));
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_unknown_is_reviewed_and_a_replay_asks_first() {
    let world = world().await;
    world.fault(EVERYTHING, "hang_after", json!({})).await;
    let job = world.job("k", request(Some("pm_card_visa")));
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::NeedsReview).await;
    assert_eq!(payment.failure.unwrap().next_step, NextStep::Wait);
    world.wait_until(1, async || world.deliveries().await.len()).await;
    assert_eq!(world.deliveries().await[0]["type"], "payment.needs_review");
    world.mend_provider().await;
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_older_than_the_provider_keeps_it_is_asked_about_first() {
    let world = world().await;
    let job = world.job("k", request(None));
    // The intent exists, opened two days ago by a worker that never wrote it down.
    let mut old = Payment::new(
        world.merchant_id,
        key("k"),
        request(None),
        Channel::Stripe,
        &domain::merchant::Terms::default(),
        now(),
    );
    old.created_at -= TimeDelta::days(2);
    world.store_new(&old).await;
    world.open_at_provider(&old, 1999).await;
    world.publish(&job).await;
    world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

/// The first try may have charged; that the key is bad by now says nothing about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_an_unknown_try_does_not_fail_the_payment() {
    let world = world().await;
    world.fault(OPENING, "hang_after", json!({ "times": 1 })).await;
    world.fault(EVERYTHING, "error", json!({ "status": 401 })).await;
    let job = world.job("k", request(Some("pm_card_visa")));
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::NeedsReview).await;
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

/// Every try runs out of time while the provider is still at work on the first.
#[tokio::test(flavor = "multi_thread")]
async fn the_provider_is_given_time_before_its_silence_counts() {
    let world = world().await;
    world.fault(OPENING, "slow", json!({ "delay_ms": 3_000 })).await;
    let job = world.job("k", request(Some("pm_card_visa")));
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    assert_eq!(world.intents().await.len(), 1);
    assert_eq!(
        world
            .count("select count(*) from job_failures where disposition = 'dead_letter'")
            .await,
        0
    );
    world.close().await;
}

/// A process died in the middle of the call; after that the provider cannot be reached any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_cut_off_is_not_forgotten() {
    let world = world().await;
    let payment = world.stored("k").await;
    world.fault(EVERYTHING, "reset_before", json!({})).await;
    world.publish(&world.job("k", request(None))).await;
    world.wait_for(payment.id, PaymentStatus::NeedsReview).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_nothing_is_sent_and_the_payment_fails() {
    let world = world().await;
    let stranger = world.merchant_without_credentials().await;
    let mut job = world.job("k", request(None));
    job.merchant_id = stranger;
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    assert_eq!(payment.failure.unwrap().code, "not_configured");
    world.close().await;
}

/// A repeat under a key that the provider still knows is safe, and much sooner done than a question is answered for good.
#[tokio::test(flavor = "multi_thread")]
async fn having_been_put_off_is_no_reason_to_ask() {
    let world = world().await;
    let payment = world.stored("k").await;
    let job = Envelope::new(&world.job("k", request(None)), TraceParent::root(), now());
    world.publish_envelope(&Envelope { snoozes: 3, ..job }).await;
    world.wait_for(payment.id, PaymentStatus::RequiresAction).await;
    assert_eq!(world.calls().await, [OPENING]);
    world.close().await;
}

/// Whoever is frozen between beginning a call and sending it may wake up when others have concluded that it is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_not_sent_in_time_is_begun_again() {
    let world = world().await;
    let payment = world.stored("k").await;
    // Its beginning is dated, and cannot be written for as long as somebody else has the payment.
    let mut holder = PgConnection::connect(&world.database.url()).await.unwrap();
    let hold = "begin; select from payments for update";
    sqlx::raw_sql(hold).execute(&mut holder).await.unwrap();
    world.publish(&world.job("k", request(None))).await;
    let held_up = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    world
        .wait_until(true, async || world.count(held_up).await > 0)
        .await;
    tokio::time::sleep(TOO_LATE).await;
    sqlx::raw_sql("commit").execute(&mut holder).await.unwrap();
    world.wait_for(payment.id, PaymentStatus::RequiresAction).await;
    let told: Vec<String> = world
        .query("select array_agg(outcome order by id) from payment_records where operation = 'create_intent'")
        .await;
    assert_eq!(told[..2], ["started", "not_done"], "sent too late: {told:?}");
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

/// One run has found that no call is open and is about to fail the payment; before it does, another begins a call.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_begins_outdates_what_was_concluded_before() {
    let world = world().await;
    let read_before = world.stored("k").await;
    world.fault(OPENING, "hang_after", json!({ "times": 1 })).await;
    world.publish(&world.job("k", request(None))).await;
    let begun = "select count(*) from payment_records where outcome = 'started'";
    world.wait_until(1, async || world.count(begun).await).await;
    let gave_up = PaymentEvent::GaveUp(Failure::provider_unavailable());
    let record = Record {
        payment: Some(read_before.clone().apply(gave_up).unwrap().payment),
        ..Record::default()
    };
    assert_eq!(world.recorder.write(record).await.unwrap(), Verdict::Stale);
    world
        .wait_for(read_before.id, PaymentStatus::RequiresAction)
        .await;
    world.close().await;
}

/// The job of a stored payment whose payer was told of in this form.
async fn told_of(world: &World, sealed: String, request: PaymentRequest) -> CreateIntent {
    let payer = Some(PayerDetails::Sealed(sealed));
    let job = world.job("k", PaymentRequest { payer, ..request });
    let terms = domain::merchant::Terms::default();
    let (key, request) = (job.idempotency_key.clone(), job.request.clone());
    let payment = Payment::new(job.merchant_id, key, request, Channel::Stripe, &terms, now());
    world.store_new(&payment).await;
    nothing_was_sent(world, &payment).await;
    job
}

/// While keys are being rotated, a process may not have the one that sealed it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_the_payer_waits_for_its_key() {
    const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    runtime::telemetry::install_recorder().unwrap();
    let mut world = world().await;
    let vault = Vault::from_keys(&Secret::new(OTHER_KEY)).unwrap();
    let place = Payer::place(world.job("k", request(None)).payment_id());
    let sealed = vault.seal_text(&place, br#"{"ip":"192.0.2.77"}"#);
    let job = told_of(&world, sealed, request(None)).await;
    world.publish(&job).await;
    world
        .wait_until(true, async || world.ended("create_intent", "snooze") > 0)
        .await;
    assert_eq!(world.calls().await, Vec::<String>::new());
    world.stop_workers().await;
    let both = format!("{TEST_KEY},{OTHER_KEY}");
    world.config.vault = Vault::from_keys(&Secret::new(both)).unwrap();
    world.start_workers(SystemClock).await;
    world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    world.close().await;
}

/// Its job would be refused, and sent again by the sweep, for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_payment_whose_payer_is_lost_fails() {
    let world = world().await;
    let by_wechat = PaymentRequest {
        method: Some(Method::WechatPay),
        flow: Some(Flow::MobileWeb),
        ..request(None)
    };
    let job = told_of(&world, "AAAA".into(), by_wechat).await;
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    assert_eq!(world.calls().await, Vec::<String>::new());
    world.close().await;
}
