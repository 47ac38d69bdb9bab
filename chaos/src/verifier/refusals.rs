//! What clients were told when they were not told yes.

use std::{collections::HashMap, time::Duration};

use super::{
    Finding,
    facts::{Callback, Facts, Payment},
    invariants,
    requests::is_about,
    tally::Tally,
};
use crate::journal::{Order, Request, Told, Wanted};

/// Answers against the contract.
pub fn honest(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::HONEST_REFUSALS);
    let payments = facts.payments_by_id();
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
        for told in order.looks.iter().filter_map(|look| look.told.as_ref()) {
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
        503 => (!is_come_back(told)).then_some("it does not say when to come back"),
        // A process that was frozen finds that the body took too long.
        408 => (told.problem != "/problems/request-timeout").then_some("it does not say what took too long"),
        409 if order.requests.len() < 2 => Some("nothing else was asked for under this key"),
        409 => stored
            .is_some_and(|payment| is_about(payment, wanted))
            .then_some("the payment is this request's"),
        _ => Some("no client deserves this"),
    }
}

fn is_honest_look(told: &Told) -> bool {
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
        order
            .requests
            .iter()
            .flat_map(|request| &request.asked)
            .chain(&order.looks)
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
