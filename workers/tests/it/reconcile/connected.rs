//! Money that goes on to another account, comes back from there, and is paid out to one: no line of it is a difference.

use domain::{payment::PaymentStatus, refund::RefundStatus, wallet::WithdrawalStatus};

use super::{begin, differences, ended};
use crate::{
    accounts::destinations::to,
    support::{now, world},
};

/// Two payments and a refund are matched, and five lines are passed over: two transfers, a part of one that is taken back, a fee,
/// and what of it is given back.
const LINES: (u32, u32) = (3, 8);

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_between_accounts_is_passed_over() {
    let world = world().await;
    // The first payment is the money that is paid out from a wallet.
    let account = world.funded("anna").await;
    let job = world.job("k", to(&account));
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    let refund = world.refund("r", &payment, Some(500)).await;
    world.wait_for_refund(refund, RefundStatus::Succeeded).await;
    let wallet = world.filled("anna", 1_000).await;
    let payout = world.withdrawn(wallet, "w", 700).await;
    world.publish(&payout).await;
    world.withdrawal_until(&payout, WithdrawalStatus::Completed).await;
    // Of today all is compared that is old enough to have settled.
    let look = async || {
        let job = begin(&world, now().date_naive()).await;
        let ending = ended(&world, &job).await;
        assert_eq!(differences(&world, Some(&job), false).await, []);
        (ending.matched, ending.entries)
    };
    world.wait_until(LINES, look).await;
    world.books_agree().await;
    world.close().await;
}
