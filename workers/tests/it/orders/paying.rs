//! An order is paid once, whoever pays and whatever fails.

use domain::{
    channel::Channel,
    job::{CreateOrderReply, Job},
    merchant::{LatePayments, Terms},
    order::{OrderStatus, OrderStep, PayOrder},
    payment::PaymentStatus,
};
use futures::future::{join, join_all};
use serde_json::json;

use crate::{
    ordering::{TOTAL, pay_with, refused},
    support::{now, world},
    wishing::{cancel, done},
};

/// The call that opens an intent.
const OPENING: &str = "POST /v1/payment_intents";
const GIVEN_BACK: &str = "select count(*) from refunds where idempotency_key like 'late-payment:%'";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_created_once_and_paid_by_its_payment() {
    let world = world().await;
    let job = world.order_job("k");
    let copies = join_all((0..4).map(|_| world.ask_for(&job))).await;
    for reply in copies {
        let CreateOrderReply::Order(view) = reply else {
            panic!("{reply:?}")
        };
        assert_eq!((view.total, view.status), (TOTAL, OrderStatus::Created));
    }
    let mut other = job.clone();
    other.request.reference = None;
    assert_eq!(world.ask_for(&other).await, CreateOrderReply::Conflict);

    let id = job.order_id();
    let pay = world.order_wish("pay", id, pay_with(Some("pm_card_visa")));
    let view = world.step("pay", id, pay.request.clone()).await;
    assert_eq!(view.payment_id, Some(pay.payment_id()));
    let order = world.order_until(id, OrderStatus::Paid).await;
    assert_eq!(order.paid_by, Some(pay.payment_id()));
    let payment = world.wait_for(pay.payment_id(), PaymentStatus::Succeeded).await;
    assert_eq!((payment.money, payment.request.order_id), (order.money, Some(id)));
    assert_eq!(payment.request.reference, order.reference);
    // The same again is answered, and begins nothing.
    world.step("pay", id, pay.request.clone()).await;
    assert_eq!(world.intents().await.len(), 1);
    let logged = ["create created anna", "pay created anna", "paid paid sluice"];
    assert_eq!(world.logged().await, logged);
    world.assert_books_agree().await;
    world.close().await;
}

/// The total is computed; one that is believed to be another is never stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_is_not_the_sum_is_parked() {
    let world = world().await;
    let mut job = world.order_job("k");
    job.request.total_minor = Some(TOTAL - 1);
    world.publish(&job).await;
    let parked = world.parked("create_order").await;
    let reason = parked["properties"]["headers"]["reason"].as_str().unwrap();
    assert!(reason.contains("come to 2000"), "{reason}");
    assert_eq!(world.store.order(job.order_id()).await.unwrap(), None);
    world.close().await;
}

/// Two payments are open, and both are paid: told at the same time, and each told twice.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_payments_that_succeed_the_second_is_given_back() {
    let world = world().await;
    let id = world.order("k").await;
    let (one, two) = (world.begun("one", id).await, world.begun("two", id).await);
    assert!(world.pay(&one, json!({})).await && world.pay(&two, json!({})).await);
    let told = [(&one, "evt_1"), (&two, "evt_2"), (&one, "evt_3"), (&two, "evt_4")];
    join_all(told.map(|(payment, event)| world.paid_callback(payment, event))).await;
    let order = world.order_until(id, OrderStatus::Paid).await;
    let second = if order.paid_by == Some(one.id) { &two } else { &one };
    let given_back = async || world.now_is(second).await.refunded_minor;
    world.wait_until(TOTAL, given_back).await;
    let first = world.now_is(if second.id == two.id { &one } else { &two }).await;
    assert_eq!((first.refunded_minor, first.refund_reserved_minor), (0, 0));
    assert_eq!(world.count(GIVEN_BACK).await, 1);
    assert_eq!(world.refunds_at_provider().await.len(), 1);
    let order = world.order_is(id).await;
    assert_eq!((order.status, order.refunded_minor()), (OrderStatus::Paid, 0));
    let not_wanted = "select count(*) from order_logs where step = 'payment_not_wanted'";
    assert_eq!(world.count(not_wanted).await, 1);
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_payment_failed_is_paid_by_another() {
    let world = world().await;
    let id = world.order("k").await;
    world
        .step("declined", id, pay_with(Some("pm_card_chargeDeclined")))
        .await;
    let failed = world.order_until(id, OrderStatus::PaymentFailed).await;
    let view = world.step("again", id, pay_with(Some("pm_card_visa"))).await;
    assert_ne!(view.payment_id, failed.last_payment);
    let paid = world.order_until(id, OrderStatus::Paid).await;
    assert_eq!(paid.paid_by, view.payment_id);
    assert_eq!(
        world.logged().await[2..],
        [
            "payment_failed payment_failed sluice",
            "pay payment_failed anna",
            "paid paid sluice"
        ]
    );
    world.close().await;
}

