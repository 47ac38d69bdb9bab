//! What merchants have to be told, against what they were told.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::{
    Finding,
    facts::{Facts, Intent, Notification, Payment, Received},
    invariants,
    money::is_charged,
    ranks::{announced_by, is_announced},
    tally::Tally,
};

/// Failures that say that the provider never had an intent. All others are declines.
const NEVER_OPENED: [&str; 3] = ["provider_unavailable", "not_configured", "refused_by_provider"];

/// Statuses against notifications, and notifications against what arrived.
pub fn told_once(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::TOLD_ONCE);
    let mut stored: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for notification in &facts.notifications {
        let status = announced_by(&notification.event_type);
        *stored.entry((&notification.payment, status)).or_default() += 1;
    }
    for (payment, status) in reached(facts) {
        tally.look();
        if !stored.contains_key(&(payment, status)) {
            tally.lost(format!("{payment} was {status} and its merchant is not told"));
        }
    }
    for ((payment, status), count) in stored.into_iter().filter(|(_, count)| *count > 1) {
        tally.doubled(format!("{payment} has {count} notifications of being {status}"));
    }
    let arrived = arrived(facts);
    for notification in &facts.notifications {
        tally.look();
        check_delivered(&mut tally, notification, &arrived);
    }
    tally.found()
}

/// The statuses that payments reached as far as anybody saw, of those that merchants are told about.
fn reached(facts: &Facts) -> BTreeSet<(&str, &str)> {
    let stored = facts
        .payments
        .iter()
        .map(|payment| (payment.id.as_str(), payment.status.as_str()));
    let looks = facts.journal.orders.iter().flat_map(|order| &order.looks);
    let told = looks
        .filter_map(|look| look.told.as_ref())
        .filter(|told| told.is_accepted());
    let seen = told.map(|told| (told.id.as_str(), told.object_status.as_str()));
    stored
        .chain(seen)
        .filter(|(_, status)| is_announced(status))
        .collect()
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
    let (id, about) = (notification.id.as_str(), &notification.payment);
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

/// What arrived, against what is so.
pub fn told_the_truth(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::TOLD_THE_TRUTH);
    let stored: HashMap<&str, &Notification> = facts
        .notifications
        .iter()
        .map(|notification| (notification.id.as_str(), notification))
        .collect();
    for (merchant, mail) in &facts.mail {
        for received in mail {
            tally.look();
            if let Some(wrong) = forged(merchant, received, &stored) {
                let id = received.id.as_deref().unwrap_or("a notification without an id");
                tally.doubled(format!("{id}: {wrong}"));
            }
        }
    }
    let (payments, intents) = (facts.payments_by_id(), facts.intents_by_payment());
    for notification in &facts.notifications {
        tally.look();
        let about = notification.payment.as_str();
        let intents = intents.get(about).map(Vec::as_slice).unwrap_or_default();
        let untrue = match payments.get(about) {
            Some(payment) => untrue(notification, payment, intents),
            None => Some("there is no such payment".to_owned()),
        };
        if let Some(untrue) = untrue {
            tally.doubled(format!(
                "{} says {} of {about}: {untrue}",
                notification.id, notification.event_type
            ));
        }
    }
    tally.found()
}

/// What is wrong with a notification that arrived, whatever it says.
fn forged(
    merchant: &str,
    received: &Received,
    stored: &HashMap<&str, &Notification>,
) -> Option<&'static str> {
    let Some(stored) = received.id.as_deref().and_then(|id| stored.get(id)) else {
        return Some("it arrived and is not stored");
    };
    if received.verified != Some(true) {
        Some("its signature is wrong")
    } else if stored.merchant != merchant {
        Some("it is another merchant's")
    } else if stored.payload != received.body {
        Some("what arrived is not what is stored")
    } else {
        None
    }
}

/// What a notification says that is not so.
fn untrue(notification: &Notification, payment: &Payment, intents: &[&Intent]) -> Option<String> {
    let payload: Value = serde_json::from_str(&notification.payload).unwrap_or_default();
    let status = announced_by(&notification.event_type);
    let says = |pointer: &str| {
        payload
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let said = [
        ("/type", notification.event_type.as_str()),
        ("/data/id", &payment.id),
        ("/data/merchant_id", &payment.merchant),
        ("/data/currency", &payment.currency),
        ("/data/status", status),
    ];
    if let Some((pointer, so)) = said.into_iter().find(|(pointer, so)| says(pointer) != *so) {
        return Some(format!("{pointer} is {:?} and should be {so:?}", says(pointer)));
    }
    if payload.pointer("/data/amount").and_then(Value::as_i64) != Some(payment.amount_minor) {
        return Some(format!("the amount is not {}", payment.amount_minor));
    }
    match status {
        "succeeded" if !intents.iter().any(|intent| is_charged(intent)) => Some("nothing was charged".into()),
        "failed" => unfounded(says("/data/failure/code"), intents),
        _ => None,
    }
}

/// Why a failure of this code cannot be what happened at the provider.
fn unfounded(code: &str, intents: &[&Intent]) -> Option<String> {
    let intent = intents.first();
    match (NEVER_OPENED.contains(&code), intent) {
        (true, Some(intent)) => Some(format!(
            "{code}, but the provider has {}, which is {}",
            intent.id, intent.status
        )),
        (false, Some(intent)) if intent.charges_failed == 0 => {
            Some(format!("{code}, but {} was not declined", intent.id))
        }
        (false, None) => Some(format!("{code}, but the provider has no intent")),
        (true, None) | (false, Some(_)) => None,
    }
}
