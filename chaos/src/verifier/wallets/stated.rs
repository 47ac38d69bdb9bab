//! The statements of wallets, against everything that moves what is in them.

use std::collections::{BTreeMap, HashMap};

use super::ORDERS_BESIDE_ONE;
use crate::{
    journal::PurseDeed,
    verifier::{
        Finding,
        facts::{Facts, Hold, Payment, Refund, Wallet, Withdrawal},
        invariants,
        tally::Tally,
    },
};

/// What a line says: of which wallet, what for, how far, and what about.
type Said<'a> = (&'a str, &'a str, &'a str, &'a str);
/// What the wallet gained, and what was held of it besides.
type Moved = (i64, i64);

/// Lines against what happened.
pub fn stated(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::STATEMENTS_AGREE);
    let mut found: BTreeMap<Said<'_>, Vec<Moved>> = BTreeMap::new();
    for line in &facts.lines {
        let said = (&*line.wallet, &*line.kind, &*line.phase, &*line.subject);
        found
            .entry(said)
            .or_default()
            .push((line.amount_minor, line.hold_minor));
    }
    for (said, moved) in expected(facts) {
        tally.look();
        let (wallet, kind, phase, subject) = said;
        let found = found.remove(&said).unwrap_or_default();
        let what = || format!("{kind} ({phase}) of {subject} is {found:?} in {wallet}, and was {moved:?}");
        if found.is_empty() {
            tally.lost(what());
        } else if found != [moved] {
            tally.doubled(what());
        }
    }
    for ((wallet, kind, phase, subject), moved) in found {
        tally.look();
        tally.doubled(format!(
            "{kind} ({phase}) of {subject} is {moved:?} in {wallet}, and never happened"
        ));
    }
    let has = |kind: &str, phase: &str| {
        let mut lines = facts.lines.iter();
        lines.any(|line| line.kind == kind && line.phase == phase)
    };
    for (what, kind, phase) in [
        ("a wallet that was filled", "wallet_top_up", "posted"),
        ("a hold that was captured", "wallet_hold", "posted"),
        ("a gift between wallets", "wallet_transfer", "posted"),
        ("a withdrawal that was paid out", "wallet_withdrawal", "posted"),
    ] {
        tally.expect(what, ORDERS_BESIDE_ONE, has(kind, phase));
    }
    tally.found()
}

/// Every line that has to be there.
fn expected(facts: &Facts) -> Vec<(Said<'_>, Moved)> {
    let mut lines = Vec::new();
    for payment in &facts.payments {
        lines.extend(of_payment(facts, payment));
    }
    let payments = facts.payments_by_id();
    for refund in &facts.refunds {
        if let Some(payment) = payments.get(refund.payment.as_str()) {
            lines.extend(of_refund(facts, refund, payment));
        }
    }
    lines.extend(facts.holds.iter().flat_map(of_hold));
    lines.extend(facts.withdrawals.iter().flat_map(of_withdrawal));
    lines.extend(of_movements(facts));
    lines
}

fn of_payment<'a>(facts: &'a Facts, payment: &'a Payment) -> Option<(Said<'a>, Moved)> {
    let amount = payment.amount_minor;
    if payment.is_from_wallet() {
        let wallet = wallet_of_payer(facts, payment)?;
        let is_paid = payment.status == "succeeded";
        return is_paid.then_some(((&wallet.id, "payment", "posted", &payment.id), (-amount, 0)));
    }
    let wallet = payment.wallet_id.as_deref()?;
    payment.paid_into.as_ref()?;
    Some(((wallet, "wallet_top_up", "posted", &payment.id), (amount, 0)))
}

