//! Payments against the provider's books.

use std::collections::{HashMap, HashSet};

use super::{
    Finding,
    facts::{Facts, Intent, Payment},
    invariants,
    tally::Tally,
};
use crate::journal::Provider;

/// Of how many orders one is surely paid through each provider: about every twelfth is meant to be.
const ORDERS_WITH_EACH_PROVIDER: usize = 150;

/// Intents against payments.
pub fn one_intent(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ONE_INTENT);
    let (payments, merchants) = (facts.payments_by_id(), facts.merchants_by_account());
    for (payment, intents) in facts.intents_by_payment() {
        tally.look();
        if let [_, _, ..] = *intents {
            let ids: Vec<&str> = intents.iter().map(|intent| intent.id.as_str()).collect();
            tally.doubled(format!("{payment} has the intents {}", ids.join(" and ")));
        }
        let Some(stored) = payments.get(payment) else {
            tally.lost(format!(
                "{} is an intent of {payment:?}, which is not stored",
                intents[0].id
            ));
            continue;
        };
        for intent in intents {
            let merchant = merchants
                .get(intent.account.as_str())
                .map(|merchant| &merchant.id);
            if merchant != Some(&stored.merchant) {
                tally.doubled(format!(
                    "{} of {payment} is in another merchant's account",
                    intent.id
                ));
            }
            if !is_same_money(intent, stored) {
                let (amount, currency) = (intent.amount, &intent.currency);
                tally.doubled(format!("{} of {payment} is about {amount} {currency}", intent.id));
            }
            if stored.intent_id.as_ref().is_some_and(|known| *known != intent.id) {
                tally.doubled(format!("{payment} knows another intent than {}", intent.id));
            }
        }
    }
    tally.found()
}

/// Calls against each other.
pub fn one_key(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ONE_KEY);
    let openings = facts.openings.iter().map(|call| (call, call.payment()));
    let refundings = facts.refundings.iter().map(|call| (call, call.refund()));
    let mut keys: HashMap<&str, &str> = HashMap::new();
    for (call, subject) in openings.chain(refundings) {
        tally.look();
        let subject = subject.unwrap_or_default();
        let Some(key) = call.idempotency_key.as_deref() else {
            tally.doubled(format!("a call for {subject:?} carried no key"));
            continue;
        };
        let first = *keys.entry(subject).or_insert(key);
        if first != key {
            tally.doubled(format!("{subject} was asked for under {first} and {key}"));
        }
    }
    tally.found()
}

/// Charges against paid payments.
pub fn charged_is_paid(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::CHARGED_IS_PAID);
    let payments = facts.payments_by_id();
    for intent in facts.intents.iter().filter(|intent| is_charged(intent)) {
        tally.look();
        if intent.charges_succeeded > 1 {
            tally.doubled(format!(
                "{} was charged {} times",
                intent.id, intent.charges_succeeded
            ));
        }
        let Some(payment) = intent.payment().and_then(|id| payments.get(id)) else {
            tally.lost(format!(
                "{} was charged for a payment that is not stored",
                intent.id
            ));
            continue;
        };
        if payment.status != "succeeded" {
            tally.lost(format!(
                "{} is {} and was charged as {}",
                payment.id, payment.status, intent.id
            ));
        }
        if intent.amount_received != payment.amount_minor {
            let (received, asked) = (intent.amount_received, payment.amount_minor);
            tally.doubled(format!(
                "{} was charged {received} instead of {asked}",
                payment.id
            ));
        }
    }
    payers_know(facts, &mut tally);
    expect_each_provider(facts, &mut tally);
    let intents = facts.intents_by_payment();
    for payment in facts
        .payments
        .iter()
        .filter(|payment| payment.status == "succeeded")
    {
        tally.look();
        if !intents
            .get(payment.id.as_str())
            .into_iter()
            .flatten()
            .any(|intent| is_charged(intent))
        {
            tally.doubled(format!("{} is succeeded and was not charged", payment.id));
        }
    }
    tally.found()
}

/// Every provider takes part, and so do wallets.
fn expect_each_provider(facts: &Facts, tally: &mut Tally) {
    let is_paid_through = |provider| {
        let mut charged = facts.intents.iter().filter(|intent| is_charged(intent));
        charged.any(|intent| intent.provider == provider)
    };
    let by_wallet = is_paid_through(Provider::Wallet);
    tally.expect(
        "a payment that a wallet paid",
        ORDERS_WITH_EACH_PROVIDER,
        by_wallet,
    );
    // Merchants of a run through Stripe alone have no accounts elsewhere.
    if facts
        .journal
        .merchants
        .iter()
        .all(|merchant| merchant.accounts.len() == 1)
    {
        return;
    }
    for (provider, what) in [
        (Provider::Stripe, "a payment that was paid through Stripe"),
        (Provider::Alipay, "a payment that was paid through Alipay"),
        (Provider::Wechat, "a payment that was paid through WeChat Pay"),
        (Provider::Paypal, "a payment that was paid through PayPal"),
    ] {
        tally.expect(what, ORDERS_WITH_EACH_PROVIDER, is_paid_through(provider));
    }
}

/// Payers were there: what they were told to be paid must still be in the books, and what they approved must have been
/// taken by now.
fn payers_know(facts: &Facts, tally: &mut Tally) {
    let charged = facts.intents.iter().filter(|intent| is_charged(intent));
    let charged: HashSet<&str> = charged.map(|intent| intent.id.as_str()).collect();
    let acts = facts.journal.orders.iter().flat_map(|order| &order.payer);
    let counts = |said: &str| matches!(said, "succeeded" | "approved");
    for act in acts.filter(|act| act.said.as_deref().is_some_and(counts)) {
        tally.look();
        if !charged.contains(act.intent.as_str()) {
            let (intent, with) = (&act.intent, act.with);
            tally.lost(format!(
                "{intent} was paid with {with}, and the books do not know"
            ));
        }
    }
}

/// Failed payments against what the provider did.
pub fn failed_is_declined(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::FAILED_IS_DECLINED);
    let intents = facts.intents_by_payment();
    for payment in facts.payments.iter().filter(|payment| payment.status == "failed") {
        tally.look();
        let open = intents
            .get(payment.id.as_str())
            .into_iter()
            .flatten()
            .find(|intent| intent.is_there() && intent.charges_failed == 0);
        if let Some(intent) = open {
            tally.doubled(format!(
                "{} is failed; {} is {} and was not declined",
                payment.id, intent.id, intent.status
            ));
        }
    }
    tally.found()
}

/// Whether the provider took money for it.
pub const fn is_charged(intent: &Intent) -> bool {
    intent.charges_succeeded > 0
}

fn is_same_money(intent: &Intent, payment: &Payment) -> bool {
    intent.amount == payment.amount_minor && intent.currency.eq_ignore_ascii_case(&payment.currency)
}
