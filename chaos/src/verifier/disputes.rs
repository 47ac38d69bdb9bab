//! The provider's disputes against the stored ones, one to one. One that was won leaves no money behind by which it
//! would be missed.

use std::collections::HashMap;

use super::{
    facts::{Dispute, Facts, ProviderDispute},
    tally::Tally,
};

/// Each dispute at the provider is stored as it stands there, and no other is.
pub fn check(facts: &Facts, tally: &mut Tally) {
    let mut stored: HashMap<&str, &Dispute> = facts
        .disputes
        .iter()
        .map(|dispute| (dispute.channel_dispute_id.as_str(), dispute))
        .collect();
    let intents: HashMap<&str, &str> = facts
        .intents
        .iter()
        .map(|intent| (intent.id.as_str(), intent.payment().unwrap_or_default()))
        .collect();
    for there in &facts.provider_disputes {
        let Some(status) = there.standing() else {
            continue;
        };
        tally.look();
        let ProviderDispute { id, amount, .. } = there;
        let payment = intents.get(there.payment_intent.as_str()).copied();
        match stored.remove(id.as_str()) {
            None => tally.unbalanced(format!("{id} is {status} at the provider and not stored")),
            Some(here) if !is_same(here, there, status, payment) => {
                let Dispute {
                    id: ours,
                    payment,
                    amount_minor,
                    status: so,
                    ..
                } = here;
                tally.unbalanced(format!(
                    "{ours} is {so} over {amount_minor} of {payment}; {id} is {status} over {amount} at the provider"
                ));
            }
            Some(_) => {}
        }
    }
    for here in stored.into_values() {
        tally.look();
        let (ours, theirs) = (&here.id, &here.channel_dispute_id);
        tally.unbalanced(format!("{ours} is stored, and the provider has no {theirs:?}"));
    }
}

fn is_same(here: &Dispute, there: &ProviderDispute, status: &str, payment: Option<&str>) -> bool {
    here.status == status && here.amount_minor == there.amount && Some(here.payment.as_str()) == payment
}
