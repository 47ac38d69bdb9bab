//! Wallets that were accepted, against those that are stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    journal::{Owner, Purse, PurseDeed},
    verifier::{
        Finding,
        facts::{Facts, Wallet},
        invariants,
        tally::Tally,
    },
};

/// Accepted wallets against stored ones.
pub fn kept(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::WALLETS_KEPT);
    let mut stored: BTreeMap<(&str, String, &str), Vec<&Wallet>> = BTreeMap::new();
    for wallet in &facts.wallets {
        let whose = (&*wallet.merchant, wallet.user_id.clone(), &*wallet.currency);
        stored.entry(whose).or_default().push(wallet);
    }
    for purse in &facts.journal.purses {
        for owner in Owner::ALL {
            let whose = (facts.keeper_of(purse), owner.user_of(&purse.key), purse.currency);
            let stored = stored.remove(&whose).unwrap_or_default();
            compare(&mut tally, purse, owner, &stored);
        }
    }
    for wallet in stored.into_values().flatten() {
        tally.look();
        tally.doubled(format!("{} is stored and nobody asked for it", wallet.id));
    }
    tally.found()
}

fn compare(tally: &mut Tally, purse: &Purse, owner: Owner, stored: &[&Wallet]) {
    let user = owner.user_of(&purse.key);
    let opening = purse.steps_of(owner).filter(|step| step.deed == PurseDeed::Open);
    let told = opening.flat_map(|step| step.accepted());
    let mut ids: BTreeSet<&str> = told.map(|told| told.id.as_str()).collect();
    if ids.is_empty() && stored.is_empty() {
        return;
    }
    tally.look();
    if stored.is_empty() {
        tally.lost(format!("the wallet of {user} was accepted and is not stored"));
    }
    ids.extend(stored.iter().map(|wallet| wallet.id.as_str()));
    if ids.len() > 1 {
        let ids: Vec<&str> = ids.into_iter().collect();
        tally.doubled(format!("the wallet of {user} is called {}", ids.join(" and ")));
    }
}
