//! Capturing what a payer has agreed to at PayPal. What PayPal has pending or declines is asked for once more by a second
//! run, which writes down that it asks; the tests of the channel show that PayPal moves nothing then.

use domain::{
    job::CapturePayment,
    payment::{Closing, PaymentStatus},
};

use super::*;
use crate::paypal::{CAPTURING, paypal_request};

/// A payment of this name that its own job has opened and its payer has approved.
async fn approved(twice: &Twice, name: &str) -> Payment {
    let job = envelope(&twice.world.job(name, paypal_request()));
    twice.deliver(&job, 1).await;
    let payment = twice
        .world
        .store
        .payment(twice.payment_id(name))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(payment.status, PaymentStatus::RequiresAction, "{payment:?}");
    twice.world.approve(&payment, json!({})).await;
    payment
}

async fn capturing(twice: &Twice, name: &str) -> Envelope {
    envelope(&CapturePayment::from(&approved(twice, name).await))
}

#[tokio::test(flavor = "multi_thread")]
async fn capture_payment() {
    let cases: &[(&str, Setup)] = &[
        ("approved", |t, n| capturing(t, n).boxed_local()),
        ("begun by a run that had no answer", |t, n| {
            async move {
                let job = capturing(t, n).await;
                t.world
                    .fault(CAPTURING, "hang_after", json!({ "times": 1 }))
                    .await;
                t.deliver(&job, 1).await;
                job
            }
            .boxed_local()
        }),
        ("being closed", |t, n| {
            async move {
                let payment = approved(t, n).await;
                let closing = payment
                    .clone()
                    .apply(PaymentEvent::ClosingBegun(Closing::Canceled));
                t.world.change(&closing.unwrap().payment).await;
                envelope(&CapturePayment::from(&payment))
            }
            .boxed_local()
        }),
    ];
    let twice = Twice::start().await;
    twice.world.open_paypal().await;
    twice.play(cases).await;
}
