//! Payments that were closed, and what merchants wanted done besides refunds.

use std::collections::HashMap;

use super::{
    Finding,
    facts::{Action, Facts, Intent, Payment, StoredOrder},
    invariants,
    money::is_charged,
    parked::ParkedKeys,
    requests::Key,
    tally::Tally,
};
use crate::journal::{Deed, Told, Wish};

/// The problem that says that a payment does not allow what is wanted.
const REFUSED: &str = "/problems/action-refused";
/// Of how many orders one is surely called off before it is paid: about every sixteenth is meant to be.
const ORDERS_WITH_CANCEL: usize = 150;
/// Of how many orders one surely runs out of time: about every fiftieth is meant to.
const ORDERS_WITH_EXPIRY: usize = 400;

/// Closed payments against the provider's intents.
pub fn closed(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::CLOSED);
    let payments = facts.payments_by_id();
    for (payment, intents) in facts.intents_by_payment() {
        let Some(payment) = payments.get(payment) else {
            continue;
        };
        let is_closed = matches!(payment.status.as_str(), "canceled" | "expired");
        for intent in intents {
            if is_closed {
                tally.look();
                check_closed(&mut tally, payment, intent);
            } else if intent.status == "canceled" && payment.status == "failed" {
                tally.lost(format!(
                    "{} is closed, and {} is still failed",
                    intent.id, payment.id
                ));
            }
        }
    }
    let has = |status: &str| facts.payments.iter().any(|payment| payment.status == status);
    tally.expect("a payment that was canceled", ORDERS_WITH_CANCEL, has("canceled"));
    tally.expect("a payment that expired", ORDERS_WITH_EXPIRY, has("expired"));
    tally.found()
}

fn check_closed(tally: &mut Tally, Payment { id, status, .. }: &Payment, intent: &Intent) {
    if is_charged(intent) {
        tally.doubled(format!("{id} is {status} and was charged as {}", intent.id));
    } else if intent.is_there() && intent.status != "canceled" {
        tally.lost(format!("{id} is {status}, and {} can still be paid", intent.id));
    }
}

/// Accepted wishes against what came of them.
pub fn honored(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::HONORED);
    let payments = facts.payments_by_id();
    let intents = facts.intents_by_payment();
    let mut kept: HashMap<Key<'_>, &Action> = facts
        .actions
        .iter()
        .map(|action| ((&*action.merchant, &*action.idempotency_key), action))
        .collect();
    for order in &facts.journal.orders {
        let merchant = facts.merchant_of(order);
        for wish in &order.wishes {
            let Some(queue) = parking_of(wish.deed) else {
                continue;
            };
            let key = (merchant, wish.key.as_str());
            let action = kept.remove(&key);
            if wish.accepted().next().is_some() {
                tally.look();
                if action.is_none() && !ParkedKeys::of(facts, queue).has(key) {
                    tally.lost(format!(
                        "{} was accepted, and nobody knows what came of it",
                        wish.key
                    ));
                }
            }
            let Some(action) = action else {
                continue;
            };
            let payment = payments.get(action.payment.as_str()).copied();
            let intents = intents
                .get(action.payment.as_str())
                .map_or(&[][..], Vec::as_slice);
            if let Some(why) = contradiction(wish, action, payment, intents) {
                tally.doubled(format!(
                    "{} of {} was {} {}: {why}",
                    wish.key, action.payment, action.outcome, action.code
                ));
            }
        }
    }
    let orders = facts.orders_by_id();
    for action in kept.into_values() {
        tally.look();
        if action.action == "cancel" && is_of_canceled(&payments, &orders, action) {
            continue;
        }
        tally.doubled(format!(
            "nobody asked for the {} of {}",
            action.action, action.payment
        ));
    }
    tally.found()
}

/// Whether its payment is of an order that was called off, which closes all its payments.
fn is_of_canceled(
    payments: &HashMap<&str, &Payment>,
    orders: &HashMap<&str, &StoredOrder>,
    action: &Action,
) -> bool {
    let payment = payments.get(action.payment.as_str());
    let order = payment.and_then(|payment| orders.get(payment.order_id.as_deref()?));
    order.is_some_and(|order| order.stage == "canceled")
}

const fn parking_of(deed: Deed) -> Option<&'static str> {
    match deed {
        Deed::Refund { .. } => None,
        Deed::Cancel => Some("dead.cancel_payment"),
        Deed::Confirm { .. } => Some("dead.confirm_payment"),
    }
}

/// What does not fit together: what is kept of a wish, what was told of it, and how the payment stands.
fn contradiction(
    wish: &Wish,
    action: &Action,
    payment: Option<&Payment>,
    intents: &[&Intent],
) -> Option<&'static str> {
    let Some(payment) = payment else {
        return Some("there is no such payment");
    };
    let is_done = action.outcome == "done";
    let mut told = wish.asked.iter().filter_map(|asked| asked.told.as_ref());
    let is_otherwise = |told: &Told| {
        if is_done {
            told.problem == REFUSED
        } else {
            told.status == 200
        }
    };
    if told.any(is_otherwise) {
        return Some("its merchant was told otherwise");
    }
    let is_closed = matches!(payment.status.as_str(), "canceled" | "expired");
    let was_tried = intents
        .iter()
        .any(|intent| intent.charges_succeeded + intent.charges_failed > 0);
    match wish.deed {
        Deed::Cancel if is_done => {
            (payment.status != "canceled" && !payment.is_late).then_some("it is not canceled")
        }
        // Each payment is called off under one key.
        Deed::Cancel => (payment.status == "canceled").then_some("it is canceled"),
        Deed::Confirm { .. } if is_done => (!was_tried).then_some("no card was tried"),
        Deed::Confirm { .. } => (!is_closed && !was_tried).then_some("it is open, and no card was tried"),
        Deed::Refund { .. } => None,
    }
}
