//! A payout while its merchant ends the withdrawal by hand: one of the two does, and the money moves once.

use domain::wallet::{WalletStep, WithdrawalStatus};
use futures::{FutureExt, future::join_all};

use crate::support::world;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_out_and_ended_by_hand_at_once_ends_once() {
    let world = world().await;
    world.funded("anna").await;
    let wallet = world.filled("anna", 10_000).await;
    let mut payouts = Vec::new();
    for number in 0..12 {
        payouts.push(world.withdrawn(wallet, &format!("w{number}"), 100 + number).await);
    }
    let wishes: Vec<_> = (0..)
        .zip(&payouts)
        .map(|(number, payout)| {
            let withdrawal_id = payout.withdrawal_id;
            let step = if number % 2 == 0 {
                WalletStep::CompleteWithdrawal {
                    withdrawal_id,
                    reference: Some("by hand".into()),
                }
            } else {
                WalletStep::RejectWithdrawal {
                    withdrawal_id,
                    reason: "not today".into(),
                }
            };
            world.wallet_wish(&format!("by-hand-{number}"), wallet, step)
        })
        .collect();
    let paying = payouts.iter().map(|job| world.publish(job).boxed_local());
    let ending = wishes.iter().map(|job| world.publish(job).boxed_local());
    join_all(paying.chain(ending)).await;
    let open = "select count(*) from wallet_withdrawals where status in ('requested', 'processing')";
    world.wait_until(0, async || world.count(open).await).await;

    let mut gone = 0;
    let mut sent = 0;
    for payout in &payouts {
        let ended = world
            .store
            .withdrawal(payout.withdrawal_id)
            .await
            .unwrap()
            .unwrap();
        match ended.status {
            WithdrawalStatus::Completed => gone += ended.amount_minor,
            WithdrawalStatus::Rejected => assert_eq!(ended.channel, None),
            other => panic!("{other}"),
        }
        sent += usize::from(ended.channel.is_some());
    }
    assert_eq!(world.transfers_at_provider().await.len(), sent);
    assert_eq!(world.wallet_figures(wallet).await, (10_000 - gone, 0));
    world.books_agree().await;
    world.close().await;
}
