//! Canceling and confirming payments, and closing those that were not paid in time.

use domain::{
    job::ExpirePayment,
    payment::{Closing, PaymentStatus},
};

use super::*;
use crate::wishing::{CANCELING, CONFIRMING, cancel, confirm};

/// The call that asks how an intent stands.
const RETRIEVING: &str = "GET /v1/payment_intents/{id}";
const GOOD: &str = "pm_card_visa";
const LET_EXPIRE: &str = "
with expired as (
  update payments set expires_at = now() - interval '1 second'
  where status in ('requires_action', 'failed') and intent_id is not null returning id
)
select count(*) from expired";

/// A payment of this name whose intent its own job has opened.
async fn opened(twice: &Twice, name: &str, card: Option<&str>) -> Payment {
    let job = opening(twice, name, card).await;
    twice.deliver(&job, 1).await;
    let stored = twice.world.store.payment(twice.payment_id(name)).await;
    stored.unwrap().unwrap()
}

/// No answer at all: each error of the provider would have a request id of its own.
async fn silence(twice: &Twice) {
    for route in [CANCELING, CONFIRMING, RETRIEVING] {
        twice.world.fault(route, "hang_before", json!({})).await;
    }
}

async fn canceling(twice: &Twice, name: &str, card: Option<&str>) -> Envelope {
    envelope(&cancel(&opened(twice, name, card).await, name))
}

fn closed(name: &str, closing: Closing) -> Vec<PaymentEvent> {
    vec![
        seen(name, IntentStatus::RequiresAction),
        PaymentEvent::ClosingBegun(closing),
        seen(name, IntentStatus::Canceled),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_payment() {
    let cases: &[(&str, Setup)] = &[
        ("open", |t, n| canceling(t, n, None).boxed_local()),
        ("declined", |t, n| {
            canceling(t, n, Some("pm_card_chargeDeclined")).boxed_local()
        }),
        ("paid", |t, n| canceling(t, n, Some(GOOD)).boxed_local()),
        ("paid, and nobody has told", |t, n| {
            async move {
                let payment = opened(t, n, None).await;
                assert!(t.world.pay(&payment, json!({})).await);
                envelope(&cancel(&payment, n))
            }
            .boxed_local()
        }),
        ("at work, and nobody has told", |t, n| {
            async move {
                let payment = opened(t, n, None).await;
                let bank = json!({ "payment_method": "pm_usBankAccount_processing" });
                assert!(t.world.pay(&payment, bank).await);
                envelope(&cancel(&payment, n))
            }
            .boxed_local()
        }),
        ("expired", |t, n| {
            async move { envelope(&cancel(&t.after(n, closed(n, Closing::Expired)).await, n)) }.boxed_local()
        }),
        ("canceled", |t, n| {
            async move { envelope(&cancel(&t.after(n, closed(n, Closing::Canceled)).await, n)) }.boxed_local()
        }),
        ("never opened", |t, n| {
            async move { envelope(&cancel(&t.world.never_opened(n).await, n)) }.boxed_local()
        }),
        ("perhaps opened", |t, n| {
            async move { envelope(&cancel(&t.after(n, vec![]).await, n)) }.boxed_local()
        }),
        ("silent", |t, n| {
            async move {
                let job = canceling(t, n, None).await;
                silence(t).await;
                job
            }
            .boxed_local()
        }),
        ("the key of another wish", |t, n| {
            async move {
                let other = t.after(&format!("{n}-other"), vec![gave_up()]).await;
                t.deliver(&envelope(&cancel(&other, n)), 1).await;
                canceling(t, n, None).await
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

async fn confirming(twice: &Twice, name: &str, payment_method: &str) -> Envelope {
    envelope(&confirm(&opened(twice, name, None).await, name, payment_method))
}

#[tokio::test(flavor = "multi_thread")]
async fn confirm_payment() {
    let cases: &[(&str, Setup)] = &[
        ("paid by it", |t, n| confirming(t, n, GOOD).boxed_local()),
        ("declined", |t, n| {
            confirming(t, n, "pm_card_chargeDeclined").boxed_local()
        }),
        ("to be authenticated", |t, n| {
            confirming(t, n, "pm_card_threeDSecure2Required").boxed_local()
        }),
        ("refused", |t, n| {
            confirming(t, n, "pm_that_nobody_has").boxed_local()
        }),
        ("paid before", |t, n| {
            async move { envelope(&confirm(&opened(t, n, Some(GOOD)).await, n, GOOD)) }.boxed_local()
        }),
        ("canceled before", |t, n| {
            async move { envelope(&confirm(&t.after(n, closed(n, Closing::Canceled)).await, n, GOOD)) }
                .boxed_local()
        }),
        ("the answer was lost", |t, n| {
            async move {
                let job = confirming(t, n, GOOD).await;
                let lost = json!({ "times": 1 });
                t.world.fault(CONFIRMING, "reset_after", lost).await;
                t.deliver(&job, 1).await;
                job
            }
            .boxed_local()
        }),
        ("silent", |t, n| {
            async move {
                let job = confirming(t, n, GOOD).await;
                silence(t).await;
                job
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

async fn expiring(twice: &Twice, name: &str, card: Option<&str>) -> Envelope {
    let payment = opened(twice, name, card).await;
    twice.world.count(LET_EXPIRE).await;
    expiry(&payment)
}

fn expiry(payment: &Payment) -> Envelope {
    envelope(&ExpirePayment {
        payment_id: payment.id,
        merchant_id: payment.merchant_id,
        closing: 1,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn expire_payment() {
    let cases: &[(&str, Setup)] = &[
        ("open", |t, n| expiring(t, n, None).boxed_local()),
        ("declined", |t, n| {
            expiring(t, n, Some("pm_card_chargeDeclined")).boxed_local()
        }),
        ("paid", |t, n| expiring(t, n, Some(GOOD)).boxed_local()),
        ("paid, and nobody has told", |t, n| {
            async move {
                let job = expiring(t, n, None).await;
                let payment = t
                    .world
                    .wait_for(t.payment_id(n), PaymentStatus::RequiresAction)
                    .await;
                assert!(t.world.pay(&payment, json!({})).await);
                job
            }
            .boxed_local()
        }),
        ("silent", |t, n| {
            async move {
                let job = expiring(t, n, None).await;
                silence(t).await;
                job
            }
            .boxed_local()
        }),
        ("not yet", |t, n| {
            async move { expiry(&opened(t, n, None).await) }.boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}
