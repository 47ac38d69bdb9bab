//! Payments into wallets and from them, and their refunds.

use domain::{
    id::WalletId,
    job::{CreateIntent, CreateRefund},
    payment::PaymentStatus,
};

use super::*;

/// A card that is good.
const GOOD: Option<&str> = Some("pm_card_visa");

/// The job that pays 5.00 from a wallet of the payment's own, which has this much in it.
async fn paying(twice: &Twice, name: &str, amount_minor: i64) -> CreateIntent {
    twice.world.filled_wallet(name, amount_minor).await;
    twice.world.job_from_wallet(name, name, 500)
}

/// The job that pays 5.00 into a wallet of the payment's own.
async fn topping_up(twice: &Twice, name: &str) -> (CreateIntent, WalletId) {
    let wallet = twice.world.filled_wallet(name, 0).await;
    (twice.world.top_up_job(name, wallet, GOOD), wallet)
}

/// A refund of all that a job has paid.
async fn refunding(twice: &Twice, name: &str, job: &CreateIntent) -> CreateRefund {
    twice.deliver(&envelope(job), 1).await;
    let paid = twice
        .world
        .wait_for(job.payment_id(), PaymentStatus::Succeeded)
        .await;
    twice.world.refund_job(name, &paid, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_from_wallets() {
    let cases: &[(&str, Setup)] = &[
        ("enough", |t, n| {
            async move { envelope(&paying(t, n, 500).await) }.boxed_local()
        }),
        ("not enough", |t, n| {
            async move { envelope(&paying(t, n, 499).await) }.boxed_local()
        }),
        ("no wallet", |t, n| {
            async move { envelope(&t.world.job_from_wallet(n, n, 500)) }.boxed_local()
        }),
        ("given back", |t, n| {
            async move {
                let job = paying(t, n, 700).await;
                envelope(&refunding(t, n, &job).await)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_into_wallets() {
    let cases: &[(&str, Setup)] = &[
        ("paid at once", |t, n| {
            async move { envelope(&topping_up(t, n).await.0) }.boxed_local()
        }),
        ("told by a callback", |t, n| {
            async move {
                let wallet = t.world.filled_wallet(n, 0).await;
                let job = t.world.top_up_job(n, wallet, None);
                t.deliver(&envelope(&job), 1).await;
                let id = job.payment_id();
                let payment = t.world.wait_for(id, PaymentStatus::RequiresAction).await;
                assert!(t.world.pay(&payment, json!({})).await);
                let object = crate::process_callback::intent(&payment, "succeeded");
                let event = format!("evt_{n}");
                envelope(&t.world.callback(&event, "payment_intent.succeeded", &object))
            }
            .boxed_local()
        }),
        ("given back", |t, n| {
            async move {
                let (job, _) = topping_up(t, n).await;
                envelope(&refunding(t, n, &job).await)
            }
            .boxed_local()
        }),
        ("spent, so not given back", |t, n| {
            async move {
                let (job, wallet) = topping_up(t, n).await;
                let refund = refunding(t, n, &job).await;
                t.world.fill(wallet, -1).await;
                envelope(&refund)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}
