//! Payments in review are asked about again and again, until their provider says what became of them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::{
    channel::Channel,
    clock::SystemClock,
    job::QueryPayment,
    merchant::Terms,
    payment::{Failure, NextStep, Payment, PaymentStatus},
};
use futures::future::join_all;
use serde_json::json;

use crate::support::{Ahead, World, key, now, request, world};

/// Every call there is.
const EVERYTHING: &str = "*";
/// The call that asks whether there is an intent.
const ASKING: &str = "GET /v1/payment_intents";

/// A payment whose provider answered no try, and was silent when asked.
async fn lost_from_sight(world: &World, fault: &str) -> Payment {
    world.fault(EVERYTHING, fault, json!({})).await;
    let job = world.job("k", request(Some("pm_card_visa")));
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::NeedsReview).await
}

/// What the merchant was told, in no order.
async fn told(world: &World) -> BTreeSet<String> {
    let deliveries = world.deliveries().await;
    let kinds = deliveries.iter().map(|told| told["type"].as_str().unwrap());
    kinds.map(str::to_owned).collect()
}

fn both(then: &str) -> BTreeSet<String> {
    ["payment.needs_review", then].map(str::to_owned).into()
}

async fn queries(world: &World) -> i64 {
    world.count("select max(queries)::bigint from payments").await
}

