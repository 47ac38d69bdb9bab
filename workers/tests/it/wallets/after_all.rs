//! Money that moves again after it has arrived: a refund of a top-up that comes back, a disputed top-up that was spent, and wallets
//! that give to each other at once.

use domain::{payment::PaymentStatus, refund::RefundStatus};
use futures::future::join_all;
use serde_json::json;

use super::transfer;
use crate::support::world;

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_of_a_top_up_that_comes_back_is_in_the_wallet_again() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 0).await;
    let payment = world.topped_up("k", wallet).await;
    let refund = world.refund("r", &payment, Some(200)).await;
    world.wait_for_refund(refund, RefundStatus::Succeeded).await;
    assert_eq!(world.wallet_figures(wallet).await, (300, 0));
    let made = world.refunds_at_provider().await.remove(0);
    let failed = json!({
        "id": made["id"], "object": "refund", "amount": 200, "currency": "usd", "status": "failed",
        "payment_intent": payment.intent_id, "failure_reason": "lost_or_stolen_card",
        "metadata": { "sluice_refund_id": refund },
    });
    join_all(["evt_1", "evt_1", "evt_2"].map(|event| {
        let (world, callback) = (&world, world.callback(event, "refund.failed", &failed));
        async move { world.publish(&callback).await }
    }))
    .await;
    world.wait_for_refund(refund, RefundStatus::Failed).await;
    let taken_in = "select count(*) from payment_callbacks where event_type = 'refund.failed'";
    world.wait_until(2, async || world.count(taken_in).await).await;
    assert_eq!(world.wallet_figures(wallet).await, (500, 0));
    assert_eq!(world.figures(&payment).await, (0, 0));
    world.books_agree().await;
    world.close().await;
}

/// The bank takes from the merchant, whatever has become of the money in the wallet.
#[tokio::test(flavor = "multi_thread")]
async fn a_disputed_top_up_that_was_spent_is_the_merchants_loss() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 0).await;
    let payment = world.topped_up("k", wallet).await;
    let purchase = world.job_from_wallet("purchase", "anna", 450);
    world.publish(&purchase).await;
    world
        .wait_for(purchase.payment_id(), PaymentStatus::Succeeded)
        .await;
    let dispute = world.dispute(&payment, 500).await;
    let object = world.provider_object(&format!("/v1/disputes/{dispute}")).await;
    world
        .publish(&world.callback("evt_d", "charge.dispute.created", &object))
        .await;
    world
        .publish(&world.callback("evt_w", "charge.dispute.funds_withdrawn", &object))
        .await;
    let disputed = "select disputed_minor::bigint from payments where paid_into is not null";
    world.wait_until(500, async || world.count(disputed).await).await;
    assert_eq!(
        world.wallet_figures(wallet).await,
        (50, 0),
        "a wallet is never below zero"
    );
    let balance = "select posted_minor::bigint from ledger_balances where kind = 'merchant_balance'";
    assert_eq!(world.count(balance).await, 450 - 500);
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_that_give_to_each_other_at_once_all_get_their_turn() {
    let world = world().await;
    let anna = world.filled_wallet("anna", 10_000).await;
    let bob = world.filled_wallet("bob", 10_000).await;
    let wishes: Vec<_> = (0..8)
        .flat_map(|number| {
            let there = world.wallet_wish(&format!("a{number}"), anna, transfer(bob, 100 + number));
            let back = world.wallet_wish(&format!("b{number}"), bob, transfer(anna, 200 + number));
            [there, back]
        })
        .collect();
    join_all(wishes.iter().map(|wish| world.publish(wish))).await;
    let lines = "select count(*) from wallet_transactions where kind = 'wallet_transfer'";
    world.wait_until(32, async || world.count(lines).await).await;
    assert_eq!(world.wallet_figures(anna).await, (10_800, 0));
    assert_eq!(world.wallet_figures(bob).await, (9_200, 0));
    let failures = "select count(*) from job_failures";
    assert_eq!(world.count(failures).await, 0, "nothing locked another out");
    world.books_agree().await;
    world.close().await;
}
