//! Creating and changing orders, and what their payments do to them.

use domain::{
    job::ChangeOrder,
    order::{OrderStep, PayOrder},
    payment::PaymentStatus,
};

use super::*;
use crate::ordering::{TOTAL, pay_with, refund_of, ship};

/// A card that is good.
const GOOD: Option<&str> = Some("pm_card_visa");

/// A stored order of this name.
async fn order(twice: &Twice, name: &str) -> OrderId {
    let job = twice.world.order_job(name);
    twice.deliver(&envelope(&job), 1).await;
    job.order_id()
}

/// An order that these steps were taken of.
async fn order_after(twice: &Twice, name: &str, steps: Vec<OrderStep>) -> OrderId {
    let id = order(twice, name).await;
    for (number, step) in steps.into_iter().enumerate() {
        let job = twice.world.order_wish(&format!("{name}-{number}"), id, step);
        twice.deliver(&envelope(&job), 1).await;
    }
    id
}

/// The job that takes a step of an order that these steps were taken of before.
async fn stepping(twice: &Twice, name: &str, before: Vec<OrderStep>, step: OrderStep) -> Envelope {
    let id = order_after(twice, name, before).await;
    envelope(&twice.world.order_wish(name, id, step))
}

/// A wish to pay an order, whose payment's intent waits for its payer.
async fn begun(twice: &Twice, name: &str, id: OrderId) -> (ChangeOrder, Payment) {
    let job = twice.world.order_wish(name, id, pay_with(None));
    twice.deliver(&envelope(&job), 1).await;
    let payment = twice
        .world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction);
    let payment = payment.await;
    assert!(twice.world.pay(&payment, json!({})).await);
    (job, payment)
}

fn paid(twice: &Twice, name: &str, payment: &Payment) -> Envelope {
    let object = crate::process_callback::intent(payment, "succeeded");
    let event = format!("evt_{name}");
    envelope(&twice.world.callback(&event, "payment_intent.succeeded", &object))
}

#[tokio::test(flavor = "multi_thread")]
async fn create_order() {
    let cases: &[(&str, Setup)] = &[
        ("new", |t, n| {
            async move { envelope(&t.world.order_job(n)) }.boxed_local()
        }),
        ("stored", |t, n| {
            async move {
                order(t, n).await;
                envelope(&t.world.order_job(n))
            }
            .boxed_local()
        }),
        ("the key of another request", |t, n| {
            async move {
                order(t, n).await;
                let mut job = t.world.order_job(n);
                job.request.reference = None;
                envelope(&job)
            }
            .boxed_local()
        }),
        ("another total", |t, n| {
            async move {
                let mut job = t.world.order_job(n);
                job.request.total_minor = Some(TOTAL + 1);
                envelope(&job)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_order_to_pay() {
    let cases: &[(&str, Setup)] = &[
        ("pay, paid at once", |t, n| {
            stepping(t, n, vec![], pay_with(GOOD)).boxed_local()
        }),
        ("pay, declined", |t, n| {
            stepping(t, n, vec![], pay_with(Some("pm_card_chargeDeclined"))).boxed_local()
        }),
        ("pay, open", |t, n| {
            stepping(t, n, vec![], pay_with(None)).boxed_local()
        }),
        ("pay again after a decline", |t, n| {
            let declined = pay_with(Some("pm_card_chargeDeclined"));
            stepping(t, n, vec![declined], pay_with(GOOD)).boxed_local()
        }),
        ("pay what is paid", |t, n| {
            stepping(t, n, vec![pay_with(GOOD)], pay_with(GOOD)).boxed_local()
        }),
        ("pay in a way that nobody takes", |t, n| {
            let nowhere = PayOrder {
                channel: Some(Channel::Wechat),
                ..PayOrder::default()
            };
            stepping(t, n, vec![], OrderStep::Pay(Box::new(nowhere))).boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_order_to_cancel_or_refund() {
    let cases: &[(&str, Setup)] = &[
        ("cancel", |t, n| {
            stepping(t, n, vec![], OrderStep::Cancel {}).boxed_local()
        }),
        ("cancel with an open payment", |t, n| {
            async move {
                let job = stepping(t, n, vec![pay_with(None)], OrderStep::Cancel {}).await;
                // What cancels the payment follows from the job.
                t.published.fetch_add(1, Ordering::Relaxed);
                job
            }
            .boxed_local()
        }),
        ("refund by item", |t, n| {
            stepping(t, n, vec![pay_with(GOOD)], refund_of(&[("tea", 2)])).boxed_local()
        }),
        ("refund all that is left", |t, n| {
            let before = vec![pay_with(GOOD), refund_of(&[("cup", 1)])];
            stepping(t, n, before, OrderStep::Refund { items: None }).boxed_local()
        }),
        ("refund more than there is", |t, n| {
            stepping(t, n, vec![pay_with(GOOD)], refund_of(&[("tea", 4)])).boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_order_to_ship_or_complete() {
    let cases: &[(&str, Setup)] = &[
        ("ship", |t, n| {
            stepping(t, n, vec![pay_with(GOOD)], ship()).boxed_local()
        }),
        ("ship what is not paid", |t, n| {
            stepping(t, n, vec![], ship()).boxed_local()
        }),
        ("complete", |t, n| {
            stepping(t, n, vec![pay_with(GOOD), ship()], OrderStep::Complete {}).boxed_local()
        }),
        ("the key of another wish", |t, n| {
            async move {
                let id = order_after(t, n, vec![pay_with(GOOD)]).await;
                let job = t.world.order_wish(n, id, ship());
                t.deliver(&envelope(&job), 1).await;
                envelope(&ChangeOrder { reason: None, ..job })
            }
            .boxed_local()
        }),
        ("of no order", |t, n| {
            async move {
                let id = t.world.order_job(n).order_id();
                envelope(&t.world.order_wish(n, id, ship()))
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_about_payments_of_orders() {
    let cases: &[(&str, Setup)] = &[
        ("the first payment", |t, n| {
            async move {
                let id = order(t, n).await;
                let (_, payment) = begun(t, n, id).await;
                paid(t, n, &payment)
            }
            .boxed_local()
        }),
        ("the second payment", |t, n| {
            async move {
                let id = order(t, n).await;
                let (_, payment) = begun(t, n, id).await;
                let (_, second) = begun(t, &format!("{n}-second"), id).await;
                let first = paid(t, &format!("{n}-first"), &payment);
                t.deliver(&first, 1).await;
                paid(t, n, &second)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}
