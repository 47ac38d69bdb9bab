//! The ledger: whether it adds up, and whether it is true.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Finding, disputes,
    facts::{Facts, Payment, ProviderDispute, Transfer, grouped},
    invariants,
    tally::Tally,
};

/// Postings against each other, and reservations against their ends.
pub fn balanced(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::BALANCED);
    let postings = grouped(&facts.postings, |posting| &posting.transfer);
    let mut all: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for transfer in &facts.transfers {
        tally.look();
        let mut sums: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
        for posting in postings.get(transfer.id.as_str()).into_iter().flatten() {
            *sums
                .entry((&posting.merchant, &posting.currency, &posting.layer))
                .or_default() += posting.amount_minor;
        }
        if sums.is_empty() {
            tally.unbalanced(format!(
                "the {} transfer {} moves nothing",
                transfer.kind, transfer.id
            ));
        }
        for ((merchant, currency, layer), off) in sums.iter().filter(|(_, sum)| **sum != 0) {
            tally.unbalanced(format!(
                "transfer {} is off by {off} {currency} ({layer}) for {merchant}",
                transfer.id
            ));
        }
    }
    for posting in &facts.postings {
        *all.entry((&posting.currency, &posting.layer)).or_default() += posting.amount_minor;
    }
    for ((currency, layer), off) in all {
        tally.look();
        if off != 0 {
            tally.unbalanced(format!("the whole ledger is off by {off} {currency} ({layer})"));
        }
    }
    check_owners(facts, &mut tally);
    check_reservations(facts, &mut tally);
    check_reserved(facts, &mut tally);
    tally.found()
}

/// A payment's money is on its merchant's accounts, in its currency. What merely moves in wallets is held against these.
fn check_owners(facts: &Facts, tally: &mut Tally) {
    let payments = facts.payments_by_id();
    let transfers: HashMap<&str, &Transfer> = facts
        .transfers
        .iter()
        .map(|transfer| (transfer.id.as_str(), transfer))
        .collect();
    for posting in &facts.postings {
        let transfer = transfers.get(posting.transfer.as_str());
        if transfer.is_some_and(|transfer| transfer.is_among_wallets()) {
            continue;
        }
        let payment = transfer.and_then(|transfer| payments.get(transfer.payment.as_str()));
        let Some(Payment {
            id,
            merchant,
            currency,
            ..
        }) = payment
        else {
            tally.unbalanced(format!("transfer {} is of no payment", posting.transfer));
            continue;
        };
        if posting.merchant != *merchant || posting.currency != *currency {
            tally.unbalanced(format!(
                "{id} of {merchant} in {currency} is posted for {} in {}",
                posting.merchant, posting.currency
            ));
        }
    }
}

/// What is set aside, by what it is for: its amount as long as it is on its way or kept, and nothing after that.
fn check_reserved(facts: &Facts, tally: &mut Tally) {
    let postings = grouped(&facts.postings, |posting| &posting.transfer);
    let so = set_aside(facts);
    let mut reserved: BTreeMap<&str, i64> = so.keys().map(|id| (*id, 0)).collect();
    for transfer in &facts.transfers {
        let postings = postings.get(transfer.id.as_str()).into_iter().flatten();
        let set_aside =
            postings.filter(|posting| matches!(&*posting.account, "refunds_pending" | "wallet_holds"));
        for posting in set_aside.filter(|posting| posting.layer == "pending") {
            *reserved.entry(&transfer.subject).or_default() += posting.amount_minor;
        }
    }
    for (id, here) in reserved {
        tally.look();
        let so = so.get(id).copied().flatten().unwrap_or_default();
        if here != so {
            tally.unbalanced(format!("{here} are set aside for {id}, and it should be {so}"));
        }
    }
}

/// All that money is ever set aside for, with what is now; none when it is over.
fn set_aside(facts: &Facts) -> BTreeMap<&str, Option<i64>> {
    let refunds = facts.refunds.iter().map(|refund| {
        let amount = refund.is_reserved().then_some(refund.amount_minor);
        (refund.id.as_str(), amount)
    });
    let holds = facts.holds.iter().map(|hold| {
        let amount = hold.is_open().then_some(hold.amount_minor);
        (hold.id.as_str(), amount)
    });
    let withdrawals = facts.withdrawals.iter().map(|withdrawal| {
        let amount = withdrawal.is_open().then_some(withdrawal.amount_minor);
        (withdrawal.id.as_str(), amount)
    });
    refunds.chain(holds).chain(withdrawals).collect()
}

fn check_reservations(facts: &Facts, tally: &mut Tally) {
    let resolved: Vec<&str> = facts
        .transfers
        .iter()
        .filter_map(|transfer| transfer.resolves.as_deref())
        .collect();
    let once: HashSet<&str> = resolved.iter().copied().collect();
    if once.len() != resolved.len() {
        tally.unbalanced(format!(
            "{} reservations were resolved twice",
            resolved.len() - once.len()
        ));
    }
    let so = set_aside(facts);
    for reservation in facts
        .transfers
        .iter()
        .filter(|transfer| transfer.phase == "pending")
    {
        tally.look();
        let is_open = !once.contains(reservation.id.as_str());
        let is_reserved = so.get(reservation.subject.as_str()).is_some_and(Option::is_some);
        let Transfer { subject, .. } = reservation;
        match (is_open, is_reserved) {
            (true, false) => {
                tally.unbalanced(format!("the reservation of {subject} is open, and it is over"))
            }
            (false, true) => {
                tally.unbalanced(format!("the reservation of {subject} is resolved before its end"))
            }
            (true, true) | (false, false) => {}
        }
    }
}

