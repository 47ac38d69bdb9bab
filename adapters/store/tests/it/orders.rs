//! Orders in and out of their tables, what guards them, and what the tables refuse.

mod pages;
mod refused;

use std::collections::BTreeMap;

use domain::{
    channel::{Channel, IntentStatus},
    currency::Currency,
    id::IdempotencyKey,
    order::{
        ItemCount, ItemRequest, LoggedStep, Order, OrderAction, OrderEvent, OrderLog, OrderRequest,
        OrderStep, PayOrder, RefundNews, StepKind,
    },
    payment::{ActionOutcome, Payment},
};
use store::{Record, Verdict};

use crate::support::{World, at, seen, transfers, world};

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::try_from(text.to_owned()).unwrap()
}

fn item(sku: &str, unit_price_minor: i64, quantity: u32) -> ItemRequest {
    ItemRequest {
        name: format!("One {sku}"),
        sku: sku.into(),
        unit_price_minor,
        quantity,
        currency: None,
    }
}

fn request() -> OrderRequest {
    OrderRequest {
        currency: Currency::USD,
        items: vec![item("tea", 500, 3), item("cup", 250, 2)],
        total_minor: Some(2000),
        user_id: "user-42".parse().ok(),
        reference: Some("2026-1".into()),
        description: Some("Tea for two".into()),
        metadata: BTreeMap::from([("table".into(), "9".into())]),
        operator: None,
    }
}

fn pay() -> OrderStep {
    OrderStep::Pay(Box::default())
}

impl World {
    fn order(&self, name: &str) -> Order {
        Order::new(self.merchant_id, key(name), request(), at(1)).unwrap()
    }

    async fn stored_order(&self, name: &str) -> Order {
        let order = self.order(name);
        let record = Record {
            new_order: Some(Box::new(order.clone())),
            ..Record::default()
        };
        assert_eq!(self.write(record).await, Verdict::Written);
        order
    }

    /// A stored payment of an order.
    async fn payment_of(&self, order: &Order, name: &str) -> Payment {
        let payment = Payment::new(
            self.merchant_id,
            key(name),
            PayOrder::default().request_for(order),
            Channel::Stripe,
            &domain::merchant::Terms::default(),
            at(1),
        );
        let record = Record {
            new_payment: Some(payment.clone()),
            ..Record::default()
        };
        assert_eq!(self.write(record).await, Verdict::Written);
        payment
    }

    async fn order_again(&self, order: &Order) -> Order {
        self.store.order(order.id).await.unwrap().unwrap()
    }

    async fn change_order(&self, order: Order) -> Verdict {
        let record = Record {
            order: Some(Box::new(order)),
            ..Record::default()
        };
        self.write(record).await
    }

    /// An order that this payment has paid, both stored so.
    async fn paid_order(&self, name: &str) -> (Order, Payment) {
        let order = self.stored_order(name).await;
        let payment = self.payment_of(&order, name).await;
        assert_eq!(
            self.write(paying(&order, payment.clone())).await,
            Verdict::Written
        );
        let payment = self.store.payment(payment.id).await.unwrap().unwrap();
        (self.order_again(&order).await, payment)
    }
}

/// The record of a payment that succeeds, and pays its order.
fn paying(order: &Order, payment: Payment) -> Record {
    let heard = order.clone().hear(OrderEvent::Paid(payment.id));
    let applied = seen(payment, IntentStatus::Succeeded);
    Record {
        transfers: transfers(&applied.effects),
        payment: Some(applied.payment),
        order: Some(Box::new(heard.order)),
        ..Record::default()
    }
}

