//! Each invariant can fail: evidence of a calm day, spoilt in one place, and what is found then.

mod calm;
mod spoilt_messages;
mod spoilt_parking;
mod spoilt_payments;

use std::collections::BTreeMap;

use super::{
    facts::{Facts, Payment},
    invariants, judge,
};

/// The invariants that do not hold, with what is lost, doubled and stuck.
type Broken = BTreeMap<&'static str, (u64, u64, u64)>;

fn broken(facts: &Facts) -> Broken {
    let findings = judge(facts).into_iter().filter(|finding| !finding.holds());
    findings
        .map(|finding| {
            assert!(
                !finding.examples.is_empty(),
                "{} gives no example",
                finding.invariant
            );
            (finding.invariant, (finding.lost, finding.doubled, finding.stuck))
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

fn lost(invariant: &'static str) -> Broken {
    Broken::from([(invariant, (1, 0, 0))])
}

fn doubled(invariant: &'static str) -> Broken {
    Broken::from([(invariant, (0, 1, 0))])
}

fn stuck(invariant: &'static str) -> Broken {
    Broken::from([(invariant, (0, 0, 1))])
}

fn all(several: impl IntoIterator<Item = Broken>) -> Broken {
    several.into_iter().flatten().collect()
}

#[test]
fn a_calm_day_holds() {
    let findings = judge(&calm::day());
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
