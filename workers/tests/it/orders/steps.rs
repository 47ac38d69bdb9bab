//! Every step from every status: what is illegal is refused with state and step, kept, and changes nothing.

use domain::{
    id::OrderId,
    job::ChangeOrderReply,
    order::{OrderStatus, OrderStep},
};

use crate::{
    ordering::{pay_with, refund_of, refused, ship, taken},
    support::{World, world},
};

/// The steps, by name, with the code of their refusals and what they are called when done.
const STEPS: [(&str, &str, &str); 5] = [
    ("pay", "order_not_payable", "paid"),
    ("cancel", "order_not_cancelable", "canceled"),
    ("refund", "order_not_refundable", "refunded"),
    ("ship", "order_not_shippable", "shipped"),
    ("complete", "order_not_completable", "completed"),
];

fn step(name: &str) -> OrderStep {
    match name {
        "pay" => pay_with(None),
        "cancel" => OrderStep::Cancel {},
        "refund" => refund_of(&[("tea", 1)]),
        "ship" => ship(),
        _ => OrderStep::Complete {},
    }
}

/// An order that stands like this.
async fn standing(world: &World, status: OrderStatus) -> OrderId {
    let name = status.name();
    let take = async |id, wanted: &str| drop(world.step(&format!("{name}-{wanted}"), id, step(wanted)).await);
    match status {
        OrderStatus::Created => world.order(name).await,
        OrderStatus::PaymentFailed => {
            let id = world.order(name).await;
            world
                .step(name, id, pay_with(Some("pm_card_chargeDeclined")))
                .await;
            world.order_until(id, status).await.id
        }
        OrderStatus::Canceled => {
            let id = world.order(name).await;
            take(id, "cancel").await;
            id
        }
        OrderStatus::Paid => world.paid_order(name).await.id,
        OrderStatus::Shipped | OrderStatus::Completed => {
            let id = world.paid_order(name).await.id;
            take(id, "ship").await;
            if status == OrderStatus::Completed {
                take(id, "complete").await;
            }
            id
        }
        OrderStatus::Refunding => {
            let id = world.paid_order(name).await.id;
            // The provider never says what it did, so the money stays set aside.
            world.fault("*", "hang_after", serde_json::json!({})).await;
            take(id, "refund").await;
            id
        }
        OrderStatus::Refunded => {
            let id = world.paid_order(name).await.id;
            let all = OrderStep::Refund { items: None };
            world.step("refunded-all", id, all).await;
            world.order_until(id, status).await.id
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_illegal_step_is_refused_with_state_and_step() {
    let world = world().await;
    let illegal = [
        (OrderStatus::Created, vec!["refund", "ship", "complete"]),
        (OrderStatus::PaymentFailed, vec!["refund", "ship", "complete"]),
        (
            OrderStatus::Canceled,
            vec!["pay", "cancel", "refund", "ship", "complete"],
        ),
        (OrderStatus::Paid, vec!["pay", "cancel", "complete"]),
        (OrderStatus::Shipped, vec!["pay", "cancel", "ship"]),
        (OrderStatus::Completed, vec!["pay", "cancel", "ship", "complete"]),
        (OrderStatus::Refunded, vec!["pay", "cancel", "ship", "complete"]),
        (OrderStatus::Refunding, vec!["pay", "cancel", "ship", "complete"]),
    ];
    for (status, steps) in illegal {
        let id = standing(&world, status).await;
        let before = world.order_is(id).await;
        for wanted in steps {
            let job = world.order_wish(&format!("illegal-{status}-{wanted}"), id, step(wanted));
            let (code, message) = refused(world.ask(&job).await);
            let (_, expected, done) = STEPS.into_iter().find(|(name, ..)| *name == wanted).unwrap();
            assert_eq!(code, expected, "{status} {wanted}");
            let words = format!("is {} and cannot be {done}", before.status);
            assert!(message.contains(&words), "{message}");
            assert_eq!(refused(world.ask(&job).await), (code, message), "kept");
        }
        let after = world.order_is(id).await;
        assert_eq!(after.stage, before.stage);
        assert!(status == OrderStatus::Refunding || after == before);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_names_one_wish_of_its_kind_and_an_order_is_its_merchants() {
    let world = world().await;
    let order = world.paid_order("k").await;
    let job = world.order_wish("one", order.id, ship());
    taken(world.ask(&job).await);
    let mut other = job.clone();
    other.reason = None;
    let reply = world.ask(&other).await;
    assert_eq!(reply, Some(ChangeOrderReply::Conflict));
    // A key of another kind of step is another name.
    let completed = world.step("one", order.id, OrderStep::Complete {}).await;
    assert_eq!(completed.status, OrderStatus::Completed);

    let mut stranger = world.order_wish("two", order.id, ship());
    stranger.merchant_id = world.another_merchant().await;
    let reply = world.ask(&stranger).await;
    assert_eq!(reply, Some(ChangeOrderReply::NoSuchOrder));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_comes_before_its_order_waits_for_it() {
    let world = world().await;
    let job = world.order_job("k");
    let pay = world.order_wish("pay", job.order_id(), pay_with(Some("pm_card_visa")));
    let (reply, ()) = tokio::join!(world.ask(&pay), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        world.publish(&job).await;
    });
    taken(reply);
    world.order_until(job.order_id(), OrderStatus::Paid).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_wanted_is_parked() {
    let world = world().await;
    let order = world.paid_order("k").await;
    let job = world.order_wish("twice", order.id, refund_of(&[("tea", 1), ("tea", 1)]));
    world.publish(&job).await;
    let parked = world.parked("change_order").await;
    let headers = &parked["properties"]["headers"];
    assert_eq!(headers["error_class"], "invalid");
    assert!(headers["reason"].as_str().unwrap().contains("each item once"));
    world.close().await;
}