async fn parked(world: &World) -> i64 {
    world
        .count("select count(*) from job_failures where kind = 'query_payment'")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_did_is_found_when_it_answers_again() {
    let world = world().await;
    let payment = lost_from_sight(&world, "hang_after").await;
    world.mend_provider().await;
    let paid = world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    assert_eq!(paid.failure, None);
    world
        .wait_until(both("payment.succeeded"), async || told(&world).await)
        .await;
    assert_eq!(world.intents().await.len(), 1);
    assert_eq!(parked(&world).await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_never_did_is_failed_when_it_answers_again() {
    let world = world().await;
    let payment = lost_from_sight(&world, "hang_before").await;
    world.mend_provider().await;
    let failed = world.wait_for(payment.id, PaymentStatus::Failed).await;
    assert_eq!(failed.failure, Some(Failure::provider_unavailable()));
    world
        .wait_until(both("payment.failed"), async || told(&world).await)
        .await;
    assert_eq!(world.intents().await.len(), 0);
    assert_eq!(parked(&world).await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_asked_again_and_nothing_is_parked() {
    let world = world().await;
    world.fault(EVERYTHING, "error", json!({ "status": 503 })).await;
    let payment = world.in_review("k").await;
    world.wait_until(3, async || queries(&world).await).await;
    let asked = async || {
        world
            .count("select count(*) from payment_records where operation = 'find_intent'")
            .await
    };
    world.wait_until(3, asked).await;
    let seen = world.store.payment(payment.id).await.unwrap().unwrap();
    assert_eq!(seen.failure.unwrap().next_step, NextStep::Wait);
    assert_eq!(seen.version, payment.version);
    let (count, oldest) = world.store.in_review().await.unwrap();
    assert_eq!(
        (count, oldest.map(|at| at.timestamp_millis())),
        (1, Some(payment.updated_at.timestamp_millis()))
    );
    assert_eq!((parked(&world).await, told(&world).await.len()), (0, 0));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_about_other_money_is_left_for_people() {
    let world = world().await;
    let payment = world.in_review("k").await;
    world.open_at_provider(&payment, 2_999).await;
    let mismatch =
        "select count(*) from payment_records where operation = 'find_intent' and outcome = 'mismatch'";
    world
        .wait_until(true, async || world.count(mismatch).await > 0)
        .await;
    let seen = world.store.payment(payment.id).await.unwrap().unwrap();
    assert_eq!((seen.status, seen.intent_id), (PaymentStatus::NeedsReview, None));
    world.close().await;
}

/// Three processes sweep at the same time; each query is made by one of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_made_once_however_many_sweep() {
    let mut world = world().await;
    world.fault(ASKING, "error", json!({ "status": 503 })).await;
    world.start_workers(SystemClock).await;
    world.start_workers(SystemClock).await;
    let names: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    join_all(names.iter().map(|name| world.in_review(name))).await;
    let asked_by = "select count(*) from payment_records where operation = 'find_intent'";
    let queries = "select sum(queries)::bigint from payments";
    world
        .wait_until(true, async || world.count(queries).await >= 200)
        .await;
    world.stop_workers().await;
    let scheduled = world.count(queries).await;
    let waiting = world.count("select count(*) from outbox").await;
    assert_eq!(waiting, 0, "what was swept is relayed before the end");
    let jobs = "select count(distinct job_id) from payment_records where operation = 'find_intent'";
    assert_eq!(
        world.count(asked_by).await,
        world.count(jobs).await,
        "of {scheduled} queries"
    );
    world.close().await;
}

/// A day later the provider knows the idempotency key no more; a second call would open a second intent.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_later_the_intent_is_found_and_not_opened_again() {
    let mut world = world().await;
    let payment = lost_from_sight(&world, "hang_after").await;
    world.stop_workers().await;
    world.mend_provider().await;
    world.delete("/sandbox/stripe/idempotency_keys").await;
    world.start_workers(Ahead(TimeDelta::hours(25))).await;
    world
        .publish(&world.job("k", request(Some("pm_card_visa"))))
        .await;
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_later_what_was_never_opened_is_asked_about_and_opened_once() {
    let mut world = world().await;
    world.stop_workers().await;
    let mut patient = request(None);
    patient.expires_in_s = Some(3 * 86_400);
    let terms = Terms::default();
    let payment = Payment::new(
        world.merchant_id,
        key("k"),
        patient.clone(),
        Channel::Stripe,
        &terms,
        now(),
    );
    world.store_new(&payment).await;
    world.sweep_nothing().await;
    world.start_workers(Ahead(TimeDelta::hours(25))).await;
    world.publish(&world.job("k", patient)).await;
    world.wait_for(payment.id, PaymentStatus::RequiresAction).await;
    assert_eq!(world.calls().await, [ASKING, "POST /v1/payment_intents"]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_about_a_payment_that_does_not_exist_is_parked() {
    let world = world().await;
    let query = QueryPayment {
        payment_id: world.job("k", request(None)).payment_id(),
        merchant_id: world.merchant_id,
        query: 1,
    };
    world.publish(&query).await;
    world.wait_until(1, async || parked(&world).await).await;
    world.close().await;
}

/// The payer acted, and every callback about it was lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_waits_is_asked_about_in_case_a_callback_was_lost() {
    let world = world().await;
    let (paid, declined, at_work) = (
        world.open("paid").await,
        world.open("declined").await,
        world.open("at-work").await,
    );
    assert!(world.pay(&paid, json!({})).await);
    let card = json!({ "payment_method": "pm_card_chargeDeclined" });
    assert!(!world.pay(&declined, card).await);
    let bank = json!({ "payment_method": "pm_usBankAccount_processing" });
    assert!(world.pay(&at_work, bank).await);
    world.wait_for(paid.id, PaymentStatus::Succeeded).await;
    world.wait_for(declined.id, PaymentStatus::Failed).await;
    world.wait_for(at_work.id, PaymentStatus::Processing).await;
    // What the provider is at work on is asked about anew.
    let settle = format!(
        "/sandbox/stripe/intents/{}/settle",
        at_work.intent_id.as_deref().unwrap()
    );
    world.post(&settle, json!({ "paid": true })).await;
    world.wait_for(at_work.id, PaymentStatus::Succeeded).await;
    // By their ids: nothing was looked for.
    assert_eq!(world.called(ASKING).await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_waits_stays_as_it_is_while_its_provider_is_silent() {
    let world = world().await;
    let payment = world.open("k").await;
    world.fault(EVERYTHING, "error", json!({ "status": 503 })).await;
    let asked = async || {
        world
            .count("select count(*) from payment_records where operation = 'retrieve_intent'")
            .await
    };
    world.wait_until(true, async || asked().await > 0).await;
    assert_eq!(world.now_is(&payment).await, payment);
    assert_eq!((parked(&world).await, told(&world).await.len()), (0, 0));
    world.close().await;
}
