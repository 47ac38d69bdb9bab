//! All wallets of a merchant together, against what came in and went out, and what left its balance at the provider for no payment,
//! against what the provider has sent. Each currency by itself. What is there of payments is found payment by payment.

use std::collections::{BTreeMap, HashSet};

use crate::{
    journal::PurseDeed,
    verifier::{Finding, facts::Facts, invariants, tally::Tally},
};

/// Merchant and currency.
type Whose = (String, String);
/// What there is of each.
type Sums = BTreeMap<Whose, i64>;

/// The sums of all wallets, and what was sent out of them.
pub fn covered(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::MONEY_IS_COVERED);
    let kept = facts.wallets.iter().map(|wallet| {
        let whose = (wallet.merchant.clone(), wallet.currency.clone());
        (whose, wallet.balance_minor)
    });
    compare(&mut tally, "is in wallets", &summed(kept), &came_in(facts));
    let sent = sent_by_the_ledger(facts);
    compare(
        &mut tally,
        "was sent by the ledger",
        &sent,
        &sent_by_the_provider(facts),
    );
    tally.found()
}

fn compare(tally: &mut Tally, what: &str, says: &Sums, is: &Sums) {
    for whose in says
        .keys()
        .chain(is.keys().filter(|whose| !says.contains_key(*whose)))
    {
        tally.look();
        let [says, is] = [says, is].map(|sums| sums.get(whose).copied().unwrap_or_default());
        if says != is {
            let (merchant, currency) = whose;
            tally.unbalanced(format!(
                "{says} {currency} of {merchant} {what}, and it should be {is}"
            ));
        }
    }
}

fn summed(amounts: impl Iterator<Item = (Whose, i64)>) -> Sums {
    let mut sums = Sums::new();
    for (whose, amount) in amounts {
        *sums.entry(whose).or_default() += amount;
    }
    sums
}

/// What was paid into wallets and given to them, less what they paid, gave back, and what was taken out of them. What one gives to
/// another stays in them.
fn came_in(facts: &Facts) -> Sums {
    let payments = facts.payments_by_id();
    let paid = facts.payments.iter().filter_map(|payment| {
        let whose = (payment.merchant.clone(), payment.currency.clone());
        if payment.is_from_wallet() {
            (payment.status == "succeeded").then_some((whose, -payment.amount_minor))
        } else {
            payment.paid_into.as_ref().map(|_| (whose, payment.amount_minor))
        }
    });
    let made = facts.refunds.iter().filter(|refund| refund.status == "succeeded");
    let given_back = made.filter_map(|refund| {
        let payment = payments.get(refund.payment.as_str())?;
        let whose = (refund.merchant.clone(), refund.currency.clone());
        if payment.is_from_wallet() {
            Some((whose, refund.amount_minor))
        } else {
            payment.paid_into.as_ref().map(|_| (whose, -refund.amount_minor))
        }
    });
    let wallets = facts.wallets_by_id();
    let captured = facts.holds.iter().filter_map(|hold| {
        let wallet = wallets.get(hold.wallet.as_str())?;
        let whose = (wallet.merchant.clone(), wallet.currency.clone());
        Some((whose, -hold.captured_minor))
    });
    let gone = facts
        .withdrawals
        .iter()
        .filter(|withdrawal| withdrawal.status == "completed");
    let gone = gone.map(|withdrawal| {
        let whose = (withdrawal.merchant.clone(), withdrawal.currency.clone());
        (whose, -withdrawal.amount_minor)
    });
    summed(
        paid.chain(given_back)
            .chain(captured)
            .chain(gone)
            .chain(corrected(facts)),
    )
}

/// What administrators have corrected.
fn corrected(facts: &Facts) -> impl Iterator<Item = (Whose, i64)> {
    let purses = facts.journal.purses.iter();
    let steps = purses.flat_map(|purse| purse.steps.iter().map(move |step| (purse, step)));
    steps.filter_map(|(purse, step)| {
        let PurseDeed::Adjust { amount_minor } = step.deed else {
            return None;
        };
        let merchant = facts.keeper_of(purse);
        let mut actions = facts.wallet_actions.iter().filter(|action| action.is_done());
        actions.find(|action| {
            action.action == "adjust" && action.merchant == merchant && action.idempotency_key == step.key
        })?;
        Some(((merchant.to_owned(), purse.currency.to_owned()), amount_minor))
    })
}

/// What has left each merchant's balance at the provider, and is about no payment.
fn sent_by_the_ledger(facts: &Facts) -> Sums {
    let transfers = facts
        .transfers
        .iter()
        .filter(|transfer| transfer.is_among_wallets());
    let transfers: HashSet<&str> = transfers.map(|transfer| transfer.id.as_str()).collect();
    let postings = facts.postings.iter().filter(|posting| {
        posting.account == "provider_clearing" && transfers.contains(posting.transfer.as_str())
    });
    summed(postings.map(|posting| {
        let whose = (posting.merchant.clone(), posting.currency.clone());
        (whose, posting.amount_minor)
    }))
}

/// What the provider has sent to users' accounts, less what it took back.
fn sent_by_the_provider(facts: &Facts) -> Sums {
    let merchants = facts.merchants_by_account();
    summed(facts.provider_transfers.iter().map(|sent| {
        let merchant = merchants.get(sent.account.as_str());
        let merchant = merchant.map_or("", |merchant| &merchant.id);
        let whose = (merchant.to_owned(), sent.currency.to_ascii_uppercase());
        (whose, sent.amount - sent.amount_reversed)
    }))
}
