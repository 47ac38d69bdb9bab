//! What merchants wanted done with wallets, and what came of it. What it moved is found in the statements.

use std::collections::HashMap;

use crate::{
    journal::PurseStep,
    verifier::{
        Finding,
        facts::{Facts, WalletAction},
        invariants,
        parked::ParkedKeys,
        tally::Tally,
    },
};

/// Where steps are parked that could not be taken.
const PARKED: &str = "dead.change_wallet";
/// The problem that says that a wallet does not allow what is wanted.
const REFUSED: &str = "/problems/action-refused";

/// Merchant, action and idempotency key.
type Key<'a> = (&'a str, &'a str, &'a str);

/// Accepted steps against what came of them.
pub fn taken(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::WALLET_STEPS_TAKEN);
    let parked = ParkedKeys::of(facts, PARKED);
    let mut kept: HashMap<Key<'_>, &WalletAction> = facts
        .wallet_actions
        .iter()
        .map(|action| {
            let key = (&*action.merchant, &*action.action, &*action.idempotency_key);
            (key, action)
        })
        .collect();
    for purse in &facts.journal.purses {
        let merchant = facts.keeper_of(purse);
        for step in purse.steps.iter().filter(|step| step.deed.is_wish()) {
            let action = kept.remove(&(merchant, step.deed.name(), &*step.key));
            if step.accepted().next().is_some() {
                tally.look();
                if action.is_none() && !parked.has((merchant, &step.key)) {
                    tally.lost(format!(
                        "{} was accepted, and nobody knows what came of it",
                        step.key
                    ));
                }
            }
            if action.is_some_and(|action| is_told_otherwise(step, action)) {
                tally.doubled(format!("{}: its merchant was told otherwise", step.key));
            }
        }
    }
    for action in kept.into_values() {
        tally.look();
        let WalletAction { action, wallet, .. } = action;
        tally.doubled(format!("nobody asked for the {action} of {wallet}"));
    }
    tally.found()
}

fn is_told_otherwise(step: &PurseStep, action: &WalletAction) -> bool {
    let mut told = step.asked.iter().filter_map(|asked| asked.told.as_ref());
    if action.is_done() {
        told.any(|told| told.problem == REFUSED)
    } else {
        told.any(|told| matches!(told.status, 200 | 201))
    }
}