/// What was paid into a wallet is held there until it is given back; what a wallet paid comes back into it at once.
fn of_refund<'a>(facts: &'a Facts, refund: &'a Refund, payment: &'a Payment) -> Vec<(Said<'a>, Moved)> {
    let (id, amount) = (refund.id.as_str(), refund.amount_minor);
    let is_made = refund.status == "succeeded";
    if payment.is_from_wallet() {
        let wallet = wallet_of_payer(facts, payment).filter(|_| is_made);
        let back = wallet.map(|wallet| ((&*wallet.id, "refund", "posted", id), (amount, 0)));
        return back.into_iter().collect();
    }
    let (Some(wallet), Some(_)) = (&payment.wallet_id, &payment.paid_into) else {
        return Vec::new();
    };
    if !refund.was_reserved() {
        return Vec::new();
    }
    let held = ((&**wallet, "refund", "pending", id), (0, amount));
    let end = match refund.status.as_str() {
        "succeeded" => Some(((&**wallet, "refund", "posted", id), (-amount, -amount))),
        "failed" => Some(((&**wallet, "refund", "voided", id), (0, -amount))),
        _ => None,
    };
    [Some(held), end].into_iter().flatten().collect()
}

fn wallet_of_payer<'a>(facts: &'a Facts, payment: &Payment) -> Option<&'a Wallet> {
    let mut wallets = facts.wallets.iter();
    wallets.find(|wallet| {
        wallet.merchant == payment.merchant
            && payment.user_id.as_ref() == Some(&wallet.user_id)
            && wallet.currency == payment.currency
    })
}

fn of_hold(hold: &Hold) -> impl Iterator<Item = (Said<'_>, Moved)> {
    let Hold {
        id,
        wallet,
        amount_minor,
        captured_minor,
        status,
    } = hold;
    let end = match status.as_str() {
        "captured" => Some(("posted", (-captured_minor, -amount_minor))),
        "released" => Some(("voided", (0, -amount_minor))),
        _ => None,
    };
    let lines = [Some(("pending", (0, *amount_minor))), end];
    let line = move |(phase, moved)| ((&**wallet, "wallet_hold", phase, &**id), moved);
    lines.into_iter().flatten().map(line)
}

fn of_withdrawal(withdrawal: &Withdrawal) -> impl Iterator<Item = (Said<'_>, Moved)> {
    let Withdrawal {
        id,
        wallet,
        amount_minor,
        status,
        ..
    } = withdrawal;
    let end = match status.as_str() {
        "completed" => Some(("posted", (-amount_minor, -amount_minor))),
        "rejected" | "failed" => Some(("voided", (0, -amount_minor))),
        _ => None,
    };
    let lines = [Some(("pending", (0, *amount_minor))), end];
    let line = move |(phase, moved)| ((&**wallet, "wallet_withdrawal", phase, &**id), moved);
    lines.into_iter().flatten().map(line)
}

/// Gifts and corrections leave nothing but their lines, so they are known by the wishes for them that were done.
fn of_movements(facts: &Facts) -> Vec<(Said<'_>, Moved)> {
    let done = facts.wallet_actions.iter().filter(|action| action.is_done());
    let wallets: HashMap<(&str, &str), &str> = done
        .map(|action| ((&*action.merchant, &*action.idempotency_key), &*action.wallet))
        .collect();
    let mut lines = Vec::new();
    for purse in &facts.journal.purses {
        let merchant = facts.keeper_of(purse);
        for step in &purse.steps {
            let wallet = wallets.get(&(merchant, &*step.key)).copied();
            let (Some(wallet), Some(id)) = (wallet, step.subject()) else {
                continue;
            };
            match &step.deed {
                PurseDeed::Transfer { to, amount_minor } => {
                    for (wallet, gained) in [(wallet, -amount_minor), (to, *amount_minor)] {
                        lines.push(((wallet, "wallet_transfer", "posted", id), (gained, 0)));
                    }
                }
                PurseDeed::Adjust { amount_minor } => {
                    lines.push(((wallet, "wallet_adjustment", "posted", id), (*amount_minor, 0)));
                }
                _ => {}
            }
        }
    }
    lines
}
