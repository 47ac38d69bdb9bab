//! Orders against the logs of what happened to them.

use std::collections::BTreeMap;

use crate::verifier::{
    Finding,
    facts::{Facts, OrderLog, Payment, Refund, StoredOrder, grouped},
    invariants,
    tally::Tally,
};

/// From the lowest to the highest: the stage of an order only ever climbs. That money goes back is no stage.
const STAGES: [&str; 6] = [
    "created",
    "payment_failed",
    "canceled",
    "paid",
    "shipped",
    "completed",
];
/// A step that leaves the order as it is. Nothing orders it among those that change the order.
const CHANGES_NOTHING: &str = "payment_not_wanted";

/// Logs against orders, and what clients saw in the order of time.
pub fn logged(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::LOGS_AGREE);
    let logs = grouped(&facts.order_logs, |log| &log.order_id);
    let payments = facts.payments_by_order();
    for order in &facts.orders {
        tally.look();
        let logs = logs.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        let payments = payments.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        check(&mut tally, facts, order, logs, payments);
    }
    let orders = facts.orders_by_id();
    for sale in &facts.journal.sales {
        let mut seen: Vec<&str> = sale.seen().map(|told| told.object_status.as_str()).collect();
        let id = sale.seen().last().map_or("", |told| told.id.as_str());
        seen.extend(orders.get(id).map(|order| order.stage.as_str()));
        if let Some(fall) = fall(&seen) {
            tally.doubled(format!("{id} was seen as {fall}"));
        }
    }
    tally.found()
}

fn check(tally: &mut Tally, facts: &Facts, order: &StoredOrder, logs: &[&OrderLog], payments: &[&Payment]) {
    let id = &order.id;
    let changes: Vec<&&OrderLog> = logs.iter().filter(|log| log.step != CHANGES_NOTHING).collect();
    let statuses: Vec<&str> = changes.iter().map(|log| log.status.as_str()).collect();
    if changes.first().is_none_or(|log| log.step != "create") {
        tally.lost(format!("the log of {id} does not begin with its creation"));
    }
    if statuses.last().is_none_or(|status| *status != order.status) {
        tally.lost(format!(
            "{id} is {}, and its log ends with {:?}",
            order.status,
            statuses.last()
        ));
    }
    if let Some(fall) = fall(&statuses) {
        tally.doubled(format!("{id} was {fall}"));
    }
    let paid = changes.iter().find(|log| log.step == "paid");
    if paid.is_some_and(|paid| paid.payment != order.paid_by) {
        tally.doubled(format!(
            "{id} was paid by {:?}, and its log says otherwise",
            order.paid_by
        ));
    }
    let has = count(logs);
    for (step, so) in expected(facts, order, payments) {
        let here = has.get(step).copied().unwrap_or_default();
        if here < so {
            tally.lost(format!(
                "{step} is {here} times in the log of {id}, and was {so} times"
            ));
        } else if here > so {
            tally.doubled(format!(
                "{step} is {here} times in the log of {id}, and was {so} times"
            ));
        }
    }
}

fn count<'a>(logs: &[&'a OrderLog]) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for log in logs {
        *counts.entry(log.step.as_str()).or_default() += 1;
    }
    counts
}

/// How often each step has to be in the log of an order.
fn expected(facts: &Facts, order: &StoredOrder, payments: &[&Payment]) -> Vec<(&'static str, usize)> {
    let done = |step: &str| {
        let actions = facts.order_actions.iter().filter(|action| action.is_done());
        let of_it = actions.filter(|action| action.order_id == order.id && action.action == step);
        of_it.count()
    };
    let refunds = facts.refunds.iter();
    let refunds: Vec<&Refund> = refunds
        .filter(|refund| refund.order_id.as_ref() == Some(&order.id))
        .collect();
    let failed = refunds.iter().filter(|refund| refund.status == "failed");
    let made = refunds.iter().filter(|refund| was_made(facts, refund));
    let succeeded = payments.iter().filter(|payment| payment.status == "succeeded");
    let unwanted = succeeded.filter(|payment| order.paid_by.as_ref() != Some(&payment.id));
    let steps = ["pay", "cancel", "refund", "ship", "complete"].map(|step| (step, done(step)));
    let others = [
        ("create", 1),
        ("paid", usize::from(order.is_paid())),
        (CHANGES_NOTHING, unwanted.count()),
        ("refunded", made.count()),
        ("refund_failed", failed.count()),
    ];
    steps.into_iter().chain(others).collect()
}

/// Whether a refund was made, be it that it failed after its merchant had been told so.
fn was_made(facts: &Facts, refund: &Refund) -> bool {
    let mut told = facts.notifications.iter();
    refund.status == "succeeded"
        || told.any(|told| told.subject == refund.id && told.event_type == "refund.succeeded")
}

/// Where a stage follows that is lower.
fn fall(statuses: &[&str]) -> Option<String> {
    let rank = |status: &&str| STAGES.iter().position(|stage| stage == status);
    let stages = statuses.iter().filter(|status| rank(status).is_some());
    let stages: Vec<&&str> = stages.collect();
    let pairs = stages.windows(2);
    let mut falls = pairs.filter(|pair| rank(pair[1]) < rank(pair[0]));
    falls.next().map(|pair| format!("{} after {}", pair[1], pair[0]))
}
