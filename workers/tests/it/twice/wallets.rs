//! Opening wallets, and every step of them.

use domain::{
    id::{HoldId, WalletId, WithdrawalId},
    wallet::WalletStep,
};

use super::*;
use crate::wallets::{adjust, hold, transfer, withdraw};

/// A stored wallet of this name, after these steps.
async fn wallet_after(twice: &Twice, name: &str, steps: Vec<WalletStep>) -> WalletId {
    let job = twice.world.wallet_job(name);
    twice.deliver(&envelope(&job), 1).await;
    for (number, step) in steps.into_iter().enumerate() {
        let wish = twice
            .world
            .wallet_wish(&format!("{name}-{number}"), job.wallet_id(), step);
        twice.deliver(&envelope(&wish), 1).await;
    }
    job.wallet_id()
}

/// The job that takes a step of a wallet that these steps were taken of before.
async fn stepping(twice: &Twice, name: &str, before: Vec<WalletStep>, step: WalletStep) -> Envelope {
    let id = wallet_after(twice, name, before).await;
    envelope(&twice.world.wallet_wish(name, id, step))
}

/// What was held by the second of the steps before.
fn held(twice: &Twice, name: &str) -> HoldId {
    HoldId::derive(twice.world.merchant_id, &key(&format!("{name}-1")))
}

fn withdrawn(twice: &Twice, name: &str) -> WithdrawalId {
    WithdrawalId::derive(twice.world.merchant_id, &key(&format!("{name}-1")))
}

#[tokio::test(flavor = "multi_thread")]
async fn create_wallet() {
    let cases: &[(&str, Setup)] = &[
        ("new", |t, n| {
            async move { envelope(&t.world.wallet_job(n)) }.boxed_local()
        }),
        ("stored, and filled", |t, n| {
            async move {
                wallet_after(t, n, vec![adjust(5)]).await;
                envelope(&t.world.wallet_job(n))
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_wallet_to_hold_or_move() {
    let cases: &[(&str, Setup)] = &[
        ("adjust", |t, n| stepping(t, n, vec![], adjust(5)).boxed_local()),
        ("adjust below nothing", |t, n| {
            stepping(t, n, vec![adjust(5)], adjust(-6)).boxed_local()
        }),
        ("hold", |t, n| {
            stepping(t, n, vec![adjust(5)], hold(3)).boxed_local()
        }),
        ("hold more than there is", |t, n| {
            stepping(t, n, vec![adjust(5)], hold(6)).boxed_local()
        }),
        ("capture a part", |t, n| {
            let step = WalletStep::Capture {
                hold_id: held(t, n),
                amount_minor: Some(2),
            };
            stepping(t, n, vec![adjust(5), hold(3)], step).boxed_local()
        }),
        ("release", |t, n| {
            let step = WalletStep::Release { hold_id: held(t, n) };
            stepping(t, n, vec![adjust(5), hold(3)], step).boxed_local()
        }),
        ("transfer", |t, n| {
            async move {
                let other = wallet_after(t, &format!("{n}-other"), vec![]).await;
                stepping(t, n, vec![adjust(5)], transfer(other, 2)).await
            }
            .boxed_local()
        }),
        ("the key of another wish", |t, n| {
            async move {
                let id = wallet_after(t, n, vec![adjust(5)]).await;
                let job = t.world.wallet_wish(n, id, hold(1));
                t.deliver(&envelope(&job), 1).await;
                envelope(&t.world.wallet_wish(n, id, hold(2)))
            }
            .boxed_local()
        }),
        ("of no wallet", |t, n| {
            async move {
                let id = t.world.wallet_job(n).wallet_id();
                envelope(&t.world.wallet_wish(n, id, hold(1)))
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_wallet_to_withdraw() {
    let cases: &[(&str, Setup)] = &[
        ("withdraw", |t, n| {
            stepping(t, n, vec![adjust(5)], withdraw(3)).boxed_local()
        }),
        ("complete", |t, n| {
            let step = WalletStep::CompleteWithdrawal {
                withdrawal_id: withdrawn(t, n),
                reference: Some("payout-1".into()),
            };
            stepping(t, n, vec![adjust(5), withdraw(3)], step).boxed_local()
        }),
        ("reject", |t, n| {
            let step = WalletStep::RejectWithdrawal {
                withdrawal_id: withdrawn(t, n),
                reason: "no account".into(),
            };
            stepping(t, n, vec![adjust(5), withdraw(3)], step).boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}
