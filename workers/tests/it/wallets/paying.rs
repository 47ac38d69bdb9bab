//! Payments from wallets: they take what is there, once, and give it back.

use domain::{
    channel::{Channel, Method},
    id::WalletId,
    job::{CreateIntent, CreateRefund},
    order::{OrderStatus, OrderStep, PayOrder},
    payment::{Payment, PaymentRequest, PaymentStatus},
    refund::RefundStatus,
};
use futures::future::join_all;

use super::money::dollars;
use crate::{
    ordering::{TOTAL, refund_of},
    support::{World, request, world},
};

/// A request for a payment from the wallet of this user.
pub fn from_wallet_of(user: &str, amount_minor: i64) -> PaymentRequest {
    PaymentRequest {
        method: Some(Method::Wallet),
        user_id: user.parse().ok(),
        money: dollars(amount_minor),
        ..request(None)
    }
}

fn pay_from_wallet() -> OrderStep {
    OrderStep::Pay(Box::new(PayOrder {
        method: Some(Method::Wallet),
        ..PayOrder::default()
    }))
}

impl World {
    pub fn job_from_wallet(&self, name: &str, user: &str, amount_minor: i64) -> CreateIntent {
        self.job(name, from_wallet_of(user, amount_minor))
    }

    async fn paid_from_wallet(&self, name: &str, user: &str, amount_minor: i64) -> Payment {
        let job = self.job_from_wallet(name, user, amount_minor);
        self.publish(&job).await;
        self.wait_for(job.payment_id(), PaymentStatus::Succeeded).await
    }

    async fn all_of(&self, name: &str, payment: &Payment) -> CreateRefund {
        let job = self.refund_job(name, payment, None);
        self.publish(&job).await;
        job
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_pays_and_its_merchant_is_told() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 500).await;
    let payment = world.paid_from_wallet("k", "anna", 300).await;
    assert_eq!(payment.channel, Channel::Wallet);
    assert!(
        payment
            .intent_id
            .as_ref()
            .is_some_and(|id| id.starts_with("trf_"))
    );
    assert_eq!(world.wallet_figures(wallet).await, (200, 0));
    world
        .wait_until(vec!["payment.succeeded".to_owned()], async || {
            world.told(&payment).await
        })
        .await;
    let said = "select array_agg(channel || ' ' || operation || ' ' || outcome) from payment_records";
    assert_eq!(
        world.query::<Vec<String>>(said).await,
        ["wallet create_intent ok"]
    );
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_declined_and_can_be_paid_again() {
    let world = world().await;
    let job = world.job_from_wallet("nobody", "anna", 300);
    world.publish(&job).await;
    let failed = world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "no_such_wallet");

    let wallet = world.filled_wallet("anna", 299).await;
    let job = world.job_from_wallet("short", "anna", 300);
    world.publish(&job).await;
    let failed = world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    assert_eq!(failed.failure.clone().unwrap().code, "insufficient_balance");
    world
        .wait_until(vec!["payment.failed".to_owned()], async || {
            world.told(&failed).await
        })
        .await;
    assert_eq!(world.wallet_figures(wallet).await, (299, 0));

    world.fill(wallet, 1).await;
    // The same job again finds the payment as it ended.
    world.publish(&job).await;
    world.paid_from_wallet("again", "anna", 300).await;
    assert_eq!(world.now_is(&failed).await.status, PaymentStatus::Failed);
    assert_eq!(world.wallet_figures(wallet).await, (0, 0));
    world.books_agree().await;
    world.close().await;
}

