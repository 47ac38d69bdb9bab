//! What merchants have to be told of withdrawals and accounts, against what they were told. That it arrived is found with all
//! other notifications.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::verifier::{
    Finding,
    facts::{Account, Facts, Notification, Withdrawal},
    invariants,
    tally::Tally,
};

/// How the types of notifications about withdrawals begin.
const WITHDRAWAL: &str = "wallet.withdrawal_";
/// The one about accounts.
const ACCOUNT: &str = "account.updated";

/// Withdrawals and accounts against notifications.
pub fn told(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::WITHDRAWALS_TOLD);
    let of = |begin: &'static str| {
        let mut told: BTreeMap<&str, Vec<&Notification>> = BTreeMap::new();
        let notifications = facts.notifications.iter();
        for notification in notifications.filter(|told| told.event_type.starts_with(begin)) {
            told.entry(&notification.subject).or_default().push(notification);
        }
        told
    };
    let mut of_withdrawals = of(WITHDRAWAL);
    for withdrawal in &facts.withdrawals {
        tally.look();
        let told = of_withdrawals.remove(withdrawal.id.as_str()).unwrap_or_default();
        check_withdrawal(&mut tally, withdrawal, &told);
    }
    let mut of_accounts = of(ACCOUNT);
    for account in &facts.accounts {
        tally.look();
        let told = of_accounts.remove(account.id.as_str()).unwrap_or_default();
        check_account(&mut tally, account, &told);
    }
    for (subject, told) in of_withdrawals.into_iter().chain(of_accounts) {
        tally.doubled(format!("{} is about {subject}, which is not stored", told[0].id));
    }
    tally.found()
}

/// It was asked for, and it has ended: each is told once.
fn check_withdrawal(tally: &mut Tally, withdrawal: &Withdrawal, told: &[&Notification]) {
    let id = &withdrawal.id;
    let end = (!withdrawal.is_open()).then_some(withdrawal.status.as_str());
    let mut told: Vec<&&Notification> = told.iter().collect();
    for status in [Some("requested"), end].into_iter().flatten() {
        let event = format!("{WITHDRAWAL}{status}");
        let here = told.extract_if(.., |told| told.event_type == event);
        let here: Vec<&&Notification> = here.collect();
        match here.as_slice() {
            [] => tally.lost(format!("{id} was {status}, and its merchant is not told")),
            [one] => check_said(tally, one, withdrawal, status),
            several => tally.doubled(format!("{id} has {} notifications {event}", several.len())),
        }
    }
    for other in told {
        tally.doubled(format!("{} says {} of {id}", other.id, other.event_type));
    }
}

fn check_said(tally: &mut Tally, told: &Notification, withdrawal: &Withdrawal, status: &str) {
    let payload: Value = serde_json::from_str(&told.payload).unwrap_or_default();
    let data = &payload["data"];
    let is_so = payload["type"] == told.event_type.as_str()
        && data["merchant_id"] == withdrawal.merchant.as_str()
        && data["wallet_id"] == withdrawal.wallet.as_str()
        && data["amount_minor"] == withdrawal.amount_minor
        && data["currency"] == withdrawal.currency.as_str()
        && data["status"] == status;
    if !is_so {
        tally.doubled(format!(
            "{} of {} says what is not so: {}",
            told.id, withdrawal.id, told.payload
        ));
    }
}

/// What was told last is how it stands, as soon as its provider has it.
fn check_account(tally: &mut Tally, account: &Account, told: &[&Notification]) {
    let stands = matches!(account.status.as_str(), "onboarding" | "restricted" | "active");
    let payloads = told
        .iter()
        .map(|told| serde_json::from_str(&told.payload).unwrap_or_default());
    let mut payloads: Vec<Value> = payloads.collect();
    // Of the same millisecond, either may have been first.
    payloads.sort_by_key(|payload| payload["timestamp"].as_str().unwrap_or_default().to_owned());
    let latest = payloads.last().map(|payload| payload["timestamp"].clone());
    let mut last = payloads
        .iter()
        .filter(|payload| Some(&payload["timestamp"]) == latest.as_ref());
    if stands && !last.any(|payload| payload["data"]["status"] == account.status.as_str()) {
        tally.lost(format!(
            "{} is {}, and its merchant is not told",
            account.id, account.status
        ));
    }
    for payload in &payloads {
        if payload["data"]["merchant_id"] != account.merchant.as_str() {
            tally.doubled(format!("{} was told as another merchant's", account.id));
        }
    }
}
