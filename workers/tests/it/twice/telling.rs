//! Telling merchants.

use super::*;

/// A notification of a merchant of its own, whose endpoint was told to behave like this.
async fn notification(twice: &Twice, name: &str, behaviour: Option<Value>) -> Envelope {
    let world = &twice.world;
    let merchant_id = match behaviour {
        Some(behaviour) => {
            let id = world.another_merchant().await;
            world
                .post(&format!("/sandbox/merchants/{id}/behaviour"), behaviour)
                .await;
            id
        }
        None => world.merchant_without_credentials().await,
    };
    let mut payment = twice.after(name, vec![seen(name, IntentStatus::Succeeded)]).await;
    payment.merchant_id = merchant_id;
    let told = Notification::about(&payment, NotificationType::PaymentSucceeded, now());
    let job = NotifyMerchant::from(&told);
    let record = Record {
        notifications: vec![told],
        ..Record::default()
    };
    world.recorder.write(record).await.unwrap();
    // Its job is published by the test and not by the relay.
    twice.published.fetch_sub(1, Ordering::Relaxed);
    envelope(&job)
}

#[tokio::test(flavor = "multi_thread")]
async fn notify_merchant() {
    let cases: &[(&str, Setup)] = &[
        ("taken", |t, n| {
            notification(t, n, Some(json!({ "mode": "ok" }))).boxed_local()
        }),
        ("gone", |t, n| {
            notification(t, n, Some(json!({ "mode": "gone" }))).boxed_local()
        }),
        ("no endpoint", |t, n| notification(t, n, None).boxed_local()),
    ];
    Twice::start().await.play(cases).await;
}
