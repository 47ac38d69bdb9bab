//! Refunds that were asked for, against those that are stored.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Finding,
    facts::{Facts, Payment, Refund, StoredOrder},
    invariants,
    parked::ParkedKeys,
    refund_jobs::RefundJobs,
    requests::Key,
    sales::Begun,
    tally::Tally,
};
use crate::journal::{Deed, Order, Wish};

/// Where refunds are parked that could not be stored.
const PARKED: &str = "dead.create_refund";
/// How the keys of refunds begin that Sluice asks for by itself, when a closed payment was paid, or one that its order does not
/// take.
const OWN_KEYS: &str = "late-payment:";

/// Accepted refunds against stored ones.
pub fn kept(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::REFUNDS_KEPT);
    let payments = facts.payments_by_id();
    let refunds = facts.refunds_by_payment();
    let parked = ParkedKeys::of(facts, PARKED);
    let (orders, begun) = (facts.orders_by_id(), Begun::of(facts));
    let mut stored: BTreeMap<Key<'_>, Vec<&Refund>> = BTreeMap::new();
    for refund in &facts.refunds {
        stored
            .entry((&refund.merchant, &refund.idempotency_key))
            .or_default()
            .push(refund);
    }
    for (order, wish, amount_minor) in facts.journal.orders.iter().flat_map(wished) {
        let key = (facts.merchant_of(order), wish.key.as_str());
        let stored = stored.remove(&key).unwrap_or_default();
        if wish.accepted().next().is_some() || !stored.is_empty() {
            tally.look();
        }
        check_ids(&mut tally, wish, &stored, parked.has(key));
        for refund in stored {
            let payment = payments.get(refund.payment.as_str()).copied();
            let all = refunds
                .get(refund.payment.as_str())
                .map_or(&[][..], Vec::as_slice);
            if !payment.is_some_and(|payment| is_as_asked(refund, amount_minor, payment, all)) {
                let (amount, currency) = (refund.amount_minor, &refund.currency);
                tally.doubled(format!(
                    "{} is about {amount} {currency}, which nobody asked for",
                    refund.id
                ));
            }
        }
    }
    for refund in stored.into_values().flatten() {
        tally.look();
        let payment = payments.get(refund.payment.as_str());
        let is_unwanted = payment.is_some_and(|payment| payment.is_late || is_not_taken(payment, &orders));
        let is_own = is_unwanted && refund.idempotency_key.starts_with(OWN_KEYS);
        if !is_own && !begun.has_refund(&refund.id) {
            tally.doubled(format!("{} is stored and nobody asked for it", refund.id));
        }
    }
    tally.found()
}

/// Whether it is of an order that another payment has paid, or none.
fn is_not_taken(payment: &Payment, orders: &HashMap<&str, &StoredOrder>) -> bool {
    let order = payment.order_id.as_deref().and_then(|id| orders.get(id));
    order.is_some_and(|order| order.paid_by.as_ref() != Some(&payment.id))
}

/// The refunds that an order's merchant asked for, with their amounts.
fn wished(order: &Order) -> impl Iterator<Item = (&Order, &Wish, Option<i64>)> {
    order.wishes.iter().filter_map(move |wish| match wish.deed {
        Deed::Refund { amount_minor } => Some((order, wish, amount_minor)),
        Deed::Cancel | Deed::Confirm { .. } => None,
    })
}

fn check_ids(tally: &mut Tally, wish: &Wish, stored: &[&Refund], is_parked: bool) {
    let told = wish.accepted().chain(wish.seen()).map(|told| told.id.as_str());
    let mut ids: HashSet<&str> = stored.iter().map(|refund| refund.id.as_str()).collect();
    let mut is_accepted = false;
    for id in told {
        is_accepted = true;
        ids.insert(id);
    }
    if is_accepted && stored.is_empty() && !is_parked {
        tally.lost(format!(
            "{} was accepted and is neither stored nor parked",
            wish.key
        ));
    }
    if ids.len() > 1 {
        let mut ids: Vec<&str> = ids.into_iter().collect();
        ids.sort_unstable();
        tally.doubled(format!("{} is called {}", wish.key, ids.join(" and ")));
    }
}

/// Whether a refund is about what was asked for: this amount, or all that was left beside another refund.
fn is_as_asked(refund: &Refund, wanted: Option<i64>, payment: &Payment, all: &[&Refund]) -> bool {
    let amount = refund.amount_minor;
    let others = all.iter().filter(|other| other.id != refund.id);
    let is_amount = match wanted {
        Some(wanted) => amount == wanted,
        None => {
            let mut left = others.map(|other| payment.amount_minor - other.amount_minor);
            amount == payment.amount_minor || left.any(|left| amount == left)
        }
    };
    is_amount && refund.currency == payment.currency && refund.merchant == payment.merchant
}

/// Where refunds stand.
pub fn ended(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::REFUNDS_ENDED);
    let jobs = RefundJobs::of(facts);
    for refund in &facts.refunds {
        tally.look();
        let is_seen = jobs.given_up(refund).next().is_some();
        let hangs = match refund.status.as_str() {
            "succeeded" | "failed" => None,
            "needs_review" if is_seen => None,
            "needs_review" => Some("no job was given up over it, so nobody looks at it"),
            _ => Some("nothing has ended it"),
        };
        if let Some(why) = hangs {
            tally.stuck(format!(
                "{} of {} is {}: {why}",
                refund.id, refund.payment, refund.status
            ));
        }
    }
    tally.found()
}
