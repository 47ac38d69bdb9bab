//! Orders are given back: all of them, or by item and number.

use domain::{
    job::ChangeOrderReply,
    order::{OrderStatus, OrderStep},
    payment::Payment,
    refund::RefundStatus,
};
use futures::future::join_all;
use serde_json::json;

use crate::{
    ordering::{TOTAL, refund_of, refused, ship},
    support::world,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_given_back_by_item_and_then_all_that_is_left() {
    let world = world().await;
    let order = world.paid_order("k").await;
    let view = world
        .step("part", order.id, refund_of(&[("tea", 2), ("cup", 1)]))
        .await;
    assert!(matches!(
        view.status,
        OrderStatus::Refunding | OrderStatus::Refunded
    ));
    let part = world.order_until(order.id, OrderStatus::Refunded).await;
    assert_eq!((part.refunded_minor(), part.refunding_minor()), (1250, 0));
    let counts: Vec<_> = part
        .items
        .iter()
        .map(|item| (item.refunding, item.refunded))
        .collect();
    assert_eq!(counts, [(0, 2), (0, 1)]);
    // What was kept is sent all the same.
    let view = world.step("ship", order.id, ship()).await;
    assert_eq!((view.status, view.amount_refunded), (OrderStatus::Shipped, 1250));
    world
        .step("rest", order.id, OrderStep::Refund { items: None })
        .await;
    let all = world.order_until(order.id, OrderStatus::Refunded).await;
    assert_eq!(all.refunded_minor(), TOTAL);
    let payment = world
        .store
        .payment(order.paid_by.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(payment.refunded_minor, TOTAL);
    let mut refunds = world.stored_refunds(&payment).await.unwrap();
    refunds.sort_by_key(|refund| refund.money.amount_minor);
    let amounts: Vec<_> = refunds.iter().map(|refund| refund.money.amount_minor).collect();
    assert_eq!(amounts, [750, 1250]);
    assert_eq!(refunds[0].request.operator.as_deref(), Some("anna"));
    let logged = world.logged().await;
    assert_eq!(
        logged[3..5],
        ["refund refunding anna", "refunded refunded sluice"]
    );
    world.assert_books_agree().await;
    world.close().await;
}

/// Many want the same items back at once.
#[tokio::test(flavor = "multi_thread")]
async fn no_item_is_given_back_twice() {
    let world = world().await;
    let order = world.paid_order("k").await;
    let wishes =
        (0..6).map(|number| world.order_wish(&format!("r{number}"), order.id, refund_of(&[("tea", 1)])));
    let wishes: Vec<_> = wishes.collect();
    let replies = join_all(wishes.iter().map(|wish| world.ask(wish))).await;
    let is_taken = |reply: &&Option<ChangeOrderReply>| matches!(reply, Some(ChangeOrderReply::Order(_)));
    assert_eq!(replies.iter().filter(is_taken).count(), 3, "{replies:?}");
    let given_back = async || world.order_is(order.id).await.refunded_minor();
    world.wait_until(1500, given_back).await;
    assert_eq!(world.refunds_at_provider().await.len(), 3);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_leaves_the_order_as_it_was() {
    let world = world().await;
    let order = world.paid_order("k").await;
    let refusal = json!({ "status": 400, "code": "charge_disputed" });
    world.fault("POST /v1/refunds", "error", refusal).await;
    world.step("part", order.id, refund_of(&[("cup", 1)])).await;
    let failed = "select count(*) from refunds where status = 'failed'";
    world.wait_until(1, async || world.count(failed).await).await;
    let after = world.order_is(order.id).await;
    assert_eq!((after.status, &after.items), (OrderStatus::Paid, &order.items));
    assert_eq!(
        world.logged().await[3..],
        ["refund refunding anna", "refund_failed paid sluice"]
    );
    // And it may be tried again.
    world.mend_provider().await;
    world.step("again", order.id, refund_of(&[("cup", 1)])).await;
    world.order_until(order.id, OrderStatus::Refunded).await;
    world.close().await;
}

/// The payment does not have the money any more, as when the payer's bank withholds it: the refund is refused here.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_refused_here_leaves_the_order_as_it_was() {
    let world = world().await;
    let order = world.paid_order("k").await;
    let payment = world
        .store
        .payment(order.paid_by.unwrap())
        .await
        .unwrap()
        .unwrap();
    let disputed = Payment {
        disputed_minor: TOTAL,
        ..payment
    };
    world.change(&disputed).await;
    let all = world.order_wish("all", order.id, OrderStep::Refund { items: None });
    let (code, message) = refused(world.ask(&all).await);
    assert_eq!(code, "nothing_left_to_refund", "{message}");
    let after = world.order_is(order.id).await;
    assert_eq!((after.status, &after.items), (OrderStatus::Paid, &order.items));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payment_of_an_order_is_refunded_through_the_order_alone() {
    let world = world().await;
    let order = world.paid_order("k").await;
    let payment = world
        .store
        .payment(order.paid_by.unwrap())
        .await
        .unwrap()
        .unwrap();
    let refund = world.refund("direct", &payment, Some(100)).await;
    let refund = world.wait_for_refund(refund, RefundStatus::Failed).await;
    let failure = refund.failure.unwrap();
    assert_eq!(failure.code, "payment_of_order");
    assert!(
        failure.message.contains("refund the order instead"),
        "{failure:?}"
    );
    assert_eq!(world.order_is(order.id).await, order);
    let too_many = world
        .ask(&world.order_wish("many", order.id, refund_of(&[("cup", 3)])))
        .await;
    assert_eq!(refused(too_many).0, "refund_too_large");
    let unknown = world
        .ask(&world.order_wish("other", order.id, refund_of(&[("pot", 1)])))
        .await;
    assert_eq!(refused(unknown).0, "no_such_item");
    world.close().await;
}

/// What was paid second is given back by itself. Where that did not work, people have to be able to.
#[tokio::test(flavor = "multi_thread")]
async fn money_that_an_order_did_not_take_is_refunded_by_hand_when_its_own_refund_has_failed() {
    let world = world().await;
    let id = world.order("k").await;
    let (one, two) = (world.begun("one", id).await, world.begun("two", id).await);
    let refusal = json!({ "status": 400, "code": "charge_disputed" });
    world.fault("POST /v1/refunds", "error", refusal).await;
    for (payment, event) in [(&one, "evt_1"), (&two, "evt_2")] {
        assert!(world.pay(payment, json!({})).await);
        world.paid_callback(payment, event).await;
        world.order_until(id, OrderStatus::Paid).await;
    }
    let failed = "select count(*) from refunds where status = 'failed'";
    world.wait_until(1, async || world.count(failed).await).await;
    world.mend_provider().await;

    let paid = world.order_is(id).await;
    let by_hand = world.refund("by-hand", &two, None).await;
    let made = world.wait_for_refund(by_hand, RefundStatus::Succeeded).await;
    assert_eq!(made.money.amount_minor, TOTAL);
    assert_eq!(world.order_is(id).await, paid);
    // The payer of the order stays its own.
    let direct = world.refund("direct", &one, None).await;
    let refused = world.wait_for_refund(direct, RefundStatus::Failed).await;
    assert_eq!(refused.failure.unwrap().code, "payment_of_order");
    world.assert_books_agree().await;
    world.close().await;
}
