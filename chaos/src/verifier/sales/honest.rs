//! What clients were told about orders when they were not told yes.

use crate::{
    journal::{Sale, Step, StepDeed, Told},
    verifier::{
        Finding,
        facts::{Facts, StoredOrder},
        invariants,
        refusals::{is_honest_look, passing},
        tally::Tally,
    },
};

/// Answers against the contract.
pub fn honest(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::HONEST_ABOUT_ORDERS);
    let orders = facts.orders_by_id();
    for sale in &facts.journal.sales {
        let id = sale.accepted().next().map_or("", |told| told.id.as_str());
        let order = orders.get(id).copied();
        for told in sale.asked.iter().filter_map(|asked| asked.told.as_ref()) {
            tally.look();
            if let Some(wrong) = refused_wrongly(told) {
                tally.doubled(tell(&sale.key, told, wrong));
            }
        }
        for step in &sale.steps {
            for told in step.asked.iter().filter_map(|asked| asked.told.as_ref()) {
                tally.look();
                if let Some(wrong) = step_refused_wrongly(sale, step, told, order) {
                    tally.doubled(tell(&step.key, told, wrong));
                }
            }
        }
        for told in sale.looks.iter().filter_map(|look| look.told.as_ref()) {
            tally.look();
            if !told.is_accepted() && !is_honest_look(told) {
                tally.doubled(tell(&sale.key, told, "no look deserves this"));
            }
        }
    }
    tally.found()
}

fn tell(key: &str, told: &Told, wrong: &str) -> String {
    format!("{key}: {} {}: {wrong}", told.status, told.problem)
}

fn refused_wrongly(told: &Told) -> Option<&'static str> {
    match told.status {
        200..=299 => told.id.is_empty().then_some("it accepts and names no order"),
        503 | 408 => passing(told),
        _ => Some("no client deserves this"),
    }
}

fn step_refused_wrongly(
    sale: &Sale,
    step: &Step,
    told: &Told,
    order: Option<&StoredOrder>,
) -> Option<&'static str> {
    match (told.status, told.problem.as_str()) {
        (200..=299 | 503 | 408, _) => refused_wrongly(told),
        // The order is on its way.
        (404, _) => told.retry_after.is_empty().then_some("the order was accepted"),
        (409, "/problems/action-refused") => match step.deed {
            StepDeed::Pay { .. } | StepDeed::PayFromWallet | StepDeed::Cancel => order
                .is_none_or(StoredOrder::is_open)
                .then_some("the order is neither paid nor called off"),
            // Each is asked for once the order was seen as it has to be, so that only another refund can be in its way.
            StepDeed::Refund { .. } | StepDeed::Ship | StepDeed::Complete => {
                (!has_another_refund(sale, step)).then_some("nothing was in its way")
            }
        },
        _ => Some("no client deserves this"),
    }
}

fn has_another_refund(sale: &Sale, step: &Step) -> bool {
    let mut others = sale.steps.iter().filter(|other| other.key != step.key);
    others.any(|other| matches!(other.deed, StepDeed::Refund { .. }))
}
