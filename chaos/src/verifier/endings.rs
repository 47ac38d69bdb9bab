//! Every payment comes to an end, and never goes back on the way.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::{
    Finding,
    facts::{Facts, Intent, Payment},
    invariants,
    ranks::{announced_by, rank},
    tally::Tally,
};
use crate::journal::Order;

/// Where payments stand.
pub fn ended(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ENDED);
    let intents = facts.intents_by_payment();
    let given_up: HashSet<&str> = facts
        .failures
        .iter()
        .filter(|failure| failure.disposition == "dead_letter")
        .map(|failure| failure.correlation_id.as_str())
        .collect();
    for payment in &facts.payments {
        tally.look();
        let intent = intents
            .get(payment.id.as_str())
            .and_then(|intents| intents.first().copied());
        if let Some(why) = unfinished(payment, intent, &given_up) {
            tally.stuck(format!("{} is {}: {why}", payment.id, payment.status));
        }
    }
    tally.found()
}

/// Why a payment may not stay where it is.
fn unfinished(payment: &Payment, intent: Option<&Intent>, given_up: &HashSet<&str>) -> Option<&'static str> {
    match payment.status.as_str() {
        "succeeded" | "failed" | "canceled" | "expired" => None,
        "needs_review" if given_up.contains(payment.id.as_str()) => None,
        "needs_review" => Some("no job was given up over it, so nobody looks at it"),
        "requires_action" => match intent {
            Some(intent) if waits_for_payer(intent) => None,
            Some(_) => Some("the provider's intent has gone on"),
            None => Some("the provider has no intent for it"),
        },
        _ => Some("nothing has ended it"),
    }
}

/// A declined intent waits too, but then the payment is failed.
fn waits_for_payer(intent: &Intent) -> bool {
    match intent.status.as_str() {
        "requires_payment_method" => intent.charges_failed == 0,
        status => matches!(status, "requires_action" | "requires_confirmation"),
    }
}

/// What clients saw and merchants were told, in the order of time.
pub fn forward(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::FORWARD);
    let statuses: HashMap<&str, &str> = facts
        .payments
        .iter()
        .map(|payment| (payment.id.as_str(), payment.status.as_str()))
        .collect();
    for order in &facts.journal.orders {
        let Some((payment, mut seen)) = seen_by_client(order, &mut tally) else {
            continue;
        };
        tally.look();
        seen.extend(statuses.get(payment).copied());
        check(&mut tally, payment, "seen as", &seen);
    }
    for (payment, mut told) in told_in_order(facts) {
        tally.look();
        told.extend(statuses.get(payment).copied());
        check(&mut tally, payment, "told to be", &told);
    }
    tally.found()
}

fn check(tally: &mut Tally, payment: &str, how: &str, statuses: &[&str]) {
    for pair in statuses.windows(2) {
        if let [before, after] = pair
            && rank(after) < rank(before)
        {
            tally.doubled(format!("{payment} was {how} {before} and is {after} after that"));
        }
    }
}

/// A payment and the statuses that its client saw. One that was seen once must not be gone later.
fn seen_by_client<'a>(order: &'a Order, tally: &mut Tally) -> Option<(&'a str, Vec<&'a str>)> {
    let looks = order.looks.iter().filter_map(|look| look.told.as_ref());
    let mut payment = None;
    let mut statuses = Vec::new();
    for told in looks {
        if told.is_accepted() {
            payment = Some(told.id.as_str());
            statuses.push(told.object_status.as_str());
        } else if let Some(payment) = payment.filter(|_| told.status == 404) {
            tally.lost(format!("{payment} was seen and is not found later"));
        }
    }
    Some((payment?, statuses))
}

/// The statuses that merchants were told, by payment, in the order in which the notifications were written. They may
/// arrive in another order.
fn told_in_order(facts: &Facts) -> BTreeMap<&str, Vec<&str>> {
    let mut told: BTreeMap<&str, Vec<(String, &str)>> = BTreeMap::new();
    for notification in &facts.notifications {
        let payload: Value = serde_json::from_str(&notification.payload).unwrap_or_default();
        let written = payload["timestamp"].as_str().unwrap_or_default().to_owned();
        let status = announced_by(&notification.event_type);
        told.entry(&notification.payment)
            .or_default()
            .push((written, status));
    }
    told.into_iter()
        .map(|(payment, told)| (payment, in_order(told)))
        .collect()
}

fn in_order(mut told: Vec<(String, &str)>) -> Vec<&str> {
    // Of the same millisecond, either may have been first.
    told.sort_by_key(|(written, status)| (written.clone(), rank(status)));
    told.into_iter().map(|(_, status)| status).collect()
}
