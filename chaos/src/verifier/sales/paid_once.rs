//! Orders against the payments that are theirs.

use super::ORDERS_BESIDE_ONE;
use crate::verifier::{
    Finding,
    facts::{Facts, Payment, StoredOrder},
    invariants,
    refund_jobs::RefundJobs,
    tally::Tally,
};

/// Of how many orders a payment has surely succeeded that its order for goods did not take: each of the stories in which two
/// are paid at the same moment comes up twice.
const ORDERS_BESIDE_TWO_PAYERS: usize = 140;

/// Paid orders against succeeded payments.
pub fn paid_once(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ORDERS_PAID_ONCE);
    let payments = facts.payments_by_id();
    for order in &facts.orders {
        tally.look();
        let payer = order.paid_by.as_deref().map(|id| payments.get(id).copied());
        if let Some(why) = misstated(order, payer) {
            tally.doubled(format!("{} is {}: {why}", order.id, order.stage));
        }
    }
    let orders = facts.orders_by_id();
    let mut not_taken = 0_u64;
    for (order, payments) in facts.payments_by_order() {
        for payment in payments.into_iter().filter(|payment| is_paid(payment)) {
            tally.look();
            let Some(order) = orders.get(order) else {
                tally.lost(format!("{} is of {order}, which is not stored", payment.id));
                continue;
            };
            if order.is_open() {
                tally.lost(format!(
                    "{} is {} and {} succeeded",
                    order.id, order.stage, payment.id
                ));
            } else if order.paid_by.as_ref() != Some(&payment.id) {
                not_taken += 1;
                check_given_back(facts, &mut tally, order, payment);
            }
        }
    }
    let is_any_paid = facts.orders.iter().any(StoredOrder::is_paid);
    tally.expect("an order that was paid", ORDERS_BESIDE_ONE, is_any_paid);
    tally.expect(
        "a payment that its order did not take",
        ORDERS_BESIDE_TWO_PAYERS,
        not_taken > 0,
    );
    tally.note(format!(
        "{not_taken} payments succeeded that their orders did not take"
    ));
    payers_know(facts, &mut tally);
    tally.found()
}

fn is_paid(payment: &Payment) -> bool {
    payment.status == "succeeded"
}

/// What is wrong with the payment that has paid an order.
fn misstated(order: &StoredOrder, payer: Option<Option<&Payment>>) -> Option<&'static str> {
    match payer {
        None => order.is_paid().then_some("nothing has paid it"),
        Some(_) if !order.is_paid() => Some("a payment has paid it"),
        Some(None) => Some("the payment that has paid it is not stored"),
        Some(Some(payment)) if !is_paid(payment) => Some("the payment that has paid it has not succeeded"),
        Some(Some(payment)) if payment.order_id.as_ref() != Some(&order.id) => {
            Some("the payment that has paid it is not its own")
        }
        Some(Some(payment)) => {
            let is_all = payment.amount_minor == order.total_minor && payment.currency == order.currency;
            (!is_all).then_some("it was paid with another sum")
        }
    }
}

/// What an order does not take goes back, or people are told that it does not.
fn check_given_back(facts: &Facts, tally: &mut Tally, order: &StoredOrder, payment: &Payment) {
    if payment.refunded_minor == payment.amount_minor {
        return;
    }
    let refunds = facts.refunds.iter().filter(|refund| refund.payment == payment.id);
    let jobs = RefundJobs::of(facts);
    let is_told = refunds
        .filter(|refund| matches!(refund.status.as_str(), "failed" | "needs_review"))
        .any(|refund| jobs.given_up(refund).next().is_some());
    if !is_told {
        let (paid, back) = (payment.amount_minor, payment.refunded_minor);
        tally.lost(format!(
            "{} does not take {}, and {back} of {paid} went back",
            order.id, payment.id
        ));
    }
}

/// What payers were told to have paid is in the books.
fn payers_know(facts: &Facts, tally: &mut Tally) {
    let acts = facts.journal.sales.iter().flat_map(|sale| &sale.payer);
    for act in acts.filter(|act| act.said.as_deref() == Some("succeeded")) {
        tally.look();
        let mut charged = facts.intents.iter().filter(|intent| intent.charges_succeeded > 0);
        if !charged.any(|intent| intent.id == act.intent) {
            tally.lost(format!("{} was paid, and the books do not know", act.intent));
        }
    }
}
