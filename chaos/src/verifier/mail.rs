//! What merchants have to be told, against what they were told.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{
    Finding,
    facts::{Facts, Notification},
    invariants,
    ranks::Thing,
    tally::Tally,
};
use crate::journal::{Order, Told, Wish};

/// How the types of notifications begin that are neither about a payment nor about what is a payment's. What they say is held
/// against what they are about, where that is looked at.
const ELSEWHERE: [&str; 3] = ["order.", "wallet.", "account."];

/// Whether what a notification says is looked at with the thing that it is about.
pub fn is_told_elsewhere(notification: &Notification) -> bool {
    let mut elsewhere = ELSEWHERE.iter();
    elsewhere.any(|begin| notification.event_type.starts_with(begin))
}

/// Statuses against notifications, and notifications against what arrived.
pub fn told_once(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::TOLD_ONCE);
    let mut stored: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    // An order can come to the same step more than once, such as that something of it is given back; so can an account.
    let about_money = facts.notifications.iter().filter(|told| !is_told_elsewhere(told));
    for notification in about_money {
        *stored
            .entry((&notification.subject, &notification.event_type))
            .or_default() += 1;
    }
    for (subject, thing, status) in reached(facts) {
        tally.look();
        let event_type = format!("{}.{status}", thing.name());
        if !stored.contains_key(&(subject, event_type.as_str())) {
            tally.lost(format!("{subject} was {status} and its merchant is not told"));
        }
    }
    for ((subject, event_type), count) in stored.into_iter().filter(|(_, count)| *count > 1) {
        tally.doubled(format!("{subject} has {count} notifications {event_type}"));
    }
    let arrived = arrived(facts);
    for notification in &facts.notifications {
        tally.look();
        check_delivered(&mut tally, notification, &arrived);
    }
    tally.found()
}

/// The statuses that payments, refunds and disputes reached as far as anybody saw, of those that merchants are told about.
fn reached(facts: &Facts) -> BTreeSet<(&str, Thing, &str)> {
    let mut reached = BTreeSet::new();
    for payment in &facts.payments {
        reached.insert((payment.id.as_str(), Thing::Payment, payment.status.as_str()));
    }
    for refund in &facts.refunds {
        reached.insert((&refund.id, Thing::Refund, &refund.status));
    }
    for dispute in &facts.disputes {
        reached.insert((&dispute.id, Thing::Dispute, "opened"));
        reached.insert((&dispute.id, Thing::Dispute, &dispute.status));
    }
    for order in &facts.journal.orders {
        reached.extend(seen(order).map(|told| (&*told.id, Thing::Payment, &*told.object_status)));
        let seen = order.wishes.iter().flat_map(Wish::seen);
        reached.extend(seen.map(|told| (&*told.id, Thing::Refund, &*told.object_status)));
    }
    reached.retain(|(_, thing, status)| thing.is_announced(status));
    reached
}

fn seen(order: &Order) -> impl Iterator<Item = &Told> {
    let told = order.looks.iter().filter_map(|look| look.told.as_ref());
    told.filter(|told| told.is_accepted())
}

/// Who accepted which notification.
fn arrived(facts: &Facts) -> HashSet<(&str, &str)> {
    let mut arrived = HashSet::new();
    for (merchant, mail) in &facts.mail {
        let accepted = mail.iter().filter(|received| received.is_accepted());
        arrived.extend(accepted.filter_map(|received| Some((merchant.as_str(), received.id.as_deref()?))));
    }
    arrived
}

fn check_delivered(tally: &mut Tally, notification: &Notification, arrived: &HashSet<(&str, &str)>) {
    let (id, about) = (notification.id.as_str(), &notification.subject);
    let was_accepted = arrived.contains(&(notification.merchant.as_str(), id));
    match notification.status.as_str() {
        "pending" => tally.stuck(format!("{id} about {about} is not delivered yet")),
        "delivered" if !was_accepted => {
            tally.lost(format!("{id} about {about} counts as delivered and is not"))
        }
        "delivered" if notification.accepted_attempts == 0 => {
            tally.lost(format!("{id} about {about} was delivered and no attempt says so"));
        }
        "delivered" => {}
        other => tally.lost(format!("{id} about {about} is {other}")),
    }
}
