//! What merchants were told, against what is so.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{
    Finding,
    facts::{
        Dispute, Facts, Intent, Notification, Payment, ProviderDispute, ProviderRefund, Received, Refund,
    },
    invariants,
    mail::is_told_elsewhere,
    money::is_charged,
    ranks::Thing,
    tally::Tally,
};

/// Failures that say that the provider never had an intent, or that the wallet did not pay. All others are declines.
const NEVER_OPENED: [&str; 4] = [
    "provider_unavailable",
    "not_configured",
    "refused_by_provider",
    "insufficient_balance",
];

/// What arrived, against what is so.
pub fn told(facts: &Facts) -> Finding {
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
    let books = Books::of(facts);
    let about_money = facts.notifications.iter().filter(|told| !is_told_elsewhere(told));
    for notification in about_money {
        tally.look();
        if let Some(untrue) = books.untrue(notification) {
            tally.doubled(format!(
                "{} says {} of {}: {untrue}",
                notification.id, notification.event_type, notification.subject
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

/// What notifications can be about, and what the provider has of it.
struct Books<'a> {
    payments: HashMap<&'a str, &'a Payment>,
    intents: BTreeMap<&'a str, Vec<&'a Intent>>,
    refunds: HashMap<&'a str, &'a Refund>,
    made: BTreeMap<&'a str, Vec<&'a ProviderRefund>>,
    disputes: HashMap<&'a str, &'a Dispute>,
    /// The provider's disputes by their ids there.
    opened: HashMap<&'a str, &'a ProviderDispute>,
}

impl<'a> Books<'a> {
    fn of(facts: &'a Facts) -> Self {
        let disputes = facts.disputes.iter();
        let opened = facts.provider_disputes.iter();
        Self {
            payments: facts.payments_by_id(),
            intents: facts.intents_by_payment(),
            refunds: facts.refunds_by_id(),
            made: facts.provider_refunds_by_refund(),
            disputes: disputes.map(|dispute| (dispute.id.as_str(), dispute)).collect(),
            opened: opened.map(|dispute| (dispute.id.as_str(), dispute)).collect(),
        }
    }

    /// What a notification says that is not so.
    fn untrue(&self, notification: &Notification) -> Option<String> {
        let payload: Value = serde_json::from_str(&notification.payload).unwrap_or_default();
        let Some((thing, status)) = Thing::announced_by(&notification.event_type) else {
            return Some("nobody knows what that is".to_owned());
        };
        let Some(payment) = self.payments.get(notification.payment.as_str()) else {
            return Some("there is no such payment".to_owned());
        };
        self.misstated(notification, payment, thing, &payload)
            .or_else(|| self.unfounded(notification, thing, status, &payload))
    }

    /// The field of it that does not say what is stored.
    fn misstated(
        &self,
        notification: &Notification,
        payment: &Payment,
        thing: Thing,
        payload: &Value,
    ) -> Option<String> {
        let subject = notification.subject.as_str();
        let amount_minor = match thing {
            Thing::Payment => Some(payment.amount_minor),
            Thing::Refund => self.refunds.get(subject).map(|refund| refund.amount_minor),
            Thing::Dispute => self.disputes.get(subject).map(|dispute| dispute.amount_minor),
        };
        let (_, status) = notification.event_type.split_once('.').unwrap_or_default();
        let said = [
            ("/type", notification.event_type.as_str()),
            ("/data/id", subject),
            ("/data/merchant_id", &payment.merchant),
            ("/data/currency", &payment.currency),
            ("/data/status", if status == "opened" { "open" } else { status }),
        ];
        if let Some((pointer, so)) = said
            .into_iter()
            .find(|(pointer, so)| text(payload, pointer) != *so)
        {
            let says = text(payload, pointer);
            return Some(format!("{pointer} is {says:?} and should be {so:?}"));
        }
        let amount = payload.pointer("/data/amount").and_then(Value::as_i64);
        (amount != amount_minor).then(|| format!("the amount is {amount:?} and should be {amount_minor:?}"))
    }

    /// Why it cannot be what happened at the provider.
    fn unfounded(
        &self,
        notification: &Notification,
        thing: Thing,
        status: &str,
        payload: &Value,
    ) -> Option<String> {
        let intents = self.intents.get(notification.payment.as_str());
        let intents = intents.map_or(&[][..], Vec::as_slice);
        let made = self.made.get(notification.subject.as_str());
        let made = made.and_then(|made| made.first().copied());
        match (thing, status) {
            (Thing::Payment, "succeeded") if !intents.iter().any(|intent| is_charged(intent)) => {
                Some("nothing was charged".into())
            }
            (Thing::Payment, "failed") => unfounded(text(payload, "/data/failure/code"), intents),
            (Thing::Refund, "succeeded") if made.is_none() => Some("the provider never made it".into()),
            (Thing::Refund, "failed") => made
                .filter(|made| made.status != "failed")
                .map(|made| format!("{} is {} at the provider", made.id, made.status))
                .or_else(|| self.otherwise_failed(notification, text(payload, "/data/failure/code"))),
            (Thing::Dispute, status) => self.never_disputed(notification, status),
            _ => None,
        }
    }

    /// What the provider has of a dispute, when that was never what was told. Each one was open at first.
    fn never_disputed(&self, notification: &Notification, told: &str) -> Option<String> {
        let stored = self.disputes.get(notification.subject.as_str());
        let there = stored.and_then(|stored| self.opened.get(stored.channel_dispute_id.as_str()));
        let standing = there.and_then(|there| there.standing());
        let is_so = standing.is_some_and(|standing| told == "opened" || told == standing);
        (!is_so).then(|| format!("the provider has it as {standing:?}"))
    }

    /// What is stored as the reason of a failed refund, when it is not the one that was told.
    fn otherwise_failed(&self, notification: &Notification, told: &str) -> Option<String> {
        let refund = self.refunds.get(notification.subject.as_str())?;
        let stored = refund.failure_code.as_str();
        (told != stored).then(|| format!("it was for {told:?}, and {stored:?} is stored"))
    }
}

fn text<'a>(payload: &'a Value, pointer: &str) -> &'a str {
    payload
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Why a failure of this code cannot be what happened at the provider.
fn unfounded(code: &str, intents: &[&Intent]) -> Option<String> {
    let intent = intents.iter().find(|intent| intent.is_there());
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
