//! Accounts of users, against those that the provider has.

use std::collections::{BTreeMap, HashSet};

use crate::verifier::{
    Finding,
    facts::{Account, Facts, ProviderAccount},
    invariants,
    tally::Tally,
};

/// Stored accounts and the provider's against each other.
pub fn accounts(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ACCOUNTS_ONCE);
    let merchants = facts.merchants_by_account();
    let mut there: BTreeMap<&str, Vec<&ProviderAccount>> = BTreeMap::new();
    for account in &facts.provider_accounts {
        there
            .entry(account.account_id().unwrap_or_default())
            .or_default()
            .push(account);
    }
    let given_up = given_up(facts);
    let mut users = HashSet::new();
    for account in &facts.accounts {
        tally.look();
        let there = there.remove(account.id.as_str()).unwrap_or_default();
        if let Some(why) = hangs(account, given_up.contains(account.id.as_str())) {
            tally.stuck(format!("{} is {}: {why}", account.id, account.status));
        }
        if account.status != "failed" && !users.insert((&account.merchant, &account.user_id)) {
            tally.doubled(format!(
                "{} has another account than {}",
                account.user_id, account.id
            ));
        }
        match there.as_slice() {
            [] => {
                if account.channel_account_id.is_some() {
                    tally.doubled(format!("the provider has no {}", account.id));
                }
            }
            [one] => {
                let merchant = merchants.get(one.account.as_str()).map(|merchant| &merchant.id);
                if merchant != Some(&account.merchant) {
                    tally.doubled(format!("{} is connected to another merchant's account", one.id));
                }
                compare(&mut tally, account, one);
            }
            several => tally.doubled(format!("{} was opened {} times", account.id, several.len())),
        }
    }
    for (id, there) in there {
        tally.look();
        tally.doubled(format!(
            "{} was opened for {id:?}, which is not stored",
            there[0].id
        ));
    }
    tally.found()
}

fn compare(tally: &mut Tally, account: &Account, there: &ProviderAccount) {
    match account.status.as_str() {
        // Whether it may stay so is another question.
        "pending" | "needs_review" => {}
        "failed" => tally.doubled(format!(
            "{} is failed, and the provider has {}",
            account.id, there.id
        )),
        status => {
            if account.channel_account_id.as_ref() != Some(&there.id) {
                tally.doubled(format!("{} knows another account than {}", account.id, there.id));
            }
            if there.charges_enabled != (status == "active") {
                tally.lost(format!(
                    "{} is {status}, and whether it can charge is {} at the provider",
                    account.id, there.charges_enabled
                ));
            }
        }
    }
}

fn hangs(account: &Account, is_given_up: bool) -> Option<&'static str> {
    match account.status.as_str() {
        "pending" => Some("nothing has ended it"),
        "needs_review" if !is_given_up => Some("no job was given up over it, so nobody looks at it"),
        _ => None,
    }
}

/// The accounts whose jobs were given up.
fn given_up(facts: &Facts) -> HashSet<&str> {
    let failures = facts.failures.iter();
    failures
        .filter(|failure| failure.kind == "create_account" && failure.disposition == "dead_letter")
        .map(|failure| failure.correlation_id.as_str())
        .collect()
}
