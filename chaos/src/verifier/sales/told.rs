//! What merchants have to be told of their orders, against what they were told. That it arrived is found with all other
//! notifications.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::verifier::{
    Finding,
    facts::{Facts, Notification, OrderLog, StoredOrder, grouped},
    invariants,
    tally::Tally,
};

/// How the types of notifications about orders begin.
const ORDER: &str = "order.";
/// The steps that merchants are told of, each with what it is called there.
const TOLD: [(&str, &str); 7] = [
    ("paid", "order.paid"),
    ("payment_failed", "order.payment_failed"),
    ("cancel", "order.canceled"),
    ("ship", "order.shipped"),
    ("complete", "order.completed"),
    ("refunded", "order.refunded"),
    ("refund_failed", "order.refund_failed"),
];

/// Whether a notification is about an order.
fn is_about_order(notification: &Notification) -> bool {
    notification.event_type.starts_with(ORDER)
}

/// Steps of orders against notifications.
pub fn told(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ORDERS_TOLD);
    let logs = grouped(&facts.order_logs, |log| &log.order_id);
    let mut told: BTreeMap<&str, Vec<&Notification>> = BTreeMap::new();
    for notification in facts.notifications.iter().filter(|told| is_about_order(told)) {
        told.entry(&notification.subject).or_default().push(notification);
    }
    for order in &facts.orders {
        tally.look();
        let logs = logs.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        let told = told.remove(order.id.as_str()).unwrap_or_default();
        check_counts(&mut tally, order, logs, &told);
        for notification in told {
            if let Some(untrue) = untrue(order, logs, notification) {
                let (id, event) = (&notification.id, &notification.event_type);
                tally.doubled(format!("{id} says {event} of {}: {untrue}", order.id));
            }
        }
    }
    for (subject, told) in told {
        tally.doubled(format!("{} is about {subject}, which is no order", told[0].id));
    }
    tally.found()
}

/// Each step that is told of is told once.
fn check_counts(tally: &mut Tally, order: &StoredOrder, logs: &[&OrderLog], told: &[&Notification]) {
    for (step, event) in TOLD {
        let steps = logs.iter().filter(|log| log.step == step).count();
        let here = told.iter().filter(|told| told.event_type == event).count();
        let what = || format!("{} has {here} notifications {event} of {steps}", order.id);
        if here < steps {
            tally.lost(what());
        } else if here > steps {
            tally.doubled(what());
        }
    }
}

/// What a notification says that is not so.
fn untrue(order: &StoredOrder, logs: &[&OrderLog], notification: &Notification) -> Option<String> {
    let payload: Value = serde_json::from_str(&notification.payload).unwrap_or_default();
    let text = |pointer: &str| {
        payload
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let said = [
        ("/type", &notification.event_type),
        ("/data/id", &order.id),
        ("/data/merchant_id", &order.merchant),
        ("/data/currency", &order.currency),
    ];
    if let Some((pointer, so)) = said.into_iter().find(|(pointer, so)| text(pointer) != *so) {
        return Some(format!("{pointer} is {:?} and should be {so:?}", text(pointer)));
    }
    if payload["data"]["total"] != order.total_minor {
        return Some(format!("the total is not {}", order.total_minor));
    }
    let step = TOLD.iter().find(|(_, event)| *event == notification.event_type);
    let Some((step, _)) = step else {
        return Some("nobody knows what that is".to_owned());
    };
    let mut stood = logs.iter().filter(|log| log.step == *step);
    let status = text("/data/status");
    (!stood.any(|log| log.status == status)).then(|| format!("it never stood as {status:?} after that"))
}