/// Where the money of a payment is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Position {
    /// With the provider, for the merchant.
    held: i64,
    /// With the payer's bank, until a dispute is decided.
    withheld: i64,
    /// What of it is the merchant's, before fees.
    owned: i64,
}

/// The ledger against the provider's books, payment by payment.
pub fn agrees(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::BOOKS_AGREE);
    let (there, here) = (at_the_provider(facts), in_the_ledger(facts));
    let nothing = Position::default();
    for payment in &facts.payments {
        tally.look();
        let there = there.get(payment.id.as_str()).unwrap_or(&nothing);
        let here = here.get(payment.id.as_str()).unwrap_or(&nothing);
        if here != there {
            let id = &payment.id;
            tally.unbalanced(format!("{id}: the ledger has {here:?}, the provider {there:?}"));
        }
    }
    disputes::check(facts, &mut tally);
    tally.found()
}

fn at_the_provider(facts: &Facts) -> HashMap<&str, Position> {
    let made = facts.provider_refunds_by_intent();
    let disputes = grouped(&facts.provider_disputes, |dispute| &dispute.payment_intent);
    let mut positions: HashMap<&str, Position> = HashMap::new();
    for intent in &facts.intents {
        let made = made.get(intent.id.as_str()).into_iter().flatten();
        let made = made.filter(|made| made.status == "succeeded");
        let given_back: i64 = made.map(|made| made.amount).sum();
        let disputes = disputes.get(intent.id.as_str()).map_or(&[][..], Vec::as_slice);
        let lost = disputed(disputes, ProviderDispute::is_lost);
        let withheld = disputed(disputes, ProviderDispute::is_open);
        let position = positions.entry(intent.payment().unwrap_or_default()).or_default();
        position.held += intent.amount_received - given_back - lost;
        position.withheld += withheld;
        position.owned += intent.amount_received - given_back - lost - withheld;
    }
    positions
}

fn disputed(disputes: &[&ProviderDispute], which: impl Fn(&ProviderDispute) -> bool) -> i64 {
    let disputes = disputes.iter().filter(|dispute| which(dispute));
    disputes.map(|dispute| dispute.amount).sum()
}

fn in_the_ledger(facts: &Facts) -> HashMap<&str, Position> {
    let payments = facts.payments_by_id();
    let postings = grouped(&facts.postings, |posting| &posting.transfer);
    let mut positions: HashMap<&str, Position> = HashMap::new();
    for transfer in &facts.transfers {
        let position = positions.entry(transfer.payment.as_str()).or_default();
        let payment = payments.get(transfer.payment.as_str());
        let is_from_wallet = payment.is_some_and(|payment| payment.is_from_wallet());
        let postings = postings.get(transfer.id.as_str()).into_iter().flatten();
        for posting in postings.filter(|posting| posting.layer == "posted") {
            match posting.account.as_str() {
                "provider_clearing" => position.held -= posting.amount_minor,
                // The wallet that pays is the provider.
                "customer_wallet" if is_from_wallet => position.held -= posting.amount_minor,
                "disputes" => position.withheld += posting.amount_minor,
                // What a merchant keeps for its users has been paid to it like the rest.
                "merchant_balance" | "customer_wallet" | "fees" => position.owned += posting.amount_minor,
                // Nothing that a payment goes through is posted elsewhere, and if it was, the merchant would miss it.
                _ => {}
            }
        }
    }
    positions
}

/// What payments say of their refunds and disputes, against these.
pub fn figures(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::FIGURES_AGREE);
    let refunds = facts.refunds_by_payment();
    let disputes = grouped(&facts.disputes, |dispute| &dispute.payment);
    for payment in &facts.payments {
        tally.look();
        let refunds = refunds.get(payment.id.as_str()).map_or(&[][..], Vec::as_slice);
        let made = refunds.iter().filter(|refund| refund.status == "succeeded");
        let reserved = refunds.iter().filter(|refund| refund.is_reserved());
        let disputes = disputes.get(payment.id.as_str()).into_iter().flatten();
        let withheld = disputes.filter(|dispute| dispute.is_withheld());
        let sums = [
            made.map(|refund| refund.amount_minor).sum::<i64>(),
            reserved.map(|refund| refund.amount_minor).sum(),
            withheld.map(|dispute| dispute.amount_minor).sum(),
        ];
        let Payment {
            id,
            refunded_minor,
            refund_reserved_minor,
            disputed_minor,
            ..
        } = payment;
        let says = [*refunded_minor, *refund_reserved_minor, *disputed_minor];
        if says != sums {
            tally.unbalanced(format!(
                "{id} counts {says:?} as refunded, reserved and disputed; it is {sums:?}"
            ));
        }
    }
    tally.found()
}
