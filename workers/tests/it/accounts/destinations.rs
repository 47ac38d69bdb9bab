//! Payments whose money goes on to a connected account: charged so, checked, and taken back in proportion.

use domain::{
    channel::Destination,
    payment::{Payment, PaymentRequest, PaymentStatus},
    refund::RefundStatus,
};
use serde_json::{Value, json};

use crate::{
    process_callback::intent,
    support::{World, request, world},
};

/// The merchant keeps 3.01 of 19.99.
pub fn to(account: &str) -> PaymentRequest {
    PaymentRequest {
        destination: Some(Destination {
            account: account.into(),
            application_fee_minor: Some(301),
        }),
        ..request(Some("pm_card_visa"))
    }
}

/// What the provider and the books say that the merchant has, without what the provider kept.
async fn left(world: &World) -> (i64, i64) {
    let balance =
        "select coalesce(sum(posted_minor), 0)::bigint from ledger_balances where kind = 'merchant_balance'";
    let path = format!("{}/v1/balance_transactions?limit=100", world.sandbox.base_url());
    let lines = world.http.get(path).bearer_auth(&world.account).send();
    let lines: Value = lines.await.unwrap().json().await.unwrap();
    let lines = lines["data"].as_array().unwrap().iter();
    let at_provider = lines.map(|line| line["amount"].as_i64().unwrap()).sum();
    (at_provider, world.count(balance).await)
}

async fn paid_to(world: &World, account: &str) -> Payment {
    let job = world.job("k", to(account));
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_money_goes_on_and_refunds_take_their_part_back() {
    let world = world().await;
    let account = world.activated("anna").await;
    let payment = paid_to(&world, &account).await;
    assert_eq!(left(&world).await, (301, 301));
    world.books_agree().await;
    for (name, amount_minor) in [("r1", 500), ("r2", 1), ("r3", 6), ("r4", 7), ("r5", 1_485)] {
        let id = world.refund(name, &payment, Some(amount_minor)).await;
        world.wait_for_refund(id, RefundStatus::Succeeded).await;
        world.books_agree().await;
        let (at_provider, in_books) = left(&world).await;
        assert_eq!(at_provider, in_books, "{name}");
    }
    assert_eq!(left(&world).await, (0, 0));
    let taken_back = world.get("/sandbox/stripe/transfers").await;
    assert_eq!(taken_back[0]["amount_reversed"], 1_999);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_comes_back_is_the_other_accounts_again() {
    let world = world().await;
    let account = world.activated("anna").await;
    let mut request = to(&account);
    request.payment_method = Some("pm_card_refundFail".into());
    let job = world.job("k", request);
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    let id = world.refund("r", &payment, Some(500)).await;
    world.wait_for_refund(id, RefundStatus::Succeeded).await;
    let refunds = world.refunds_at_provider().await;
    let refund = json!({ "id": refunds[0]["id"], "object": "refund", "amount": 500, "currency": "usd",
        "status": "failed", "payment_intent": payment.intent_id, "failure_reason": "lost_or_stolen_card",
        "metadata": { "sluice_refund_id": id } });
    world
        .publish(&world.callback("evt_r", "refund.failed", &refund))
        .await;
    world.wait_for_refund(id, RefundStatus::Failed).await;
    assert_eq!(left(&world).await.1, 301);
    world.books_agree().await;
    // What it took back from there is not sent on again, and must not be taken back once more.
    let again = world.refund("again", &payment, Some(500)).await;
    let refused = world.wait_for_refund(again, RefundStatus::Failed).await;
    assert_eq!(refused.failure.unwrap().code, "refund_came_back");
    assert_eq!(world.refunds_at_provider().await.len(), 1);
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_shows_another_way_is_parked() {
    let world = world().await;
    let job = world.job("k", request(None));
    world.publish(&job).await;
    let payment = world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    let mut object = intent(&payment, "succeeded");
    object["transfer_data"] = json!({ "destination": "acct_stranger" });
    world
        .publish(&world.callback("evt_1", "payment_intent.succeeded", &object))
        .await;
    let parked = "select count(*) from job_failures where error_class = 'mismatch'";
    world.wait_until(1, async || world.count(parked).await).await;
    world.wait_for(payment.id, PaymentStatus::RequiresAction).await;
    world.close().await;
}
