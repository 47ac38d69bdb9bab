//! No payment and no refund ever goes back on the way.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{Finding, facts::Facts, invariants, ranks::Thing, tally::Tally};
use crate::journal::{Asked, Deed, Order, Request, Told};

/// What clients saw and merchants were told, in the order of time, and how it stands in the end.
pub fn forward(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::FORWARD);
    let payments = facts.payments.iter();
    let refunds = facts.refunds.iter();
    let ends: HashMap<&str, &str> = payments
        .map(|payment| (payment.id.as_str(), payment.status.as_str()))
        .chain(refunds.map(|refund| (refund.id.as_str(), refund.status.as_str())))
        .collect();
    for order in &facts.journal.orders {
        for (thing, told) in answers(order) {
            let seen = [
                Some(told.object_status.as_str()),
                ends.get(told.id.as_str()).copied(),
            ];
            let seen: Vec<&str> = seen.into_iter().flatten().collect();
            check(&mut tally, thing, (&told.id, "answered as"), &seen);
        }
        let refunds = order.wishes.iter().map(|wish| (Thing::Refund, &wish.looks));
        for (thing, looks) in refunds.chain([(Thing::Payment, &order.looks)]) {
            let Some((id, mut seen)) = seen_by_client(looks, &mut tally) else {
                continue;
            };
            tally.look();
            seen.extend(ends.get(id).copied());
            check(&mut tally, thing, (id, "seen as"), &seen);
        }
    }
    for ((thing, id), mut told) in told_in_order(facts) {
        tally.look();
        told.extend(ends.get(id).copied());
        check(&mut tally, thing, (id, "told to be"), &told);
    }
    tally.found()
}

/// What clients were answered when they asked for something, with what it was about. The answers to one wish may have
/// come in any order, so each is compared with the end alone.
fn answers(order: &Order) -> impl Iterator<Item = (Thing, &Told)> {
    let requests = order.requests.iter().flat_map(Request::accepted);
    let payments = requests.map(|told| (Thing::Payment, told));
    let wishes = order.wishes.iter().flat_map(|wish| {
        let thing = match wish.deed {
            Deed::Refund { .. } => Thing::Refund,
            Deed::Cancel | Deed::Confirm { .. } => Thing::Payment,
        };
        wish.accepted().map(move |told| (thing, told))
    });
    payments.chain(wishes)
}

fn check(tally: &mut Tally, thing: Thing, (id, how): (&str, &str), statuses: &[&str]) {
    for pair in statuses.windows(2) {
        if let [before, after] = pair
            && thing.rank(after) < thing.rank(before)
        {
            tally.doubled(format!("{id} was {how} {before} and is {after} after that"));
        }
    }
}

/// What a client looked at and the statuses that it saw. What was seen once must not be gone later.
fn seen_by_client<'a>(looks: &'a [Asked], tally: &mut Tally) -> Option<(&'a str, Vec<&'a str>)> {
    let mut id = None;
    let mut statuses = Vec::new();
    for told in looks.iter().filter_map(|look| look.told.as_ref()) {
        if told.is_accepted() {
            id = Some(told.id.as_str());
            statuses.push(told.object_status.as_str());
        } else if let Some(id) = id.filter(|_| told.status == 404) {
            tally.lost(format!("{id} was seen and is not found later"));
        }
    }
    Some((id?, statuses))
}

/// What a notification is about.
type Subject<'a> = (Thing, &'a str);

/// The statuses that merchants were told, in the order in which the notifications were written. They may arrive in
/// another order.
fn told_in_order(facts: &Facts) -> BTreeMap<Subject<'_>, Vec<&str>> {
    let mut told: BTreeMap<Subject<'_>, Vec<(String, &str)>> = BTreeMap::new();
    for notification in &facts.notifications {
        let Some((thing, status)) = Thing::announced_by(&notification.event_type) else {
            continue;
        };
        let payload: Value = serde_json::from_str(&notification.payload).unwrap_or_default();
        let written = payload["timestamp"].as_str().unwrap_or_default().to_owned();
        told.entry((thing, &notification.subject))
            .or_default()
            .push((written, status));
    }
    told.into_iter()
        .map(|(subject, told)| (subject, in_order(subject.0, told)))
        .collect()
}

fn in_order(thing: Thing, mut told: Vec<(String, &str)>) -> Vec<&str> {
    // Of the same millisecond, either may have been first.
    told.sort_by_key(|(written, status)| (written.clone(), thing.rank(status)));
    told.into_iter().map(|(_, status)| status).collect()
}
