//! Withdrawals that the provider paid out, against what it has sent.

use std::collections::{BTreeMap, HashMap};

use super::ORDERS_BESIDE_ONE;
use crate::verifier::{
    Finding,
    facts::{Facts, ProviderTransfer, Withdrawal},
    invariants,
    tally::Tally,
};

/// Withdrawals and the provider's transfers against each other.
pub fn paid_out(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::PAID_OUT_ONCE);
    let mut sent: BTreeMap<&str, Vec<&ProviderTransfer>> = BTreeMap::new();
    for transfer in &facts.provider_transfers {
        let group = transfer.transfer_group.as_deref().unwrap_or_default();
        sent.entry(group).or_default().push(transfer);
    }
    let accounts: HashMap<(&str, &str), &str> = facts
        .accounts
        .iter()
        .filter_map(|account| {
            let there = account.channel_account_id.as_deref()?;
            Some(((&*account.merchant, &*account.user_id), there))
        })
        .collect();
    for withdrawal in &facts.withdrawals {
        tally.look();
        let sent = sent.remove(withdrawal.id.as_str()).unwrap_or_default();
        let owner = accounts
            .get(&(&*withdrawal.merchant, &*withdrawal.user_id))
            .copied();
        compare(facts, &mut tally, withdrawal, &sent, owner);
    }
    for (group, sent) in sent {
        tally.look();
        tally.doubled(format!(
            "{} was sent for {group:?}, which is not stored",
            sent[0].id
        ));
    }
    let is_any_sent = facts.withdrawals.iter().any(Withdrawal::is_sent);
    tally.expect(
        "a withdrawal that the provider paid out",
        ORDERS_BESIDE_ONE,
        is_any_sent,
    );
    tally.found()
}

fn compare(
    facts: &Facts,
    tally: &mut Tally,
    withdrawal: &Withdrawal,
    sent: &[&ProviderTransfer],
    owner: Option<&str>,
) {
    let Withdrawal { id, status, .. } = withdrawal;
    if let [_, _, ..] = sent {
        tally.doubled(format!("{id} was sent {} times", sent.len()));
    }
    match (withdrawal.is_sent(), sent.first()) {
        (true, Some(sent)) if !is_as_asked(sent, withdrawal, owner) => {
            let ProviderTransfer {
                amount,
                currency,
                destination,
                ..
            } = sent;
            tally.doubled(format!("{amount} {currency} were sent to {destination} for {id}"));
        }
        (true, Some(_)) | (false, None) => {}
        (true, None) => tally.doubled(format!("{id} counts as paid out, and nothing was sent")),
        (false, Some(_)) if status == "processing" => {}
        (false, Some(sent)) => tally.doubled(format!("{id} is {status}, and {} was sent", sent.id)),
    }
    if status == "processing" && !is_given_up(facts, id) {
        tally.stuck(format!("{id} is being paid out, and nobody looks at it"));
    }
}

fn is_as_asked(sent: &ProviderTransfer, withdrawal: &Withdrawal, owner: Option<&str>) -> bool {
    sent.amount == withdrawal.amount_minor
        && sent.amount_reversed == 0
        && sent.currency.eq_ignore_ascii_case(&withdrawal.currency)
        && owner == Some(sent.destination.as_str())
}

/// People were told that its end is not known.
fn is_given_up(facts: &Facts, withdrawal: &str) -> bool {
    facts.failures.iter().any(|failure| {
        failure.kind == "create_transfer"
            && failure.disposition == "dead_letter"
            && failure.correlation_id == withdrawal
    })
}
