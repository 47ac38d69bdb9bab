//! What was accepted is kept, once, and under one name.

use std::collections::{BTreeMap, HashMap, HashSet};

use e2e::rabbit::Letter;
use serde_json::Value;

use super::{
    Finding,
    facts::{Facts, Payment},
    invariants,
    sales::Begun,
    tally::Tally,
};
use crate::{
    journal::{Order, Request, Wanted},
    traffic::Story,
};

/// Where requests are parked that come under another request's key.
const PARKED_REQUESTS: &str = "dead.create_intent";

/// Merchant and idempotency key.
pub type Key<'a> = (&'a str, &'a str);

/// Accepted requests against stored payments.
pub fn kept(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::KEPT);
    let mut stored: BTreeMap<Key<'_>, Vec<&Payment>> = BTreeMap::new();
    for payment in &facts.payments {
        let key = (payment.merchant.as_str(), payment.idempotency_key.as_str());
        stored.entry(key).or_default().push(payment);
    }
    let conflicts = parked_conflicts(facts);
    for order in &facts.journal.orders {
        let stored = stored.remove(&key_of(facts, order)).unwrap_or_default();
        if let [_, _, ..] = *stored {
            tally.doubled(format!("{} is stored as {} payments", order.key, stored.len()));
        }
        for payment in &stored {
            tally.look();
            if !order
                .requests
                .iter()
                .any(|request| is_about(payment, &request.wanted))
            {
                let (amount, currency) = (payment.amount_minor, &payment.currency);
                tally.doubled(format!(
                    "{} is about {amount} {currency}, which nobody asked for",
                    payment.id
                ));
            }
        }
        for (request, accepted) in accepted(order) {
            tally.look();
            judge(&mut tally, order.story, request, accepted, &stored, &conflicts);
        }
    }
    let begun = Begun::of(facts);
    for payment in stored.into_values().flatten() {
        tally.look();
        if !begun.has_payment(&payment.id) {
            tally.doubled(format!("{} is stored and nobody asked for it", payment.id));
        }
    }
    tally.found()
}

fn judge(
    tally: &mut Tally,
    story: Story,
    request: &Request,
    told: &str,
    stored: &[&Payment],
    conflicts: &HashSet<(&str, i64)>,
) {
    let Some(payment) = stored.first() else {
        return tally.lost(format!("{told} ({story:?}) was accepted and is not stored"));
    };
    let is_parked = conflicts.contains(&(payment.id.as_str(), request.wanted.amount_minor));
    if !is_about(payment, &request.wanted) && !is_parked {
        let wanted = &request.wanted;
        tally.lost(format!(
            "{told} was accepted for {} {}; the payment is about {} {}, and no parked request says so",
            wanted.amount_minor, wanted.currency, payment.amount_minor, payment.currency
        ));
    }
}

/// The requests that were parked because their key belongs to another one: the payment that stands, and their amount.
fn parked_conflicts(facts: &Facts) -> HashSet<(&str, i64)> {
    let parked = facts.parked.get(PARKED_REQUESTS).into_iter().flatten();
    let conflicts = parked.filter(|letter| letter.header("error_class") == "conflict");
    conflicts
        .filter_map(|letter| Some((letter.property("correlation_id"), amount_in(letter)?)))
        .collect()
}

fn amount_in(letter: &Letter) -> Option<i64> {
    let payload: Value = serde_json::from_str(&letter.payload).ok()?;
    payload.pointer("/request/amount_minor")?.as_i64()
}

/// Answers against each other.
pub fn one_id(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ONE_ID);
    let mut named: HashMap<&str, &str> = HashMap::new();
    let stored: HashMap<Key<'_>, &str> = facts
        .payments
        .iter()
        .map(|payment| {
            (
                (payment.merchant.as_str(), payment.idempotency_key.as_str()),
                payment.id.as_str(),
            )
        })
        .collect();
    for order in &facts.journal.orders {
        let looks = order.looks.iter().filter_map(|look| look.told.as_ref());
        let told = order
            .requests
            .iter()
            .flat_map(Request::accepted)
            .chain(looks.filter(|told| told.is_accepted()));
        let mut ids: Vec<&str> = told.map(|told| told.id.as_str()).collect();
        ids.extend(stored.get(&key_of(facts, order)).copied());
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            continue;
        }
        tally.look();
        if ids.len() > 1 {
            tally.doubled(format!("{} is called {}", order.key, ids.join(" and ")));
        }
        for id in ids {
            if let Some(other) = named.insert(id, &order.key) {
                tally.doubled(format!("{id} is the name of {other} and of {}", order.key));
            }
        }
    }
    tally.found()
}

/// Under which merchant and key an order is stored.
pub fn key_of<'a>(facts: &'a Facts, order: &'a Order) -> Key<'a> {
    (facts.merchant_of(order), &order.key)
}

/// The requests that were accepted, each with the id that it was told.
fn accepted(order: &Order) -> impl Iterator<Item = (&Request, &str)> {
    let requests = order.requests.iter();
    requests.filter_map(|request| Some((request, request.accepted().next()?.id.as_str())))
}

/// Whether a stored payment is what was asked for.
pub fn is_about(payment: &Payment, wanted: &Wanted) -> bool {
    payment.amount_minor == wanted.amount_minor && payment.currency == wanted.currency
}
