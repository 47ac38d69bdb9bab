//! What wallets say of themselves, against their postings and their statements.

use std::collections::BTreeMap;

use crate::verifier::{
    Finding,
    facts::{Facts, Line, Wallet, grouped},
    invariants,
    tally::Tally,
};

/// The account of a wallet in the ledger.
const ACCOUNT: &str = "customer_wallet";

/// Rows against postings, and rows against lines.
pub fn add_up(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::WALLETS_ADD_UP);
    let mut posted: BTreeMap<(&str, &str, &str), (i64, i64)> = BTreeMap::new();
    for posting in facts.postings.iter().filter(|posting| posting.account == ACCOUNT) {
        let whose = (&*posting.merchant, &*posting.detail, &*posting.currency);
        let (balance, pending) = posted.entry(whose).or_default();
        match posting.layer.as_str() {
            "posted" => *balance += posting.amount_minor,
            _ => *pending += posting.amount_minor,
        }
    }
    let lines = grouped(&facts.lines, |line| &line.wallet);
    for wallet in &facts.wallets {
        tally.look();
        let whose = (&*wallet.merchant, &*wallet.user_id, &*wallet.currency);
        let (balance, pending) = posted.remove(&whose).unwrap_or_default();
        let says = (wallet.balance_minor, wallet.held_minor);
        if says != (balance, -pending) {
            tally.unbalanced(format!(
                "{} says {says:?}; its postings come to {:?}",
                wallet.id,
                (balance, -pending)
            ));
        }
        let lines = lines.get(wallet.id.as_str()).map_or(&[][..], Vec::as_slice);
        check_statement(&mut tally, wallet, lines);
    }
    for ((_, user, currency), sums) in posted {
        tally.look();
        tally.unbalanced(format!(
            "{user} has {sums:?} {currency} in the ledger and no wallet"
        ));
    }
    tally.found()
}

/// The lines follow on each other, from nothing to how the wallet stands, and it never lacked anything on the way.
fn check_statement(tally: &mut Tally, wallet: &Wallet, lines: &[&Line]) {
    let Wallet { id, version, .. } = wallet;
    let (mut number, mut balance, mut held) = (0, 0, 0);
    for line in lines {
        number += 1;
        balance += line.amount_minor;
        held += line.hold_minor;
        let (is, says) = (
            (number, balance, held),
            (line.number, line.balance_minor, line.held_minor),
        );
        if is != says {
            tally.unbalanced(format!("a line of {id} says {says:?}, and it is {is:?}"));
            return;
        }
        if held < 0 || balance < held {
            tally.unbalanced(format!("{id} had {balance}, of which {held} were held"));
        }
    }
    let (is, says) = (
        (number, balance, held),
        (*version, wallet.balance_minor, wallet.held_minor),
    );
    if is != says {
        tally.unbalanced(format!("{id} says {says:?}, and its lines end with {is:?}"));
    }
}
