//! Capturing what a payer has agreed to at PayPal. What PayPal has pending or declines is asked for once more by a second
//! run, which writes down that it asks; the tests of the channel show that PayPal moves nothing then.

use channels::{Credentials, PaypalCredentials};
use domain::{
    channel::Method,
    job::CapturePayment,
    payment::{Closing, PaymentStatus},
    secret::Secret,
};

use super::*;

const CAPTURING: &str = "POST /v2/checkout/orders/{id}/capture";

/// The merchant's app, which has no webhook that could be reached.
async fn open_account(twice: &Twice) {
    let world = &twice.world;
    let app = json!({ "secret": "s", "merchant_id": "M1", "webhook": { "id": "WH1", "url": "http://127.0.0.1:1/" } });
    world
        .put(&format!("/sandbox/paypal/apps/{}", world.account), app)
        .await;
    let webhooks = vec![Secret::new("WH1")];
    let paypal = PaypalCredentials::new(
        Secret::new(&*world.account),
        Secret::new("s"),
        webhooks,
        Some(Secret::new("M1")),
    );
    let credentials = Credentials::Paypal(paypal.unwrap()).to_json().unwrap();
    let stored = world
        .store
        .set_credentials(world.merchant_id, Channel::Paypal, &credentials, "test", now());
    stored.await.unwrap();
}

/// A payment of this name that its own job has opened and its payer has approved.
async fn approved(twice: &Twice, name: &str) -> Payment {
    let mut request = request(None);
    request.method = Some(Method::Paypal);
    request.return_url = Some("https://shop.example/back".into());
    twice.deliver(&envelope(&twice.world.job(name, request)), 1).await;
    let payment = twice
        .world
        .store
        .payment(twice.payment_id(name))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(payment.status, PaymentStatus::RequiresAction, "{payment:?}");
    let order = payment.intent_id.as_deref().unwrap();
    twice
        .world
        .post(&format!("/sandbox/paypal/orders/{order}/approve"), json!({}))
        .await;
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
    open_account(&twice).await;
    twice.play(cases).await;
}
