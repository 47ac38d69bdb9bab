//! The card in a request, and what the payer brought later, against how the payment ended.
//!
//! The other comparisons hold too when a card is forgotten on the way: the intent then waits for a payer who believes to
//! have paid.

use std::collections::HashMap;

use super::{
    Finding,
    facts::{Facts, Intent, Payment},
    invariants,
    requests::{is_about, key_of},
    tally::Tally,
};
use crate::{
    journal::{Deed, Order, PayerAct, WalletUse},
    traffic::is_declined,
};

/// Requested cards and payers' acts against the ends of payments. A payment that has not come to any is not judged here.
pub fn decided(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::CARDS_DECIDE);
    let payments = facts.payments.iter();
    let payments: HashMap<_, _> = payments
        .map(|payment| {
            (
                (payment.merchant.as_str(), payment.idempotency_key.as_str()),
                payment,
            )
        })
        .collect();
    let intents = facts.intents_by_payment();
    for order in &facts.journal.orders {
        let Some(payment) = payments.get(&key_of(facts, order)) else {
            continue;
        };
        let mut requests = order.requests.iter().map(|request| &request.wanted);
        let Some(wanted) = requests.find(|wanted| is_about(payment, wanted)) else {
            continue;
        };
        tally.look();
        let intents = intents.get(payment.id.as_str()).map_or(&[][..], Vec::as_slice);
        let card = wanted.payment_method;
        if let Some(why) = card.and_then(|card| forgotten(card, payment, intents)) {
            let story = order.story;
            tally.lost(format!("{} ({story:?}) is {}: {why}", payment.id, payment.status));
        }
        // Whether a wallet was to pay is in the request as well.
        let is_from_wallet = matches!(wanted.wallet, Some(WalletUse::From(_)));
        if payment.status == "succeeded"
            && !is_from_wallet
            && !card.is_some_and(is_good)
            && !may_have_paid(order)
        {
            tally.doubled(format!("{} is succeeded and nobody paid it", payment.id));
        }
    }
    tally.found()
}

/// How the payment shows that the card in its request was not used.
fn forgotten(card: &str, payment: &Payment, intents: &[&Intent]) -> Option<&'static str> {
    match payment.status.as_str() {
        // Only a request with a card that the bank has to be asked about may wait, and there is none.
        "requires_action" => Some("it waits for a payer whose card was in the request"),
        "canceled" | "expired" => Some("its card was in the request, and nobody called it off"),
        // Without an intent, the provider never saw the card.
        "failed" if is_good(card) && !intents.is_empty() => {
            Some("the card in the request is good, and the provider has an intent")
        }
        _ => None,
    }
}

fn is_good(card: &str) -> bool {
    !is_declined(card)
}

/// Whether the payer, or the merchant's server, did something that can have paid. Without an answer, nobody knows.
fn may_have_paid(order: &Order) -> bool {
    let pays = |said: &str| matches!(said, "succeeded" | "approved");
    let is_paid = |act: &PayerAct| act.said.as_deref().is_none_or(pays);
    let confirmed = order.wishes.iter().filter_map(|wish| match wish.deed {
        Deed::Confirm { card } => Some(card),
        Deed::Cancel | Deed::Refund { .. } => None,
    });
    order.payer.iter().any(|act| is_good(act.with) && is_paid(act)) || confirmed.into_iter().any(is_good)
}
