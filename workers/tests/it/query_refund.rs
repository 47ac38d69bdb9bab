//! Refunds whose end the provider has not told are asked about until it does.

use chrono::TimeDelta;
use domain::{
    job::QueryRefund,
    payment::Failure,
    refund::{Refund, RefundStatus},
};
use serde_json::json;

use crate::{
    refunding::REFUNDING,
    support::{Ahead, World, world},
    wechat::MCHID,
};

/// Every call there is.
const EVERYTHING: &str = "*";

/// A refund whose provider answered no try, and was silent when asked.
async fn lost_from_sight(world: &World, fault: &str) -> Refund {
    let payment = world.paid("k").await;
    world.fault(EVERYTHING, fault, json!({})).await;
    let id = world.refund("r", &payment, Some(700)).await;
    world.wait_for_refund(id, RefundStatus::NeedsReview).await
}

async fn parked(world: &World) -> i64 {
    world
        .count("select count(*) from job_failures where kind = 'query_refund'")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_did_is_found_when_it_answers_again() {
    let world = world().await;
    let refund = lost_from_sight(&world, "hang_after").await;
    let payment = world.store.payment(refund.payment_id).await.unwrap().unwrap();
    assert_eq!(world.figures(&payment).await, (0, 700), "it is still set aside");
    world.mend_provider().await;
    let made = world.wait_for_refund(refund.id, RefundStatus::Succeeded).await;
    assert_eq!(made.failure, None);
    assert_eq!(world.figures(&payment).await, (700, 0));
    assert_eq!(world.refunds_at_provider().await.len(), 1);
    assert_eq!(
        world.told_in_all().await,
        ["payment.succeeded", "refund.needs_review", "refund.succeeded"]
    );
    assert_eq!(parked(&world).await, 0);
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_never_did_is_failed_when_it_answers_again() {
    let world = world().await;
    let refund = lost_from_sight(&world, "hang_before").await;
    let payment = world.store.payment(refund.payment_id).await.unwrap().unwrap();
    world.mend_provider().await;
    let failed = world.wait_for_refund(refund.id, RefundStatus::Failed).await;
    assert_eq!(failed.failure, Some(Failure::refund_unavailable()));
    assert_eq!(world.figures(&payment).await, (0, 0));
    assert_eq!(world.refunds_at_provider().await.len(), 0);
    assert_eq!(parked(&world).await, 0);
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_settles_late_is_asked_about_until_it_has() {
    let world = world().await;
    let payment = world.paid_with("k", "pm_card_pendingRefund").await;
    let id = world.refund("r", &payment, None).await;
    world.wait_for_refund(id, RefundStatus::Processing).await;
    assert_eq!(world.figures(&payment).await, (0, 1999));
    world.wait_for_refund(id, RefundStatus::Succeeded).await;
    assert_eq!(world.figures(&payment).await, (1999, 0));
    assert_eq!(
        world.told_in_all().await,
        ["payment.succeeded", "refund.succeeded"]
    );
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_asked_again_and_nothing_is_parked() {
    let world = world().await;
    let refund = lost_from_sight(&world, "hang_before").await;
    let asked = async || {
        world
            .count("select count(*) from refund_records where operation = 'find_refund' and job_id in (
                      select job_id from refund_records group by 1 having bool_and(operation = 'find_refund'))")
            .await
    };
    world.wait_until(true, async || asked().await >= 2).await;
    let seen = world.store.refund(refund.id).await.unwrap().unwrap();
    assert_eq!((seen.version, parked(&world).await), (refund.version, 0));
    world.close().await;
}

/// A day later the provider knows the idempotency key no more; a second call would make a second refund.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_later_the_refund_is_found_and_not_made_again() {
    let mut world = world().await;
    let refund = lost_from_sight(&world, "hang_after").await;
    let payment = world.store.payment(refund.payment_id).await.unwrap().unwrap();
    world.stop_workers().await;
    world.mend_provider().await;
    world.delete("/sandbox/stripe/idempotency_keys").await;
    world.start_workers(Ahead(TimeDelta::hours(25))).await;
    world.publish(&world.refund_job("r", &payment, Some(700))).await;
    world.wait_for_refund(refund.id, RefundStatus::Succeeded).await;
    assert_eq!(world.refunds_at_provider().await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_what_was_never_made_asks_first_and_makes_it_once() {
    let mut world = world().await;
    let refund = lost_from_sight(&world, "hang_before").await;
    let payment = world.store.payment(refund.payment_id).await.unwrap().unwrap();
    world.stop_workers().await;
    world.mend_provider().await;
    let before = world.calls().await.len();
    world.start_workers(Ahead(TimeDelta::hours(25))).await;
    world.publish(&world.refund_job("r", &payment, Some(700))).await;
    let ended = async || {
        let refund = world.store.refund(refund.id).await.unwrap().unwrap();
        refund.status > RefundStatus::Processing
    };
    world.wait_until(true, ended).await;
    // Either the query gave it up first, or the replay made it; each asked before it concluded anything.
    let calls = world.calls().await.split_off(before);
    assert_eq!(calls[0], "GET /v1/refunds");
    let made = calls.iter().filter(|route| *route == REFUNDING).count();
    assert_eq!(world.refunds_at_provider().await.len(), made);
    assert_eq!(world.figures(&payment).await, (700 * made as i64, 0));
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_about_a_refund_that_does_not_exist_is_parked() {
    let world = world().await;
    let payment = world.stored("k").await;
    let query = QueryRefund {
        refund_id: world.refund_job("r", &payment, None).refund_id(),
        payment_id: payment.id,
        merchant_id: world.merchant_id,
        query: 1,
    };
    world.publish(&query).await;
    world.wait_until(1, async || parked(&world).await).await;
    world.close().await;
}

/// The payer's account did not take the money, and a person has to send it another way at WeChat Pay.
#[tokio::test(flavor = "multi_thread")]
async fn people_are_called_to_a_refund_that_is_stuck() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    world.open_wechat().await;
    let payment = world.paid_by_wechat("k").await;
    let dial = json!({ "pace": "at_once", "ending": "ABNORMAL" });
    world
        .post(&format!("/sandbox/wechat/merchants/{MCHID}/refunds"), dial)
        .await;
    let id = world.refund("r", &payment, Some(700)).await;
    let stuck = world.wait_for_refund(id, RefundStatus::Processing).await;
    let query = QueryRefund {
        refund_id: stuck.id,
        payment_id: payment.id,
        merchant_id: world.merchant_id,
        query: 1,
    };
    world.publish(&query).await;
    let called = async || {
        let text = runtime::telemetry::metrics_text();
        let called = r#"sluice_people_called_total{channel="wechat",about="refund"}"#;
        text.contains(called)
    };
    world.wait_until(true, called).await;
    assert_eq!(world.figures(&payment).await, (0, 700));
    world.close().await;
}
