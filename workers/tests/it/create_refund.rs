//! Giving money back: whole, in parts, once, and never more than was paid.

use chrono::TimeDelta;
use domain::{
    channel::Channel,
    currency::Currency,
    id::PaymentId,
    payment::Payment,
    refund::{RefundRequest, RefundStatus},
};
use futures::future::join_all;
use serde_json::json;

use crate::{
    refunding::REFUNDING,
    support::{World, now, request, world},
};

const PAID: i64 = 1999;

/// What the provider has given back, in the order of its refunds.
async fn given_back(world: &World) -> Vec<i64> {
    let refunds = world.refunds_at_provider().await;
    let succeeded = refunds.iter().filter(|refund| refund["status"] == "succeeded");
    succeeded
        .map(|refund| refund["amount"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_given_back_in_parts_until_nothing_is_left() {
    let world = world().await;
    let payment = world.paid("k").await;
    for (name, amount_minor) in [("r1", Some(500)), ("r2", Some(500)), ("rest", None)] {
        let id = world.refund(name, &payment, amount_minor).await;
        let refund = world.wait_for_refund(id, RefundStatus::Succeeded).await;
        assert_eq!(refund.failure, None);
    }
    assert_eq!(world.figures(&payment).await, (PAID, 0));
    assert_eq!(given_back(&world).await, [500, 500, 999]);
    world.wait_until(4, async || world.deliveries().await.len()).await;
    let told = [
        "payment.succeeded",
        "refund.succeeded",
        "refund.succeeded",
        "refund.succeeded",
    ];
    assert_eq!(world.told_in_all().await, told);
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_channel_does_not_give_back_any_more_is_refused_and_not_sent() {
    const MOST: i64 = 50;
    let world = world().await;
    let often = world
        .stored_as_paid("often", Channel::Wechat, TimeDelta::zero())
        .await;
    for number in 0..MOST {
        let payment = world.now_is(&often).await;
        world.reserved(&format!("r{number}"), &payment, 1, now()).await;
    }
    let old = world
        .stored_as_paid("old", Channel::Wechat, TimeDelta::days(366))
        .await;
    for (payment, code) in [(&often, "too_many_refunds"), (&old, "refund_too_late")] {
        let id = world.refund(code, payment, Some(1)).await;
        let refused = world.wait_for_refund(id, RefundStatus::Failed).await;
        assert_eq!(refused.failure.unwrap().code, code);
    }
    assert_eq!(world.figures(&often).await, (0, MOST));
    assert_eq!(world.figures(&old).await, (0, 0));
    assert_eq!(world.count("select count(*) from refund_records").await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_job_many_times_gives_back_once() {
    let world = world().await;
    let payment = world.paid("k").await;
    let job = world.refund_job("r", &payment, Some(700));
    join_all((0..20).map(|_| world.publish(&job))).await;
    world
        .wait_for_refund(job.refund_id(), RefundStatus::Succeeded)
        .await;
    assert_eq!(given_back(&world).await, [700]);
    assert_eq!(world.figures(&payment).await, (700, 0));
    assert_eq!(
        world.told_in_all().await,
        ["payment.succeeded", "refund.succeeded"]
    );
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_want_the_same_money_as_many_get_it_as_there_is() {
    let world = world().await;
    let payment = world.paid("k").await;
    let jobs: Vec<_> = (0..10)
        .map(|number| world.refund_job(&number.to_string(), &payment, Some(600)))
        .collect();
    join_all(jobs.iter().map(|job| world.publish(job))).await;
    let ended = async || {
        let refunds = world.stored_refunds(&payment).await.unwrap();
        let ended = refunds.iter().filter(|refund| !refund.status.is_reserved());
        ended.count()
    };
    world.wait_until(10, ended).await;
    let refunds = world.stored_refunds(&payment).await.unwrap();
    let failed: Vec<_> = refunds
        .iter()
        .filter_map(|refund| refund.failure.as_ref())
        .collect();
    assert_eq!(failed.len(), 7);
    assert!(
        failed.iter().all(|failure| failure.code == "refund_too_large"),
        "{failed:?}"
    );
    assert_eq!(world.figures(&payment).await, (1800, 0));
    assert_eq!(given_back(&world).await, [600, 600, 600]);
    assert_eq!(world.refund_calls().await, 3, "what was refused was sent");
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_for_all_that_is_left_do_not_share_it() {
    let world = world().await;
    let payments = join_all(["a", "b", "c", "d"].map(|name| world.paid(name))).await;
    for payment in &payments {
        let names = ["one", "two"].map(|name| format!("{name} of {}", payment.id).replace(' ', "-"));
        join_all(names.iter().map(|name| world.refund(name, payment, None))).await;
    }
    for payment in &payments {
        let ended = async || {
            let mut refunds = world.stored_refunds(payment).await.unwrap();
            refunds.sort_by_key(|refund| refund.status);
            let ends = refunds.iter().map(|refund| {
                let failure = refund.failure.as_ref();
                (refund.status, failure.map(|failure| failure.code.clone()))
            });
            ends.collect::<Vec<_>>()
        };
        let expected = vec![
            (RefundStatus::Succeeded, None),
            (RefundStatus::Failed, Some("nothing_left_to_refund".to_owned())),
        ];
        world.wait_until(expected, ended).await;
        assert_eq!(world.figures(payment).await, (PAID, 0));
    }
    assert_eq!(world.refund_calls().await, payments.len());
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_refunded_fails_with_its_reason_and_nothing_is_sent() {
    let world = world().await;
    let paid = world.paid("paid").await;
    let open = world.stored("open").await;
    let of = |payment: &Payment| RefundRequest::all_of(payment.id);
    let cases = [
        ("payment_not_paid", of(&open), PAID),
        (
            "refund_currency_differs",
            RefundRequest {
                currency: Some(Currency::EUR),
                ..of(&paid)
            },
            PAID,
        ),
        (
            "refund_too_large",
            RefundRequest {
                amount_minor: Some(2000),
                ..of(&paid)
            },
            2000,
        ),
    ];
    for (number, (code, request, amount_minor)) in cases.into_iter().enumerate() {
        let mut job = world.refund_job(&number.to_string(), &paid, None);
        job.request = request;
        world.publish(&job).await;
        let refund = world.wait_for_refund(job.refund_id(), RefundStatus::Failed).await;
        assert_eq!(refund.failure.unwrap().code, code);
        assert_eq!(refund.money.amount_minor, amount_minor);
    }
    let id = world.refund("all", &paid, None).await;
    world.wait_for_refund(id, RefundStatus::Succeeded).await;
    let id = world.refund("more", &paid, Some(1)).await;
    let refund = world.wait_for_refund(id, RefundStatus::Failed).await;
    assert_eq!(refund.failure.unwrap().code, "nothing_left_to_refund");
    assert_eq!(world.refund_calls().await, 1);
    let failed = world
        .told_in_all()
        .await
        .iter()
        .filter(|told| *told == "refund.failed")
        .count();
    assert_eq!(failed, 4);
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_under_the_same_key_is_parked_and_leaves_the_refund_alone() {
    let world = world().await;
    let payment = world.paid("k").await;
    let id = world.refund("r", &payment, Some(500)).await;
    let before = world.wait_for_refund(id, RefundStatus::Succeeded).await;
    world.refund("r", &payment, Some(501)).await;
    world
        .wait_until(1, async || world.parked_for("create_refund", "conflict").await)
        .await;
    assert_eq!(world.store.refund(id).await.unwrap().unwrap(), before);
    assert_eq!(given_back(&world).await, [500]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_waits_for_its_payment_a_while_and_is_parked_when_there_is_none() {
    let world = world().await;
    let payment = world.job("k", request(None)).payment_id();
    let mut job = world.refund_job("r", &world.stored("other").await, None);
    job.request = RefundRequest::all_of(payment);
    world.publish(&job).await;
    let tried = "select count(*) from job_failures where kind = 'create_refund'";
    world
        .wait_until(true, async || world.count(tried).await > 0)
        .await;
    // The job that stores the payment comes after all; it was not paid.
    world.publish(&world.job("k", request(None))).await;
    let refund = world.wait_for_refund(job.refund_id(), RefundStatus::Failed).await;
    assert_eq!(refund.failure.unwrap().code, "payment_not_paid");

    let mut job = world.refund_job("nobody", &world.stored("another").await, None);
    job.request = RefundRequest::all_of(PaymentId::from_uuid(uuid::Uuid::nil()));
    world.publish(&job).await;
    world
        .wait_until(1, async || world.parked_for("create_refund", "too_early").await)
        .await;
    assert_eq!(world.store.refund(job.refund_id()).await.unwrap(), None);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payment_of_another_merchant_is_none() {
    let world = world().await;
    let payment = world.paid("k").await;
    let mut job = world.refund_job("r", &payment, None);
    job.merchant_id = world.another_merchant().await;
    world.publish(&job).await;
    world
        .wait_until(1, async || world.parked_for("create_refund", "too_early").await)
        .await;
    assert_eq!(world.figures(&payment).await, (0, 0));
    assert_eq!(world.refund_calls().await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_provider_frees_the_money_and_is_told() {
    let world = world().await;
    let payment = world.paid("k").await;
    let refused = json!({ "status": 400, "code": "charge_already_refunded" });
    world.fault(REFUNDING, "error", refused).await;
    let id = world.refund("r", &payment, None).await;
    let refund = world.wait_for_refund(id, RefundStatus::Failed).await;
    assert_eq!(refund.failure.unwrap().code, "refused_by_provider");
    assert_eq!(world.figures(&payment).await, (0, 0));
    world
        .wait_until(1, async || world.parked_for("create_refund", "refused").await)
        .await;
    world.mend_provider().await;
    let id = world.refund("again", &payment, None).await;
    world.wait_for_refund(id, RefundStatus::Succeeded).await;
    assert_eq!(world.figures(&payment).await, (PAID, 0));
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_nothing_is_sent_and_the_refund_fails() {
    let world = world().await;
    let payment = world.paid("k").await;
    let revoked = world
        .query::<i64>("with gone as (delete from channel_configs returning 1) select count(*) from gone");
    assert_eq!(revoked.await, 1);
    let id = world.refund("r", &payment, None).await;
    let refund = world.wait_for_refund(id, RefundStatus::Failed).await;
    assert_eq!(refund.failure.unwrap().code, "not_configured");
    assert_eq!(
        (world.figures(&payment).await, world.refund_calls().await),
        ((0, 0), 0)
    );
    world.assert_books_agree().await;
    world.close().await;
}
