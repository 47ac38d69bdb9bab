//! What the tables refuse whoever asks.

use super::*;
use crate::constraints::refuses;

#[tokio::test]
async fn an_order_keeps_its_money_is_paid_once_and_moves_forward() {
    let world = world().await;
    let (order, payment) = world.paid_order("k").await;
    let open = world.stored_order("open").await;
    let other = world.payment_of(&open, "other").await;
    let set = |order: &Order, what: &str| {
        let id = order.id.as_uuid();
        format!("update orders set {what} where id = '{id}'")
    };
    let (payment_id, other_id) = (payment.id.as_uuid(), other.id.as_uuid());
    let paid_by = |id| format!("status = 'paid', stage = 'paid', paid_by = '{id}'");
    let cases = [
        (set(&order, "total_minor = 1"), "cannot change"),
        (set(&order, "currency = 'EUR'"), "cannot change"),
        (set(&order, "merchant_id = gen_random_uuid()"), "cannot change"),
        (set(&order, "user_id = null"), "cannot change"),
        (set(&order, "fingerprint = sha256('y')"), "cannot change"),
        (set(&order, &format!("paid_by = '{other_id}'")), "paid already"),
        (set(&order, "paid_by = null"), "paid already"),
        (
            set(&order, "status = 'created', stage = 'created'"),
            "cannot become created",
        ),
        (
            set(&order, "status = 'canceled', stage = 'canceled'"),
            "cannot become canceled",
        ),
        (set(&order, "refunded_minor = 2001"), "orders_never_over_refunded"),
        (set(&order, "refunded_minor = -1"), "check constraint"),
        (set(&order, "status = 'refunded'"), "check constraint"),
        (set(&order, "status = 'shipped'"), "check constraint"),
        (
            set(&order, "status = 'shipped', stage = 'shipped'"),
            "orders_shipped_somehow",
        ),
        (set(&order, "carrier = 'DHL'"), "check constraint"),
        // Neither a payment that is not paid nor one of another order.
        (set(&open, &paid_by(other_id)), "is not paid by"),
        (set(&open, &paid_by(payment_id)), "is not paid by"),
        (
            set(&open, "status = 'paid', stage = 'paid'"),
            "orders_paid_by_a_payment",
        ),
        (set(&open, "refunded_minor = 1"), "orders_refunds_need_money"),
    ];
    refuses(&mut world.writer().await, &cases).await;
    refuses(&mut world.owner().await, &cases).await;
}

#[tokio::test]
async fn items_and_steps_stay_what_they_were() {
    let world = world().await;
    let (order, payment) = world.paid_order("k").await;
    let cases = [
        ("update order_items set unit_price_minor = 1", "cannot change"),
        ("update order_items set quantity = 1", "cannot change"),
        ("update order_items set sku = 'x' || sku", "cannot change"),
        (
            "update order_items set refunded_quantity = 4",
            "order_items_never_over_refunded",
        ),
        (
            "insert into order_items select order_id, 9, name, sku, 1, 1 from order_items",
            "duplicate key",
        ),
        ("delete from order_items", "permission denied"),
        ("delete from orders", "permission denied"),
        ("update order_logs set operator = 'eve'", "permission denied"),
        ("delete from order_logs", "permission denied"),
        ("update order_actions set outcome = '{}'", "permission denied"),
    ]
    .map(|(sql, reason)| (sql.to_owned(), reason));
    refuses(&mut world.writer().await, &cases).await;

    // A payment is its order's, about the same money, and stays so.
    let (payment_id, order_id) = (payment.id.as_uuid(), order.id.as_uuid());
    let foreign = world.payment("foreign");
    let (id, merchant) = (foreign.id.as_uuid(), world.merchant_id.as_uuid());
    let cases = [
        (
            format!("update payments set order_id = null where id = '{payment_id}'"),
            "keeps its order",
        ),
        (
            format!(
                "insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel,
                                       request, created_at, updated_at, order_id)
                 values ('{id}', '{merchant}', 'x', sha256('x'), 'pending', 1999, 'USD', 'stripe', '{{}}', now(), now(),
                         '{order_id}')"
            ),
            "payments_of_order",
        ),
    ];
    refuses(&mut world.writer().await, &cases).await;
}

#[tokio::test]
async fn a_reader_reads_orders_and_adds_nothing() {
    let world = world().await;
    let order = world.stored_order("k").await;
    let reader = world.database.store(true);
    assert_eq!(reader.order(order.id).await.unwrap(), Some(order.clone()));
    assert_eq!(reader.open_payments_of_order(order.id).await.unwrap(), []);
    let kept = reader
        .order_action(world.merchant_id, StepKind::Pay, &key("k"))
        .await;
    assert_eq!(kept.unwrap(), None);
    let recorder = store::Recorder::start(reader, std::sync::Arc::default());
    let record = Record {
        new_order: Some(Box::new(world.order("other"))),
        ..Record::default()
    };
    let refused = recorder.write(record).await.unwrap_err();
    assert!(refused.to_string().contains("read-only"), "{refused}");
}

/// A notification tells of a payment, as before, or of an order that is there; never of both or of nothing.
#[tokio::test]
async fn a_notification_is_about_one_thing() {
    let world = world().await;
    let (order, payment) = world.paid_order("k").await;
    let (payment, order) = (payment.id.as_uuid(), order.id.as_uuid());
    let merchant = world.merchant_id.as_uuid();
    let tell = |columns: &str, about: &str| {
        format!(
            "insert into notifications (id, merchant_id, {columns}, event_type, payload, created_at)
             values (gen_random_uuid(), '{merchant}', {about}, 'x', '{{}}', now())"
        )
    };
    let cases = [
        (
            tell("payment_id, order_id", &format!("'{payment}', '{order}'")),
            "notifications_about_one",
        ),
        (
            tell("payment_id, order_id", "null, null"),
            "notifications_about_one",
        ),
        (tell("order_id", "gen_random_uuid()"), "notifications_of_order"),
    ];
    let mut writer = world.writer().await;
    refuses(&mut writer, &cases).await;
    for (column, id) in [("payment_id", payment), ("order_id", order)] {
        let sql = sqlx::AssertSqlSafe(tell(column, &format!("'{id}'")));
        sqlx::raw_sql(sql).execute(&mut writer).await.unwrap();
    }
}
