//! What clients were told when they were not told yes.

use std::{collections::HashMap, time::Duration};

use super::{
    Finding,
    facts::{Callback, Facts, Payment},
    invariants,
    requests::is_about,
    spoken_for::SpokenFor,
    tally::Tally,
};
use crate::journal::{Deed, Order, Request, Told, Wanted, Wish};

/// Answers against the contract.
pub fn honest(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::HONEST_REFUSALS);
    let payments = facts.payments_by_id();
    let spoken_for = SpokenFor::of(facts);
    for order in &facts.journal.orders {
        let stored = stored(&payments, order);
        for request in &order.requests {
            for told in request.asked.iter().filter_map(|asked| asked.told.as_ref()) {
                tally.look();
                if let Some(wrong) = refused_wrongly(order, &request.wanted, told, stored) {
                    tally.doubled(format!(
                        "{}: {} {}: {wrong}",
                        order.key, told.status, told.problem
                    ));
                }
            }
        }
        for wish in &order.wishes {
            for told in wish.asked.iter().filter_map(|asked| asked.told.as_ref()) {
                tally.look();
                if let Some(wrong) = wish_refused_wrongly(order, wish, told, stored, &spoken_for) {
                    tally.doubled(format!("{}: {} {}: {wrong}", wish.key, told.status, told.problem));
                }
            }
        }
        let looks = order
            .looks
            .iter()
            .chain(order.wishes.iter().flat_map(|wish| &wish.looks));
        for told in looks.filter_map(|look| look.told.as_ref()) {
            tally.look();
            if !told.is_accepted() && !is_honest_look(told) {
                tally.doubled(format!(
                    "{}: a look was answered {} {}",
                    order.key, told.status, told.problem
                ));
            }
        }
    }
    for callback in &facts.callbacks {
        tally.look();
        if let Some(status) = callback.status.filter(|_| !is_honest_callback(callback)) {
            let (event, kind) = (&callback.event, &callback.kind);
            tally.doubled(format!("{event} ({kind}) was answered {status}"));
        }
    }
    tally.note(slowest(facts));
    tally.found()
}

/// The payment that an order was told of.
fn stored<'a>(payments: &HashMap<&str, &'a Payment>, order: &Order) -> Option<&'a Payment> {
    let told = order.requests.iter().flat_map(Request::accepted).next()?;
    payments.get(told.id.as_str()).copied()
}

fn refused_wrongly(
    order: &Order,
    wanted: &Wanted,
    told: &Told,
    stored: Option<&Payment>,
) -> Option<&'static str> {
    match told.status {
        200..=299 if told.id.is_empty() => Some("it accepts and names no payment"),
        200..=299 => None,
        503 | 408 => passing(told),
        409 if order.requests.len() < 2 => Some("nothing else was asked for under this key"),
        409 => stored
            .is_some_and(|payment| is_about(payment, wanted))
            .then_some("the payment is this request's"),
        _ => Some("no client deserves this"),
    }
}

fn wish_refused_wrongly(
    order: &Order,
    wish: &Wish,
    told: &Told,
    stored: Option<&Payment>,
    spoken_for: &SpokenFor<'_>,
) -> Option<&'static str> {
    let is_paid = stored.is_some_and(|payment| payment.status == "succeeded");
    let (payment, merchant) = stored.map_or(("", ""), |payment| (&payment.id, &payment.merchant));
    let key = (merchant, wish.key.as_str());
    match (told.status, told.problem.as_str(), wish.deed) {
        (200..=299, _, Deed::Refund { .. }) if told.id.is_empty() => Some("it accepts and names no refund"),
        (200..=299, ..) => None,
        (503 | 408, ..) => passing(told),
        // The payment is on its way.
        (404, ..) => told.retry_after.is_empty().then_some("the payment was accepted"),
        (409, "/problems/payment-not-paid", Deed::Refund { .. }) => {
            order.was_seen_paid().then_some("it was seen to be paid")
        }
        (409, "/problems/nothing-left-to-refund", Deed::Refund { .. }) => {
            (!spoken_for.may_leave_nothing(payment, key)).then_some("something was left")
        }
        (409, "/problems/refund-too-large", Deed::Refund { amount_minor }) => {
            let is_so = amount_minor.is_some_and(|wanted| spoken_for.may_leave_less(payment, key, wanted));
            (!is_so).then_some("as much was left")
        }
        // Nothing was opened for it, and nothing will be.
        (409, "/problems/action-refused", Deed::Cancel | Deed::Confirm { .. })
            if stored.is_some_and(has_failed_unopened) =>
        {
            None
        }
        (409, "/problems/action-refused", Deed::Cancel) => (!is_paid
            && stored.is_some_and(|payment| payment.status != "expired"))
        .then_some("the payment could have been called off"),
        (409, "/problems/action-refused", Deed::Confirm { .. }) => {
            (!is_paid).then_some("the payment could have been paid")
        }
        _ => Some("no client deserves this"),
    }
}

fn has_failed_unopened(payment: &Payment) -> bool {
    payment.status == "failed" && payment.intent_id.is_none()
}

/// What is wrong with an answer that asks to come again.
pub fn passing(told: &Told) -> Option<&'static str> {
    match told.status {
        503 => (!is_come_back(told)).then_some("it does not say when to come back"),
        // A process that was frozen finds that the body took too long.
        _ => (told.problem != "/problems/request-timeout").then_some("it does not say what took too long"),
    }
}

/// Whether a look that shows nothing says why.
pub fn is_honest_look(told: &Told) -> bool {
    match told.status {
        503 => is_come_back(told),
        404 => !told.retry_after.is_empty(),
        _ => false,
    }
}

/// All callbacks are genuine and name a merchant there is: only the moment can be wrong.
fn is_honest_callback(callback: &Callback) -> bool {
    callback.is_accepted() || matches!(callback.status, None | Some(408 | 503))
}

fn is_come_back(told: &Told) -> bool {
    !told.retry_after.is_empty() && told.problem.starts_with("/problems/")
}

fn slowest(facts: &Facts) -> String {
    let orders = facts.journal.orders.iter();
    let asked = orders.flat_map(|order| {
        let requests = order.requests.iter().flat_map(|request| &request.asked);
        let wishes = order
            .wishes
            .iter()
            .flat_map(|wish| wish.asked.iter().chain(&wish.looks));
        requests.chain(&order.looks).chain(wishes)
    });
    let (mut slowest, mut unanswered) = (Duration::ZERO, 0_u64);
    for asked in asked {
        match asked.told {
            Some(_) => slowest = slowest.max(asked.took),
            None => unanswered += 1,
        }
    }
    format!(
        "the slowest answer took {} ms; {unanswered} requests got none",
        slowest.as_millis()
    )
}
