//! The jobs that follow from a step are lost on their way: whatever waits for them is found, and ends.

use domain::{
    order::{OrderStatus, OrderStep},
    payment::PaymentStatus,
    refund::RefundStatus,
};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::{
    forgotten::LONG_AGO,
    ordering::{TOTAL, pay_with, refund_of},
    support::{World, world},
};

/// From now on what steps have done is lost, until it is found again.
const LOSE: &str = "
create function lose() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger lose before insert on outbox for each row
  when (new.kind in ('create_intent', 'create_refund', 'cancel_payment')) execute function lose()";
const FIND: &str = "drop trigger lose on outbox; drop function lose()";

/// A card that is good.
const GOOD: Option<&str> = Some("pm_card_visa");

async fn run(world: &World, sql: &'static str) {
    let mut session = PgConnection::connect(&world.database.url()).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut session).await.unwrap();
}

/// Nothing is lost any more, and what was is old enough to be looked for.
async fn look_for_what_was_lost(world: &World) {
    run(world, FIND).await;
    world.count(LONG_AGO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_refund_lost_its_job_is_given_back() {
    let world = world().await;
    let order = world.paid_order("k").await;
    run(&world, LOSE).await;
    let step = refund_of(&[("cup", 1)]);
    let view = world.step("part", order.id, step.clone()).await;
    assert_eq!(view.status, OrderStatus::Refunding);
    // It can be seen, and its money is set aside, before anybody has worked on it.
    let job =
        world
            .order_wish("part", order.id, step.clone())
            .refund(order.paid_by.unwrap(), 250, Vec::new());
    let refund = world.store.refund(job.refund_id()).await.unwrap().unwrap();
    assert_eq!(
        (refund.status, refund.money.amount_minor),
        (RefundStatus::Pending, 250)
    );
    world.assert_books_agree().await;
    // A repeat of the wish is answered, and sets nothing aside again.
    assert_eq!(world.step("part", order.id, step).await, view);
    look_for_what_was_lost(&world).await;
    let after = world.order_until(order.id, OrderStatus::Refunded).await;
    assert_eq!(after.refunded_minor(), 250);
    assert_eq!(world.refunds_at_provider().await.len(), 1);
    world.assert_books_agree().await;
    world.close().await;
}

/// When it is given up in the end, the order has its items again, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_refund_that_cannot_be_made_frees_its_order() {
    let world = world().await;
    let order = world.paid_order("k").await;
    run(&world, LOSE).await;
    world.step("part", order.id, refund_of(&[("cup", 1)])).await;
    let refusal = json!({ "status": 400, "code": "charge_disputed" });
    world.fault("POST /v1/refunds", "error", refusal).await;
    look_for_what_was_lost(&world).await;
    let after = world.order_until(order.id, OrderStatus::Paid).await;
    assert_eq!(after.items, order.items);
    let reason =
        "select reason is not null from order_logs where step = 'refund_failed' and operator = 'sluice'";
    assert!(world.query::<bool>(reason).await);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_payment_lost_its_job_is_paid() {
    let world = world().await;
    let id = world.order("k").await;
    run(&world, LOSE).await;
    let pay = world.order_wish("pay", id, pay_with(GOOD));
    world.step("pay", id, pay.request.clone()).await;
    let payment = world.store.payment(pay.payment_id()).await.unwrap().unwrap();
    assert_eq!(payment.status, PaymentStatus::Pending);
    look_for_what_was_lost(&world).await;
    let order = world.order_until(id, OrderStatus::Paid).await;
    assert_eq!(order.paid_by, Some(payment.id));
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

/// The payment is looked for when its order takes no more: it is closed, and its provider never hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_its_order_does_not_want_any_more_is_never_sent() {
    let world = world().await;
    let (canceled, paid) = (world.order("canceled").await, world.order("paid").await);
    run(&world, LOSE).await;
    let late = world.order_wish("late", paid, pay_with(GOOD));
    world.step("late", paid, late.request.clone()).await;
    run(&world, FIND).await;
    world.step("soon", paid, pay_with(GOOD)).await;
    world.order_until(paid, OrderStatus::Paid).await;
    run(&world, LOSE).await;
    let pay = world.order_wish("pay", canceled, pay_with(GOOD));
    world.step("pay", canceled, pay.request.clone()).await;
    let view = world.step("off", canceled, OrderStep::Cancel {}).await;
    assert_eq!(view.status, OrderStatus::Canceled);
    look_for_what_was_lost(&world).await;
    for lost in [pay.payment_id(), late.payment_id()] {
        let closed = world.wait_for(lost, PaymentStatus::Canceled).await;
        assert_eq!(closed.intent_id, None);
    }
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

/// The order is canceled after it was looked at, while the card is being charged.
#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_charged_while_its_order_is_canceled_gets_its_money_back() {
    let world = world().await;
    let id = world.order("k").await;
    let slow = json!({ "delay_ms": 1_500, "times": 1 });
    world.fault("POST /v1/payment_intents", "slow", slow).await;
    let pay = world.order_wish("pay", id, pay_with(GOOD));
    world.step("pay", id, pay.request.clone()).await;
    let begun = "select count(*) from payment_records where outcome = 'started'";
    world.wait_until(1, async || world.count(begun).await).await;
    let view = world.step("off", id, OrderStep::Cancel {}).await;
    assert_eq!(view.status, OrderStatus::Canceled);
    let given_back = "select coalesce(max(refunded_minor), 0) from payments";
    world
        .wait_until(TOTAL, async || world.count(given_back).await)
        .await;
    assert_eq!(world.intents().await.len(), 1);
    assert_eq!(world.refunds_at_provider().await.len(), 1);
    assert_eq!(world.order_is(id).await.status, OrderStatus::Canceled);
    world.assert_books_agree().await;
    world.close().await;
}
