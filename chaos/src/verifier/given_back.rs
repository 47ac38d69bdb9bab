//! Refunds against the provider's books.

use super::{
    Finding,
    facts::{Facts, Payment, ProviderRefund, Refund},
    invariants,
    tally::Tally,
    unmade::Unmade,
};

/// Of how many orders one surely gives money back: about every third is meant to.
const ORDERS_WITH_REFUND: usize = 50;

/// Stored refunds and the provider's against each other.
pub fn once(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::GIVEN_BACK_ONCE);
    let (refunds, payments) = (facts.refunds_by_id(), facts.payments_by_id());
    let merchants = facts.merchants_by_account();
    let made = facts.provider_refunds_by_refund();
    for (&id, made) in &made {
        tally.look();
        let Some(refund) = refunds.get(id) else {
            tally.doubled(format!(
                "{} was made for {id:?}, which nobody asked for",
                made[0].id
            ));
            continue;
        };
        if let [_, _, ..] = **made {
            tally.doubled(format!("{id} was made {} times", made.len()));
        }
        let payment = payments.get(refund.payment.as_str()).copied();
        for made in made {
            let merchant = merchants.get(made.account.as_str()).map(|merchant| &merchant.id);
            if merchant != Some(&refund.merchant) || !is_as_asked(made, refund, payment) {
                let ProviderRefund {
                    id,
                    amount,
                    currency,
                    payment_intent,
                    ..
                } = made;
                tally.doubled(format!(
                    "{id} is {amount} {currency} of {payment_intent}, not what {} asks",
                    refund.id
                ));
            }
        }
    }
    let unmade = Unmade::of(facts);
    for refund in &facts.refunds {
        tally.look();
        let made = made
            .get(refund.id.as_str())
            .and_then(|made| made.first().copied());
        compare(&mut tally, refund, made);
        if let Some(why) = unmade.unexplained(refund).filter(|_| made.is_none()) {
            let (id, code) = (&refund.id, &refund.failure_code);
            tally.lost(format!("{id} was never made ({code:?}): {why}"));
        }
    }
    let has_succeeded = facts.refunds.iter().any(|refund| refund.status == "succeeded");
    tally.expect("a refund that succeeded", ORDERS_WITH_REFUND, has_succeeded);
    tally.found()
}

fn is_as_asked(made: &ProviderRefund, refund: &Refund, payment: Option<&Payment>) -> bool {
    let intent = payment.and_then(|payment| payment.intent_id.as_deref());
    made.amount == refund.amount_minor
        && made.currency.eq_ignore_ascii_case(&refund.currency)
        && intent == Some(&made.payment_intent)
        && refund
            .channel_refund_id
            .as_ref()
            .is_none_or(|known| *known == made.id)
}

/// A refund as it stands here against what the provider has of it.
fn compare(tally: &mut Tally, refund: &Refund, made: Option<&ProviderRefund>) {
    let Refund { id, status, .. } = refund;
    let there = made.map(|made| made.status.as_str());
    match (status.as_str(), there) {
        ("succeeded", Some("succeeded")) | ("failed", None | Some("failed")) => {}
        ("succeeded", None) => tally.lost(format!("{id} is succeeded and was never made")),
        ("succeeded", Some(there)) => {
            tally.lost(format!("{id} is succeeded here and {there} at the provider"))
        }
        ("failed", Some(there)) => tally.doubled(format!("{id} is failed here and {there} at the provider")),
        // Whether it may stay like this is another invariant.
        (_, None | Some("pending")) => {}
        (_, Some(there)) => tally.lost(format!("{id} is {there} at the provider and still {status} here")),
    }
}

/// What was given back against what was received.
pub fn never_too_much(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::NEVER_TOO_MUCH);
    let made = facts.provider_refunds_by_intent();
    for intent in &facts.intents {
        tally.look();
        let made = made.get(intent.id.as_str()).into_iter().flatten();
        let given_back: i64 = made
            .filter(|made| made.is_given_back())
            .map(|made| made.amount)
            .sum();
        if given_back > intent.amount_received {
            let received = intent.amount_received;
            tally.over_refunded(format!(
                "{} received {received} and gave back {given_back}",
                intent.id
            ));
        }
    }
    for payment in &facts.payments {
        tally.look();
        let taken = payment.refunded_minor + payment.refund_reserved_minor;
        if taken > payment.amount_minor {
            let amount = payment.amount_minor;
            tally.over_refunded(format!(
                "{} over {amount} counts {taken} as refunded or reserved",
                payment.id
            ));
        }
    }
    tally.found()
}
