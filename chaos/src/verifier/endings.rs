//! Every payment comes to an end.

use std::collections::HashSet;

use super::{
    Finding,
    facts::{Facts, Intent, OFFERED, Payment},
    invariants,
    tally::Tally,
};

/// Where payments stand.
pub fn ended(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ENDED);
    let intents = facts.intents_by_payment();
    let given_up: HashSet<&str> = facts
        .failures
        .iter()
        .filter(|failure| failure.kind == "create_intent" && failure.disposition == "dead_letter")
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
        "succeeded" | "canceled" | "expired" => None,
        // A card was declined, and the payer may still bring another one.
        "failed" if payment.is_overdue && intent.is_some_and(Intent::is_there) => {
            Some("its time is up, and it can still be paid")
        }
        "failed" => None,
        "needs_review" if given_up.contains(payment.id.as_str()) => None,
        "needs_review" => Some("no job was given up over it, so nobody looks at it"),
        "requires_action" if payment.is_overdue => Some("its time is up"),
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
        status => matches!(status, "requires_action" | "requires_confirmation" | OFFERED),
    }
}