/// The first payment is declined, and paid by another card while the second one is paid, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_payment_that_is_paid_after_all_is_given_back() {
    let world = world().await;
    let id = world.order("k").await;
    let declined = world.order_wish("declined", id, pay_with(Some("pm_card_chargeDeclined")));
    world.step("declined", id, declined.request.clone()).await;
    world.order_until(id, OrderStatus::PaymentFailed).await;
    world.step("again", id, pay_with(Some("pm_card_visa"))).await;
    let paid = world.order_until(id, OrderStatus::Paid).await;
    let declined = world.store.payment(declined.payment_id()).await.unwrap().unwrap();
    assert!(world.pay(&declined, json!({})).await);
    world.paid_callback(&declined, "evt_1").await;
    let given_back = async || world.now_is(&declined).await.refunded_minor;
    world.wait_until(TOTAL, given_back).await;
    assert_eq!(world.order_is(id).await, paid);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_for_good_fails_the_order_after_all_tries() {
    let world = world().await;
    let id = world.order("k").await;
    world.fault(OPENING, "error", json!({ "status": 503 })).await;
    world.step("k", id, pay_with(Some("pm_card_visa"))).await;
    world.order_until(id, OrderStatus::PaymentFailed).await;
    let reason = "select reason from order_logs where step = 'payment_failed'";
    let reason: String = world.query(reason).await;
    assert!(reason.contains("could not be reached"), "{reason}");
    world.close().await;
}

/// Where the merchant does not take late money, it does not pay the order either.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_pays_its_order_where_that_was_agreed() {
    for (late_payments, status) in [
        (LatePayments::Accept, OrderStatus::Paid),
        (LatePayments::Refund, OrderStatus::Created),
    ] {
        let world = world().await;
        let terms = Terms {
            late_payments,
            ..Terms::default()
        };
        let agreed = world
            .store
            .set_terms(world.merchant_id, &terms, store::Doing::by("test", now()));
        agreed.await.unwrap();
        let id = world.order("k").await;
        let payment = world.begun("one", id).await;
        let canceled = world.wish(&cancel(&payment, "k")).await;
        assert_eq!(done(canceled), PaymentStatus::Canceled);
        assert!(world.pay(&payment, json!({ "even_if_closed": true })).await);
        join(
            world.paid_callback(&payment, "evt_1"),
            world.paid_callback(&payment, "evt_2"),
        )
        .await;
        assert!(world.wait_for(payment.id, PaymentStatus::Succeeded).await.is_late);
        assert_eq!(world.order_is(id).await.status, status);
        let is_given_back = late_payments == LatePayments::Refund;
        let given_back = async || world.now_is(&payment).await.refunded_minor;
        world
            .wait_until(if is_given_back { TOTAL } else { 0 }, given_back)
            .await;
        assert_eq!(world.count(GIVEN_BACK).await, i64::from(is_given_back));
        world.close().await;
    }
}

/// The commit that takes the step is the one that begins the payment: nothing else has to survive.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_to_pay_that_is_published_many_times_begins_one_payment() {
    let world = world().await;
    let id = world.order("k").await;
    let job = world.order_wish("pay", id, pay_with(Some("pm_card_visa")));
    join_all((0..8).map(|_| world.publish(&job))).await;
    world.order_until(id, OrderStatus::Paid).await;
    let payments = "select count(*) from payments where order_id is not null";
    assert_eq!((world.count(payments).await, world.intents().await.len()), (1, 1));
    assert_eq!(job.correlation_id(), id.to_string());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_channel_takes_is_refused_and_begins_nothing() {
    let world = world().await;
    let id = world.order("k").await;
    let in_yuan = PayOrder {
        channel: Some(Channel::Wechat),
        ..PayOrder::default()
    };
    let pay = OrderStep::Pay(Box::new(in_yuan));
    let reply = world.ask(&world.order_wish("pay", id, pay)).await;
    let (code, message) = refused(reply);
    assert_eq!(code, "payment_not_taken");
    assert!(message.contains("USD"), "{message}");
    assert_eq!(world.count("select count(*) from payments").await, 0);
    world.close().await;
}
