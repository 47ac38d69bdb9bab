//! Each invariant can fail: evidence of a calm day, spoilt in one place, and what is found then.

mod calm;
mod spoilt_channels;
mod spoilt_ledger;
mod spoilt_messages;
mod spoilt_parking;
mod spoilt_payments;
mod spoilt_refunds;
mod spoilt_sales;
mod spoilt_wallets;
mod spoilt_wishes;

use std::collections::BTreeMap;

use super::{
    Counts,
    facts::{Facts, Payment, Refund},
    invariants, judge,
};

/// The invariants that do not hold, each with its violations.
type Broken = BTreeMap<&'static str, Counts>;

fn broken(facts: &Facts) -> Broken {
    let findings = judge(facts).into_iter().filter(|finding| !finding.holds());
    findings
        .map(|finding| {
            assert!(
                !finding.examples.is_empty(),
                "{} gives no example",
                finding.invariant
            );
            (finding.invariant, finding.counts)
        })
        .collect()
}

/// What is found when the evidence of a calm day is spoilt.
fn after(spoil: impl FnOnce(&mut Facts)) -> Broken {
    let mut facts = calm::day();
    spoil(&mut facts);
    broken(&facts)
}

fn payment<'a>(facts: &'a mut Facts, id: &str) -> &'a mut Payment {
    facts
        .payments
        .iter_mut()
        .find(|payment| payment.id == id)
        .unwrap()
}

fn refund<'a>(facts: &'a mut Facts, id: &str) -> &'a mut Refund {
    facts.refunds.iter_mut().find(|refund| refund.id == id).unwrap()
}

/// So much is lost, doubled and stuck.
fn counts(lost: u64, doubled: u64, stuck: u64) -> Counts {
    Counts {
        lost,
        doubled,
        stuck,
        ..Counts::default()
    }
}

fn lost(invariant: &'static str) -> Broken {
    Broken::from([(invariant, counts(1, 0, 0))])
}

fn doubled(invariant: &'static str) -> Broken {
    Broken::from([(invariant, counts(0, 1, 0))])
}

fn stuck(invariant: &'static str) -> Broken {
    Broken::from([(invariant, counts(0, 0, 1))])
}

fn unbalanced(invariant: &'static str) -> Broken {
    let unbalanced = 1;
    Broken::from([(
        invariant,
        Counts {
            unbalanced,
            ..Counts::default()
        },
    )])
}

fn over_refunded(invariant: &'static str) -> Broken {
    let over_refunded = 1;
    Broken::from([(
        invariant,
        Counts {
            over_refunded,
            ..Counts::default()
        },
    )])
}

fn all(several: impl IntoIterator<Item = Broken>) -> Broken {
    several.into_iter().flatten().collect()
}

#[test]
fn a_calm_day_holds() {
    let findings = judge(&calm::wallets::day());
    for finding in &findings {
        assert!(finding.holds(), "{finding:?}");
        assert!(finding.checked > 0, "{} looked at nothing", finding.invariant);
    }
    let refusals = findings
        .iter()
        .find(|finding| finding.invariant == invariants::HONEST_REFUSALS);
    let note = refusals.and_then(|finding| finding.note.as_deref());
    assert_eq!(note, Some("the slowest answer took 40 ms; 1 requests got none"));
}

#[test]
fn the_page_on_reliability_quotes_every_invariant() {
    let page = include_str!("../../../docs/reliability.md");
    for finding in judge(&calm::day()) {
        let row = format!("| {} |", finding.invariant);
        assert!(page.contains(&row), "missing: {row}");
    }
}
