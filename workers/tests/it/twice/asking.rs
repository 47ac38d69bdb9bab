//! Asking about payments.

use super::*;

/// The call that asks for an intent.
const ASKING: &str = "GET /v1/payment_intents";

async fn asking(twice: &Twice, name: &str, events: Vec<PaymentEvent>) -> Envelope {
    let payment = twice.after(name, events).await;
    envelope(&query(&payment))
}

fn query(payment: &Payment) -> QueryPayment {
    QueryPayment {
        payment_id: payment.id,
        merchant_id: payment.merchant_id,
        query: 1,
    }
}

async fn asking_for(twice: &Twice, name: &str, amount_minor: i64) -> Envelope {
    let payment = twice.after(name, vec![PaymentEvent::LostSight]).await;
    twice.world.open_at_provider(&payment, amount_minor).await;
    envelope(&query(&payment))
}

#[tokio::test(flavor = "multi_thread")]
async fn query_payment() {
    let cases: &[(&str, Setup)] = &[
        ("opened at the provider", |t, n| {
            asking_for(t, n, 1_999).boxed_local()
        }),
        ("never opened", |t, n| {
            asking(t, n, vec![PaymentEvent::LostSight]).boxed_local()
        }),
        ("opened for other money", |t, n| {
            asking_for(t, n, 2_999).boxed_local()
        }),
        ("silent", |t, n| {
            async move {
                t.world.fault(ASKING, "error", json!({ "status": 503 })).await;
                asking(t, n, vec![PaymentEvent::LostSight]).await
            }
            .boxed_local()
        }),
        ("paid meanwhile", |t, n| {
            asking(t, n, vec![seen(n, IntentStatus::Succeeded)]).boxed_local()
        }),
        ("unknown", |t, n| {
            async move {
                envelope(&QueryPayment {
                    payment_id: t.payment_id(n),
                    merchant_id: t.world.merchant_id,
                    query: 1,
                })
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

/// A person replays a parked job while the payment is asked about: one gives up, the other opens the intent.
#[tokio::test(flavor = "multi_thread")]
async fn asking_and_opening_at_once_agree() {
    let twice = Twice::start().await;
    let names: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let mut jobs = Vec::new();
    for name in &names {
        let payment = twice.after(name, vec![PaymentEvent::LostSight]).await;
        jobs.extend([opening(&twice, name, None).await, envelope(&query(&payment))]);
    }
    join_all(jobs.iter().map(|job| twice.publish(job, 1))).await;
    twice.rest().await;
    for name in &names {
        let outcome = twice.outcome(name).await;
        let status = &outcome["rows"]["payment"]["status"];
        let intents = outcome["books"].as_array().unwrap().len();
        // On a slow machine a call may run out of time; then the payment is still in review, whatever the provider has.
        match status.as_str().unwrap() {
            "requires_action" => assert_eq!(intents, 1, "{name}: {outcome}"),
            "failed" => assert_eq!(intents, 0, "{name}: {outcome}"),
            other => assert!(other == "needs_review" && intents < 2, "{name}: {outcome}"),
        }
    }
    twice.world.close().await;
}
