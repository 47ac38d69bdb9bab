mod sequence;

use super::*;
use crate::{
    examples::{key, order},
    id::MerchantId,
};

fn payment(name: &str) -> PaymentId {
    PaymentId::derive(MerchantId::from_uuid(uuid::Uuid::nil()), &key(name))
}

fn pay() -> OrderStep {
    OrderStep::Pay(Box::default())
}

fn ship() -> OrderStep {
    OrderStep::Ship {
        carrier: "DHL".into(),
        tracking: "00340".into(),
    }
}

fn refund(items: &[(&str, u32)]) -> OrderStep {
    OrderStep::Refund {
        items: Some(counts(items)),
    }
}

fn counts(items: &[(&str, u32)]) -> Vec<ItemCount> {
    let count = |(sku, quantity): &(&str, u32)| ItemCount {
        sku: (*sku).to_owned(),
        quantity: *quantity,
    };
    items.iter().map(count).collect()
}

impl Order {
    fn after(self, step: &OrderStep) -> Self {
        self.take(step, payment("p")).unwrap()
    }

    fn paid(self) -> Self {
        self.after(&pay()).hear(OrderEvent::Paid(payment("p"))).order
    }

    fn told(self, news: RefundNews, items: &[(&str, u32)]) -> Self {
        self.hear(OrderEvent::Refund(news, &counts(items))).order
    }

    fn refuses(&self, step: &OrderStep) -> OrderRefused {
        self.clone().take(step, payment("q")).unwrap_err()
    }

    fn figures(&self) -> (OrderStatus, i64, i64) {
        (self.status, self.refunding_minor(), self.refunded_minor())
    }
}

#[test]
fn an_order_goes_from_cart_to_completed() {
    let order = order();
    assert_eq!(
        (order.status, order.money.amount_minor),
        (OrderStatus::Created, 2000)
    );
    let order = order.after(&pay());
    assert_eq!(
        (order.status, order.last_payment),
        (OrderStatus::Created, Some(payment("p")))
    );
    let order = order.hear(OrderEvent::Paid(payment("p"))).order;
    assert_eq!(
        (order.status, order.paid_by),
        (OrderStatus::Paid, Some(payment("p")))
    );
    let order = order.after(&ship());
    assert_eq!(order.status, OrderStatus::Shipped);
    assert_eq!(order.shipment.as_ref().unwrap().carrier, "DHL");
    assert_eq!(
        order.after(&OrderStep::Complete {}).status,
        OrderStatus::Completed
    );
}

#[test]
fn an_order_is_paid_once_and_tells_which_money_it_does_not_take() {
    let paid = order().paid();
    let again = paid.clone().hear(OrderEvent::Paid(payment("p")));
    assert!(!again.changed && again.is_wanted);
    let second = paid.clone().hear(OrderEvent::Paid(payment("q")));
    assert!(!second.changed && !second.is_wanted);
    assert_eq!(second.order, paid);
    let canceled = order().after(&OrderStep::Cancel {});
    let late = canceled.clone().hear(OrderEvent::Paid(payment("p")));
    assert!(!late.changed && !late.is_wanted);
    assert_eq!((late.order.status, late.order), (OrderStatus::Canceled, canceled));
}

#[test]
fn a_failed_payment_is_told_and_another_may_pay() {
    let order = order().after(&pay());
    let failed = order.clone().hear(OrderEvent::PaymentFailed(payment("p"))).order;
    assert_eq!(failed.status, OrderStatus::PaymentFailed);
    // The payer may use another card of the same payment, or another payment.
    for name in ["p", "q"] {
        let paid = failed.clone().hear(OrderEvent::Paid(payment(name)));
        assert_eq!(paid.order.status, OrderStatus::Paid);
    }
    let again = failed.take(&pay(), payment("q")).unwrap();
    // Nobody waits for the first one any more.
    let old = again.clone().hear(OrderEvent::PaymentFailed(payment("p")));
    assert!(!old.changed);
    let begun_anew = order.take(&pay(), payment("q")).unwrap();
    assert!(!begun_anew.hear(OrderEvent::PaymentFailed(payment("p"))).changed);
}