/// Many payments at once, by two processes: as many succeed as there is money for, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_never_overdrawn() {
    let mut world = world().await;
    world.start_workers(domain::clock::SystemClock).await;
    let wallet = world.filled_wallet("anna", 1_000).await;
    let jobs: Vec<_> = (0..20)
        .map(|number| world.job_from_wallet(&format!("k{number}"), "anna", 150))
        .collect();
    join_all(jobs.iter().map(|job| world.publish(job))).await;
    let ended = "select count(*) from payments where status in ('succeeded', 'failed')";
    world.wait_until(20, async || world.count(ended).await).await;
    let paid = "select count(*) from payments where status = 'succeeded'";
    assert_eq!(world.count(paid).await, 6);
    assert_eq!(world.wallet_figures(wallet).await, (100, 0));
    let others = "select count(*) from payments where failure ->> 'code' = 'insufficient_balance'";
    assert_eq!(world.count(others).await, 14);
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_goes_back_into_the_wallet_in_parts_and_never_more() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 500).await;
    let payment = world.paid_from_wallet("k", "anna", 300).await;
    let part = world.refund("part", &payment, Some(100)).await;
    let part = world.wait_for_refund(part, RefundStatus::Succeeded).await;
    assert!(part.channel_refund_id.is_some_and(|id| id.starts_with("trf_")));
    assert_eq!(world.wallet_figures(wallet).await, (300, 0));
    let too_much = world.refund("too-much", &payment, Some(201)).await;
    let refused = world.wait_for_refund(too_much, RefundStatus::Failed).await;
    assert_eq!(refused.failure.unwrap().code, "refund_too_large");
    let rests = [
        world.all_of("rest", &payment).await,
        world.all_of("rest", &payment).await,
    ];
    world
        .wait_for_refund(rests[0].refund_id(), RefundStatus::Succeeded)
        .await;
    assert_eq!(world.figures(&payment).await, (300, 0));
    assert_eq!(world.wallet_figures(wallet).await, (500, 0));
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_from_a_wallet_and_given_back_by_item() {
    let world = world().await;
    let wallet = world.filled_wallet("user-42", TOTAL - 1).await;
    let id = world.order("k").await;
    world.step("poor", id, pay_from_wallet()).await;
    world.order_until(id, OrderStatus::PaymentFailed).await;
    world.fill(wallet, 1).await;
    world.step("pay", id, pay_from_wallet()).await;
    world.order_until(id, OrderStatus::Paid).await;
    assert_eq!(world.wallet_figures(wallet).await, (0, 0));
    world.step("part", id, refund_of(&[("tea", 2)])).await;
    let part = world.order_until(id, OrderStatus::Refunded).await;
    assert_eq!(part.refunded_minor(), 1_000);
    assert_eq!(world.wallet_figures(wallet).await, (1_000, 0));
    world.books_agree().await;
    world.close().await;
}

/// What was stored by a process that died before the wallet had paid is paid by the next, and what is too old is closed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_undone_is_done_or_expires() {
    let world = world().await;
    let wallet = world.filled_wallet("anna", 500).await;
    let left = |name: &str, expires_in: i64| {
        let request = from_wallet_of("anna", 200);
        let terms = domain::merchant::Terms::default();
        let (merchant, key, now) = (
            world.merchant_id,
            crate::support::key(name),
            crate::support::now(),
        );
        let payment = Payment::new(merchant, key, request, Channel::Wallet, &terms, now);
        Payment {
            expires_at: now + chrono::TimeDelta::seconds(expires_in),
            ..payment
        }
    };
    let (young, old) = (left("young", 600), left("old", -1));
    for payment in [&young, &old] {
        world.store_new(payment).await;
        world
            .publish(&world.job(payment.idempotency_key.as_str(), payment.request.clone()))
            .await;
    }
    world.wait_for(young.id, PaymentStatus::Succeeded).await;
    world.wait_for(old.id, PaymentStatus::Expired).await;
    assert_eq!(world.wallet_figures(wallet).await, (300, 0));
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_wish_finds_the_payment_as_it_ended() {
    let world = world().await;
    let wallet: WalletId = world.filled_wallet("anna", 500).await;
    let payment = world.paid_from_wallet("k", "anna", 300).await;
    let canceled = world.wish(&crate::wishing::cancel(&payment, "cancel")).await;
    assert_eq!(crate::wishing::refused(canceled), "payment_already_paid");
    let confirm = crate::wishing::confirm(&payment, "confirm", "pm_card_visa");
    crate::wishing::refused(world.wish(&confirm).await);
    assert_eq!(world.wallet_figures(wallet).await, (200, 0));
    world.close().await;
}
