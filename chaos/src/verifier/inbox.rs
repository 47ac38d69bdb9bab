//! What the provider called back about, against what was taken in.

use std::collections::BTreeMap;

use super::{
    Finding,
    facts::{Callback, Facts},
    invariants,
    tally::Tally,
};

/// Callbacks against the inbox.
pub fn taken_in_once(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::TAKEN_IN_ONCE);
    let merchants = facts.merchants_by_account();
    let mut inbox: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for taken_in in &facts.inbox {
        inbox
            .entry(&taken_in.event_id)
            .or_default()
            .push(&taken_in.merchant);
    }
    let sent = by_event(facts.callbacks.iter());
    let accepted = by_event(facts.callbacks.iter().filter(|callback| callback.is_accepted()));
    for (&event, callback) in &accepted {
        tally.look();
        let merchant = merchants
            .get(callback.own_account())
            .map_or("", |merchant| merchant.id.as_str());
        match inbox.get(event).map(Vec::as_slice) {
            None | Some([]) => tally.lost(format!(
                "{event} ({}) was accepted and not taken in",
                callback.kind
            )),
            Some([one]) if *one == merchant => {}
            Some([other]) => tally.doubled(format!("{event} of {merchant} was taken in for {other}")),
            Some(several) => tally.doubled(format!("{event} was taken in {} times", several.len())),
        }
    }
    // The provider repeats what is not accepted for as long as a run may last, so in the end all of it has to be.
    for (event, callback) in sent.iter().filter(|(event, _)| !accepted.contains_key(*event)) {
        tally.look();
        let answer = callback
            .status
            .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        tally.lost(format!(
            "{event} ({}) was never accepted; the last answer was {answer}",
            callback.kind
        ));
    }
    for event in inbox.keys().filter(|event| !sent.contains_key(*event)) {
        tally.doubled(format!("{event} was taken in and never sent"));
    }
    tally.found()
}

/// The events, each with the last of its attempts.
fn by_event<'a>(callbacks: impl Iterator<Item = &'a Callback>) -> BTreeMap<&'a str, &'a Callback> {
    callbacks
        .map(|callback| (callback.event.as_str(), callback))
        .collect()
}
