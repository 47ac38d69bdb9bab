//! What merchants wanted done with orders, and what came of it.

use std::collections::{HashMap, HashSet};

use crate::{
    journal::Step,
    verifier::{
        Finding,
        facts::{Facts, OrderAction},
        invariants,
        parked::ParkedKeys,
        requests::Key,
        tally::Tally,
    },
};

/// Where steps are parked that could not be taken.
const PARKED: &str = "dead.change_order";
/// The problem that says that an order does not allow what is wanted.
const REFUSED: &str = "/problems/action-refused";

/// What steps of orders have begun.
pub struct Begun<'a> {
    payments: HashSet<&'a str>,
    refunds: HashSet<&'a str>,
}

impl<'a> Begun<'a> {
    /// What was begun by steps that were taken.
    pub fn of(facts: &'a Facts) -> Self {
        let actions = facts.order_actions.iter().filter(|action| action.is_done());
        let steps = facts.order_logs.iter().filter(|log| log.step == "refund");
        Self {
            payments: actions.filter_map(|action| action.payment.as_deref()).collect(),
            refunds: steps.filter_map(|log| log.refund.as_deref()).collect(),
        }
    }

    /// Whether a step of an order has begun this payment.
    pub fn has_payment(&self, id: &str) -> bool {
        self.payments.contains(id)
    }

    /// Whether a step of an order has begun this refund.
    pub fn has_refund(&self, id: &str) -> bool {
        self.refunds.contains(id)
    }
}

/// Accepted steps against what came of them.
pub fn taken(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::STEPS_TAKEN);
    let parked = ParkedKeys::of(facts, PARKED);
    let mut kept: HashMap<Key<'_>, &OrderAction> = facts
        .order_actions
        .iter()
        .map(|action| ((&*action.merchant, &*action.idempotency_key), action))
        .collect();
    for sale in &facts.journal.sales {
        let merchant = facts.seller_of(sale);
        for step in &sale.steps {
            let key = (merchant, step.key.as_str());
            let action = kept.remove(&key);
            if step.accepted().next().is_some() {
                tally.look();
                if action.is_none() && !parked.has(key) {
                    tally.lost(format!(
                        "{} was accepted, and nobody knows what came of it",
                        step.key
                    ));
                }
            }
            if let Some(why) = action.and_then(|action| contradiction(step, action)) {
                tally.doubled(format!("{}: {why}", step.key));
            }
        }
    }
    for action in kept.into_values() {
        tally.look();
        let OrderAction { action, order_id, .. } = action;
        tally.doubled(format!("nobody asked for the {action} of {order_id}"));
    }
    check_begun(facts, &mut tally);
    tally.found()
}

/// What does not fit together: what is kept of a step, and what was told of it.
fn contradiction(step: &Step, action: &OrderAction) -> Option<&'static str> {
    if action.action != step.deed.name() {
        return Some("something else is kept of it");
    }
    let mut told = step.asked.iter().filter_map(|asked| asked.told.as_ref());
    let is_otherwise = if action.is_done() {
        told.any(|told| told.problem == REFUSED)
    } else {
        told.any(|told| told.status == 200)
    };
    is_otherwise.then_some("its merchant was told otherwise")
}

/// What steps have begun is stored, as a payment or refund of that very order, and no order has any other.
fn check_begun(facts: &Facts, tally: &mut Tally) {
    let (payments, refunds) = (facts.payments_by_id(), facts.refunds_by_id());
    for action in facts.order_actions.iter().filter(|action| action.is_done()) {
        let Some(id) = action.payment.as_deref() else {
            continue;
        };
        tally.look();
        let order = payments.get(id).map(|payment| payment.order_id.as_deref());
        compare(tally, id, &action.order_id, order);
    }
    for log in facts.order_logs.iter().filter(|log| log.step == "refund") {
        tally.look();
        let id = log.refund.as_deref().unwrap_or_default();
        let order = refunds.get(id).map(|refund| refund.order_id.as_deref());
        compare(tally, id, &log.order_id, order);
    }
    let begun = Begun::of(facts);
    for payment in facts.payments.iter().filter(|payment| payment.order_id.is_some()) {
        if !begun.has_payment(&payment.id) {
            tally.doubled(format!("{} was begun by no step of an order", payment.id));
        }
    }
    for refund in facts.refunds.iter().filter(|refund| refund.order_id.is_some()) {
        if !begun.has_refund(&refund.id) {
            tally.doubled(format!("{} was begun by no step of an order", refund.id));
        }
    }
}

/// Compares the order that has begun something with the one that this says to be of.
fn compare(tally: &mut Tally, id: &str, order: &str, stored: Option<Option<&str>>) {
    match stored {
        None => tally.lost(format!("{id} was begun for {order} and is not stored")),
        Some(Some(stored)) if stored == order => {}
        Some(stored) => tally.doubled(format!("{id} was begun for {order} and is of {stored:?}")),
    }
}
