//! What the provider called back about, against what was taken in.

use std::collections::{BTreeMap, HashSet};

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
    let accepted = facts.callbacks.iter().filter(|callback| callback.is_accepted());
    let accepted: BTreeMap<&str, &Callback> = accepted
        .map(|callback| (callback.event.as_str(), callback))
        .collect();
    for (event, callback) in accepted {
        tally.look();
        let merchant = merchants
            .get(callback.account.as_str())
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
    let sent: HashSet<&str> = facts
        .callbacks
        .iter()
        .map(|callback| callback.event.as_str())
        .collect();
    for event in inbox.keys().filter(|event| !sent.contains(*event)) {
        tally.doubled(format!("{event} was taken in and never sent"));
    }
    tally.found()
}
