//! Payments into wallets: credited once, taken back with a refund, and never spent twice.

use domain::{
    id::WalletId,
    job::CreateIntent,
    merchant::{LatePayments, Terms},
    payment::{Payment, PaymentRequest, PaymentStatus},
    refund::RefundStatus,
};
use futures::future::join_all;
use serde_json::json;

use super::money::dollars;
use crate::{
    support::{World, now, request, world},
    wishing::{cancel, done},
};

/// A card that is good.
const GOOD: Option<&str> = Some("pm_card_visa");

impl World {
    pub fn top_up_job(&self, name: &str, wallet: WalletId, card: Option<&str>) -> CreateIntent {
        let request = PaymentRequest {
            wallet_id: Some(wallet),
            money: dollars(500),
            ..request(card)
        };
        self.job(name, request)
    }

    /// A top-up that waits for its payer.
    async fn open_top_up(&self, name: &str, wallet: WalletId) -> Payment {
        let job = self.top_up_job(name, wallet, None);
        self.publish(&job).await;
        self.wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await
    }

    pub async fn topped_up(&self, name: &str, wallet: WalletId) -> Payment {
        let job = self.top_up_job(name, wallet, GOOD);
        self.publish(&job).await;
        self.wait_for(job.payment_id(), PaymentStatus::Succeeded).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_is_in_the_wallet_once_however_often_that_is_told() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 0).await;
    let payment = world.open_top_up("k", wallet).await;
    assert_eq!(world.wallet_figures(wallet).await, (0, 0));
    assert!(world.pay(&payment, json!({})).await);
    let copies = ["evt_1", "evt_1", "evt_2"];
    join_all(copies.map(|event| world.paid_callback(&payment, event))).await;
    let paid = world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    assert_eq!(paid.paid_into.unwrap().as_str(), "anna");
    let taken_in = "select count(*) from payment_callbacks";
    world.wait_until(2, async || world.count(taken_in).await).await;
    assert_eq!(world.wallet_figures(wallet).await, (500, 0));
    let lines =
        "select array_agg(kind || ' ' || amount_minor || ' ' || balance_minor) from wallet_transactions";
    assert_eq!(world.query::<Vec<String>>(lines).await, ["wallet_top_up 500 500"]);
    world.books_agree().await;
    world.close().await;
}

/// Many payments into one wallet, while it pays: nobody's money is lost for want of a turn.
#[tokio::test(flavor = "multi_thread")]
async fn many_pay_into_one_wallet() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 1_000).await;
    let into: Vec<_> = (0..8)
        .map(|number| world.top_up_job(&format!("in{number}"), wallet, GOOD))
        .collect();
    let from: Vec<_> = (0..8)
        .map(|number| world.job_from_wallet(&format!("out{number}"), "anna", 100))
        .collect();
    join_all(into.iter().chain(&from).map(|job| world.publish(job))).await;
    let paid = "select count(*) from payments where status = 'succeeded'";
    world.wait_until(16, async || world.count(paid).await).await;
    assert_eq!(world.wallet_figures(wallet).await, (4_200, 0));
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_takes_the_money_out_of_the_wallet() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 0).await;
    let payment = world.topped_up("k", wallet).await;
    let part = world.refund("part", &payment, Some(200)).await;
    world.wait_for_refund(part, RefundStatus::Succeeded).await;
    assert_eq!(world.wallet_figures(wallet).await, (300, 0));
    world.books_agree().await;

    world.fill(wallet, -50).await;
    let rest = world.refund("rest", &payment, None).await;
    let refused = world.wait_for_refund(rest, RefundStatus::Failed).await;
    assert_eq!(refused.failure.unwrap().code, "insufficient_balance");
    assert_eq!(world.wallet_figures(wallet).await, (250, 0));
    assert_eq!(world.figures(&payment).await, (200, 0));
    assert_eq!(
        world.refunds_at_provider().await.len(),
        1,
        "the second was never sent"
    );
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_leaves_the_money_in_the_wallet() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 0).await;
    let payment = world.topped_up("k", wallet).await;
    let refusal = json!({ "status": 400, "code": "charge_disputed" });
    world.fault("POST /v1/refunds", "error", refusal).await;
    let refund = world.refund("r", &payment, None).await;
    world.wait_for_refund(refund, RefundStatus::Failed).await;
    assert_eq!(world.wallet_figures(wallet).await, (500, 0));
    let held = "select array_agg(phase || ' ' || hold_minor order by number) from wallet_transactions";
    assert_eq!(
        world.query::<Vec<String>>(held).await,
        ["posted 0", "pending 500", "voided -500"]
    );
    world.books_agree().await;
    world.close().await;
}

/// Where late money is given back, the wallet never has it.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_and_is_given_back_was_never_in_the_wallet() {
    let world = world().await;
    let terms = Terms {
        late_payments: LatePayments::Refund,
        ..Terms::default()
    };
    let agreed = world
        .store
        .set_terms(world.merchant_id, &terms, store::Doing::by("test", now()));
    assert_eq!(agreed.await.unwrap(), Some(terms));
    let wallet = world.filled_wallet("anna", 0).await;
    let payment = world.open_top_up("k", wallet).await;
    assert_eq!(
        done(world.wish(&cancel(&payment, "c")).await),
        PaymentStatus::Canceled
    );
    assert!(world.pay(&payment, json!({ "even_if_closed": true })).await);
    world.paid_callback(&payment, "evt_1").await;
    let given_back = async || world.now_is(&payment).await.refunded_minor;
    world.wait_until(500, given_back).await;
    assert_eq!(world.now_is(&payment).await.paid_into, None);
    let lines = "select count(*) from wallet_transactions";
    assert_eq!(world.count(lines).await, 0);
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_does_not_fit_is_refused_before_anything_is_stored() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 0).await;
    let mut of_bob = world.top_up_job("bob", wallet, GOOD);
    of_bob.request.user_id = "bob".parse().ok();
    world.publish(&of_bob).await;
    let parked = world.parked("create_intent").await;
    assert!(parked.to_string().contains("another user's"), "{parked}");
    let mut elsewhere = world.top_up_job("elsewhere", wallet, GOOD);
    elsewhere.merchant_id = world.another_merchant().await;
    world.publish(&elsewhere).await;
    let parked = world.parked("create_intent").await;
    assert!(parked.to_string().contains("no such wallet"), "{parked}");
    assert_eq!(world.count("select count(*) from payments").await, 0);
    world.close().await;
}