#[test]
fn items_are_refunded_by_their_number_and_only_once() {
    let order = order().paid().after(&refund(&[("tea", 2), ("leaflet", 1)]));
    assert_eq!(order.figures(), (OrderStatus::Refunding, 1000, 0));
    let made = order
        .clone()
        .told(RefundNews::Made, &[("tea", 2), ("leaflet", 1)]);
    assert_eq!(made.figures(), (OrderStatus::Refunded, 0, 1000));
    let too_many = OrderRefused::TooMany {
        sku: "tea".into(),
        left: 1,
    };
    assert_eq!(made.refuses(&refund(&[("tea", 2)])), too_many);
    assert_eq!(order.refuses(&refund(&[("tea", 2)])), too_many);
    let other = OrderRefused::NoSuchItem("pot".into());
    assert_eq!(made.refuses(&refund(&[("pot", 1)])), other);
    // Shipping goes on with what was kept.
    let shipped = made.clone().after(&ship());
    assert_eq!(shipped.figures(), (OrderStatus::Shipped, 0, 1000));
    let all = made.after(&OrderStep::Refund { items: None });
    assert_eq!(all.figures(), (OrderStatus::Refunding, 1000, 1000));
    let all = all.told(RefundNews::Made, &[("tea", 1), ("cup", 2)]);
    assert_eq!(all.figures(), (OrderStatus::Refunded, 0, 2000));
    let nothing = OrderRefused::NothingLeft(OrderStatus::Refunded);
    assert_eq!(all.refuses(&OrderStep::Refund { items: None }), nothing);
    assert_eq!(all.refuses(&ship()).code(), "order_not_shippable");
}

#[test]
fn what_is_free_alone_cannot_be_refunded() {
    let refused = order().paid().refuses(&refund(&[("leaflet", 1)]));
    assert_eq!(refused.code(), "nothing_left_to_refund");
}

#[test]
fn a_refund_that_fails_or_comes_back_leaves_the_order_where_it_was() {
    let shipped = order().paid().after(&ship());
    let asked = shipped.clone().after(&refund(&[("cup", 1)]));
    assert_eq!(asked.clone().told(RefundNews::Failed, &[("cup", 1)]), shipped);
    let made = asked.told(RefundNews::Made, &[("cup", 1)]);
    assert_eq!(made.told(RefundNews::Returned, &[("cup", 1)]), shipped);
}

/// Every step from every status, and what is said where it is illegal.
#[test]
fn what_is_illegal_is_told_with_state_and_step() {
    let created = order();
    let failed = order()
        .after(&pay())
        .hear(OrderEvent::PaymentFailed(payment("p")))
        .order;
    let canceled = order().after(&OrderStep::Cancel {});
    let paid = order().paid();
    let shipped = paid.clone().after(&ship());
    let completed = shipped.clone().after(&OrderStep::Complete {});
    let refunding = shipped.clone().after(&refund(&[("tea", 1)]));
    let refunded = paid.clone().after(&OrderStep::Refund { items: None });
    let refunded = refunded.told(RefundNews::Made, &[("tea", 3), ("cup", 2), ("leaflet", 1)]);
    let steps = [
        pay(),
        OrderStep::Cancel {},
        refund(&[("tea", 1)]),
        ship(),
        OrderStep::Complete {},
    ];
    let legal: [(Order, [bool; 5]); 8] = [
        (created, [true, true, false, false, false]),
        (failed, [true, true, false, false, false]),
        (canceled, [false, false, false, false, false]),
        (paid, [false, false, true, true, false]),
        (shipped, [false, false, true, false, true]),
        (completed, [false, false, true, false, false]),
        (refunding, [false, false, true, false, false]),
        (refunded, [false, false, false, false, false]),
    ];
    for (order, legal) in legal {
        for (step, is_legal) in steps.iter().zip(legal) {
            let taken = order.clone().take(step, payment("q"));
            assert_eq!(taken.is_ok(), is_legal, "{} {step:?}", order.status);
            if let Err(refused @ OrderRefused::Illegal { .. }) = taken {
                let told = refused.to_string();
                let state = format!("is {} and cannot be {}", order.status, step.kind().done());
                assert!(told.contains(&state), "{told}");
            }
        }
    }
}
