//! The job of a payment or a refund is lost after it has stored it: somebody deleted a queue, or the broker gave it up. It
//! is sent again.

use domain::ledger::Transfer;
use domain::{
    payment::PaymentStatus,
    refund::{Refund, RefundRequest},
};
use store::{Record, TransferRecord, Verdict};

use crate::support::{key, now, world};

pub const LONG_AGO: &str = "
with payments as (update payments set updated_at = now() - interval '1 hour' returning 1),
     refunds as (update refunds set updated_at = now() - interval '1 hour' returning 1)
select (select count(*) from payments) + (select count(*) from refunds)";

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_lost_its_job_is_opened() {
    let world = world().await;
    let payment = world.stored("k").await;
    world.count(LONG_AGO).await;
    world.wait_for(payment.id, PaymentStatus::RequiresAction).await;
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_lost_its_job_is_made() {
    let world = world().await;
    let job = world.job("k", crate::support::request(Some("pm_card_visa")));
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    let request = RefundRequest::all_of(payment.id);
    let refund = Refund::new(&payment, key("r"), request, payment.money, now());
    let record = Record {
        new_refund: Some(refund.clone()),
        payment: Some(payment.clone().with_reserved(refund.money)),
        transfers: vec![TransferRecord {
            transfer: Transfer::refund_reserved(&refund, &payment),
            at: now(),
        }],
        ..Record::default()
    };
    assert_eq!(world.recorder.write(record).await.unwrap(), Verdict::Written);
    world.count(LONG_AGO).await;
    let refunded = "select refunded_minor from payments";
    world
        .wait_until(payment.money.amount_minor, async || world.count(refunded).await)
        .await;
    world.close().await;
}
