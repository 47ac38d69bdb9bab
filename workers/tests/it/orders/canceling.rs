//! An order is called off, and whatever of it is paid all the same is given back.

use domain::{
    order::{OrderStatus, OrderStep},
    payment::PaymentStatus,
};
use futures::future::join_all;
use serde_json::json;

use crate::{
    ordering::{TOTAL, refused},
    support::world,
};

#[tokio::test(flavor = "multi_thread")]
async fn canceling_an_order_closes_its_open_payments() {
    let world = world().await;
    let id = world.order("k").await;
    let payments = [world.begun("one", id).await, world.begun("two", id).await];
    let view = world.step("off", id, OrderStep::Cancel {}).await;
    assert_eq!(view.status, OrderStatus::Canceled);
    for payment in &payments {
        world.wait_for(payment.id, PaymentStatus::Canceled).await;
        assert_eq!(world.at_provider(payment).await, ("canceled".into(), 0));
    }
    let wishes = "select count(*) from payment_actions where idempotency_key like 'sluice-order:%'";
    assert_eq!(world.count(wishes).await, 2);
    assert_eq!(world.logged().await[3..], ["cancel canceled anna"]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_for_a_canceled_order_is_given_back_once() {
    let world = world().await;
    let id = world.order("k").await;
    let payment = world.begun("one", id).await;
    world.step("off", id, OrderStep::Cancel {}).await;
    world.wait_for(payment.id, PaymentStatus::Canceled).await;
    assert!(world.pay(&payment, json!({ "even_if_closed": true })).await);
    let told = ["evt_1", "evt_2", "evt_1"];
    join_all(told.map(|event| world.paid_callback(&payment, event))).await;
    let given_back = async || world.now_is(&payment).await.refunded_minor;
    world.wait_until(TOTAL, given_back).await;
    assert_eq!(world.refunds_at_provider().await.len(), 1);
    let order = world.order_is(id).await;
    assert_eq!((order.status, order.paid_by), (OrderStatus::Canceled, None));
    world.assert_books_agree().await;
    world.close().await;
}

/// The payer pays while the order is called off: either the order is paid, or the money is given back.
#[tokio::test(flavor = "multi_thread")]
async fn canceling_while_it_is_paid_ends_one_way_or_the_other() {
    let world = world().await;
    for number in 0..6 {
        let id = world.order(&format!("k{number}")).await;
        let payment = world.begun(&format!("pay{number}"), id).await;
        assert!(world.pay(&payment, json!({})).await);
        let job = world.order_wish(&format!("off{number}"), id, OrderStep::Cancel {});
        let event = format!("evt_{number}");
        let (reply, ()) = tokio::join!(world.ask(&job), world.paid_callback(&payment, &event));
        world.wait_for(payment.id, PaymentStatus::Succeeded).await;
        let order = world.order_is(id).await;
        if order.status == OrderStatus::Paid {
            let (code, message) = refused(reply);
            assert_eq!(code, "order_not_cancelable");
            assert!(message.contains("paid and cannot be canceled"), "{message}");
        } else {
            assert_eq!(order.status, OrderStatus::Canceled);
            let given_back = async || world.now_is(&payment).await.refunded_minor;
            world.wait_until(TOTAL, given_back).await;
        }
    }
    world.close().await;
}
