//! Every order comes to rest.

use crate::verifier::{
    Finding,
    facts::{Facts, Payment, StoredOrder},
    invariants,
    refund_jobs::RefundJobs,
    tally::Tally,
};

/// Where orders stand.
pub fn ended(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ORDERS_ENDED);
    let payments = facts.payments_by_order();
    for order in &facts.orders {
        tally.look();
        let payments = payments.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        if let Some(why) = unfinished(facts, order, payments) {
            tally.stuck(format!("{} is {}: {why}", order.id, order.status));
        }
    }
    tally.found()
}

/// Why an order may not stay where it is.
fn unfinished(facts: &Facts, order: &StoredOrder, payments: &[&Payment]) -> Option<&'static str> {
    match order.status.as_str() {
        "refunding" => (!is_refund_in_review(facts, order)).then_some("nobody looks at its refund"),
        "canceled" => payments
            .iter()
            .any(|payment| can_be_paid(facts, payment))
            .then_some("a payment of it can be paid"),
        "created" => payments
            .iter()
            .any(|payment| payment.status == "failed" && order.last_payment.as_ref() == Some(&payment.id))
            .then_some("its last payment has failed"),
        _ => None,
    }
}

/// People were told of a refund whose end is not known.
fn is_refund_in_review(facts: &Facts, order: &StoredOrder) -> bool {
    let jobs = RefundJobs::of(facts);
    let refunds = facts.refunds.iter();
    let mut of_it = refunds.filter(|refund| refund.order_id.as_ref() == Some(&order.id));
    of_it.any(|refund| refund.status == "needs_review" && jobs.given_up(refund).next().is_some())
}

/// Whether a payer could still pay it, and nobody was told that it could not be closed.
fn can_be_paid(facts: &Facts, payment: &Payment) -> bool {
    let is_open = match payment.status.as_str() {
        "succeeded" | "canceled" | "expired" => false,
        // What is declined can be paid with another card.
        "failed" => facts.intents.iter().any(|intent| {
            let is_its = intent.payment() == Some(&payment.id) && intent.is_there();
            is_its && intent.status != "canceled"
        }),
        _ => true,
    };
    let was_given_up = facts.failures.iter().any(|failure| {
        matches!(failure.kind.as_str(), "cancel_payment" | "create_intent")
            && failure.disposition == "dead_letter"
            && failure.correlation_id == payment.id
    });
    is_open && !was_given_up
}