#[tokio::test]
async fn an_order_comes_back_as_it_was_written() {
    let world = world().await;
    let new = world.order("k");
    let log = OrderLog {
        operator: Some("anna".into()),
        reason: Some("on the phone".into()),
        ..OrderLog::of(&new, LoggedStep::Create, at(1))
    };
    let record = Record {
        new_order: Some(Box::new(new.clone())),
        order_logs: vec![log],
        ..Record::default()
    };
    assert_eq!(world.write(record.clone()).await, Verdict::Written);
    assert_eq!(world.write(record).await, Verdict::Duplicate);
    assert_eq!(world.order_again(&new).await, new);

    let payment = world.payment_of(&new, "p").await;
    let stored = world.store.payment(payment.id).await.unwrap().unwrap();
    assert_eq!(stored.request.order_id, Some(new.id));
    let begun = new.clone().take(&pay(), payment.id).unwrap();
    assert_eq!(world.change_order(begun.clone()).await, Verdict::Written);
    assert_eq!(world.change_order(begun).await, Verdict::Stale);
    let stored = world.order_again(&new).await;
    assert_eq!((stored.version, stored.last_payment), (1, Some(payment.id)));

    assert_eq!(world.write(paying(&stored, payment)).await, Verdict::Written);
    let paid = world.order_again(&new).await;
    let items = vec![ItemCount {
        sku: "cup".into(),
        quantity: 1,
    }];
    let step = OrderStep::Refund {
        items: Some(items.clone()),
    };
    let refunding = paid.take(&step, new_payment_id(&stored)).unwrap();
    assert_eq!(world.change_order(refunding.clone()).await, Verdict::Written);
    let stored = world.order_again(&new).await;
    assert_eq!(
        (&stored.items, stored.status),
        (&refunding.items, refunding.status)
    );
    let made = stored.hear(OrderEvent::Refund(RefundNews::Made, &items)).order;
    assert_eq!(world.change_order(made.clone()).await, Verdict::Written);
    let shipped = OrderStep::Ship {
        carrier: "DHL".into(),
        tracking: "00340".into(),
    };
    let stored = world.order_again(&new).await;
    assert_eq!((stored.refunded_minor(), stored.refunding_minor()), (250, 0));
    let shipped = stored.take(&shipped, new_payment_id(&made)).unwrap();
    assert_eq!(world.change_order(shipped.clone()).await, Verdict::Written);
    let stored = world.order_again(&new).await;
    assert_eq!((stored.shipment, stored.stage), (shipped.shipment, shipped.stage));

    let logs: (String, String, String, String) =
        sqlx::query_as("select step, status, operator, reason from order_logs")
            .fetch_one(&mut world.owner().await)
            .await
            .unwrap();
    let logged = ["create", "created", "anna", "on the phone"].map(str::to_owned);
    assert_eq!([logs.0, logs.1, logs.2, logs.3], logged);
}

/// Steps that begin no payment name none that is looked at.
fn new_payment_id(order: &Order) -> domain::id::PaymentId {
    order.last_payment.unwrap()
}

#[tokio::test]
async fn of_two_payments_at_once_one_pays_and_the_other_looks_again() {
    let world = world().await;
    let order = world.stored_order("k").await;
    let (one, two) = (
        world.payment_of(&order, "one").await,
        world.payment_of(&order, "two").await,
    );
    let (one, two) = (paying(&order, one), paying(&order, two));
    let other_process = store::Recorder::start(world.store.clone(), std::sync::Arc::default());
    let (one, two) = tokio::join!(world.recorder.write(one), other_process.write(two));
    let mut verdicts = [one.unwrap(), two.unwrap()];
    verdicts.sort_by_key(|verdict| *verdict == Verdict::Stale);
    assert_eq!(verdicts, [Verdict::Written, Verdict::Stale]);
    let succeeded = "select count(*) from payments where status = 'succeeded'";
    let succeeded: i64 = sqlx::query_scalar(succeeded)
        .fetch_one(&mut world.owner().await)
        .await
        .unwrap();
    assert_eq!(succeeded, 1);
    assert!(world.store.ledger_check().await.unwrap().agrees());
}

/// The table would refuse an order that is paid by a payment which is not. That the payment is stale is the news.
#[tokio::test]
async fn an_order_is_not_paid_when_its_payment_has_changed_meanwhile() {
    let world = world().await;
    let order = world.stored_order("k").await;
    let payment = world.payment_of(&order, "p").await;
    let record = paying(&order, payment.clone());
    assert_eq!(world.change(&payment).await, Verdict::Written);
    assert_eq!(world.write(record).await, Verdict::Stale);
    assert_eq!(world.order_again(&order).await, order);
}

#[tokio::test]
async fn a_wish_about_an_order_is_kept_once_and_its_payments_are_known() {
    let world = world().await;
    let order = world.stored_order("k").await;
    let payment = world.payment_of(&order, "p").await;
    let wish = |name: &str, kind, payment_id| OrderAction {
        merchant_id: world.merchant_id,
        order_id: order.id,
        kind,
        idempotency_key: key(name),
        fingerprint: [9; 32],
        outcome: ActionOutcome::Done,
        payment_id,
        at: at(9),
    };
    let not_stored = world.order("never").id.as_uuid();
    let not_stored = domain::id::PaymentId::from_uuid(not_stored);
    let wishes = [
        wish("one", StepKind::Pay, Some(payment.id)),
        wish("two", StepKind::Pay, Some(not_stored)),
        wish("one", StepKind::Ship, None),
    ];
    for action in &wishes {
        let record = Record {
            order_action: Some(Box::new(action.clone())),
            ..Record::default()
        };
        assert_eq!(world.write(record.clone()).await, Verdict::Written);
        assert_eq!(world.write(record).await, Verdict::Duplicate);
        let kept = world
            .store
            .order_action(world.merchant_id, action.kind, &action.idempotency_key);
        assert_eq!(kept.await.unwrap().as_ref(), Some(action));
    }
    let open = async || world.store.open_payments_of_order(order.id).await.unwrap();
    let mut expected = [payment.id, not_stored];
    expected.sort();
    assert_eq!(open().await, expected);
    world
        .change(&seen(payment, IntentStatus::Succeeded).payment)
        .await;
    assert_eq!(open().await, [not_stored]);
}
