//! What a run has shown, in words.

use std::{fmt, time::Duration};

use crate::{
    faults::{Deaths, Tally},
    journal::Progress,
    verifier::{Counts, Finding, invariants},
};

/// How long everything may take to be settled after the last fault.
pub(super) const MAX_RECOVERY: Duration = Duration::from_secs(10);
/// What every run with accepted orders has evidence of.
const SEEN_IN_EVERY_RUN: [&str; 5] = [
    invariants::KEPT,
    invariants::ONE_INTENT,
    invariants::CHARGED_IS_PAID,
    invariants::TAKEN_IN_ONCE,
    invariants::TOLD_ONCE,
];

/// The end of a run.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What repeats the run.
    pub seed: u64,
    /// What clients asked for.
    pub orders: Progress,
    /// Whether clients found somebody to take their orders right after the last fault.
    pub works_again: bool,
    /// What was broken.
    pub tally: Tally,
    /// How processes ended.
    pub deaths: Deaths,
    /// What became of each invariant.
    pub findings: Vec<Finding>,
    /// How long after the last fault everything was settled; none when it was not.
    pub recovered: Option<Duration>,
}

impl Verdict {
    /// Whether nothing was lost, doubled or got stuck, everything was settled in time, and enough happened to say so.
    pub fn is_good(&self) -> bool {
        self.findings.iter().all(Finding::holds) && self.shortfalls().is_empty()
    }

    /// What else makes the run a failure, a sentence each.
    fn shortfalls(&self) -> Vec<String> {
        let Progress { begun, accepted } = self.orders;
        let mut shortfalls = Vec::new();
        if self.recovered.is_none_or(|recovered| recovered > MAX_RECOVERY) {
            shortfalls.push(format!(
                "not settled within {} s of the last fault",
                MAX_RECOVERY.as_secs()
            ));
        }
        if accepted * 2 < begun || accepted == 0 {
            shortfalls.push(format!("only {accepted} of {begun} orders were accepted"));
        }
        if !self.works_again {
            shortfalls.push("no order was accepted right after the last fault".to_owned());
        }
        if self.tally.total() == 0 {
            shortfalls.push("nothing was broken".to_owned());
        }
        if !self.deaths.unexplained.is_empty() {
            shortfalls.push("processes ended that nobody killed".to_owned());
        }
        shortfalls.extend(self.nothing_to_see());
        shortfalls
    }

    /// Invariants that a run with accepted orders always has something to say about, and what happens in every run of so
    /// many orders.
    fn nothing_to_see(&self) -> impl Iterator<Item = String> {
        let empty =
            |finding: &&Finding| SEEN_IN_EVERY_RUN.contains(&finding.invariant) && finding.checked == 0;
        let invariants = self
            .findings
            .iter()
            .filter(empty)
            .map(|finding| finding.invariant);
        let floors = self.findings.iter().flat_map(|finding| &finding.floors);
        let unseen = floors.filter(|floor| !floor.is_seen && floor.orders <= self.orders.accepted);
        invariants
            .chain(unseen.map(|floor| floor.what))
            .map(|what| format!("nothing was seen of: {what}"))
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for finding in &self.findings {
            counts += finding.counts;
        }
        counts
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nWhat was broken:\n{}\n{}\n", self.tally, self.deaths)?;
        writeln!(f, "What was found:")?;
        for finding in &self.findings {
            write_finding(f, finding)?;
        }
        for shortfall in self.shortfalls() {
            writeln!(f, "FAIL {shortfall}")?;
        }
        let faults = self.tally.total() + self.deaths.at_failpoints();
        write!(
            f,
            "\nchaos: seed {}, {} requests, {faults} faults, {}, ",
            self.seed,
            self.orders.begun,
            self.counts(),
        )?;
        match self.recovered {
            Some(recovered) => write!(f, "recovered in {:.1} s", recovered.as_secs_f64()),
            None => f.write_str("not recovered"),
        }
    }
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    let (invariant, checked) = (finding.invariant, finding.checked);
    if finding.holds() {
        let note = finding
            .note
            .as_ref()
            .map_or_else(String::new, |note| format!(" ({note})"));
        return writeln!(f, "ok   {invariant}  checked {checked}{note}");
    }
    writeln!(f, "FAIL {invariant}  checked {checked}, {}", finding.counts)?;
    for example in &finding.examples {
        writeln!(f, "       {example}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verifier::Floor;

    fn after(accepted: usize, is_seen: bool) -> Verdict {
        let mut tally = Tally::default();
        tally.count_class("a fault".into());
        let floor = Floor {
            what: "a refund that succeeded",
            orders: 50,
            is_seen,
        };
        Verdict {
            seed: 1,
            orders: Progress {
                begun: accepted,
                accepted,
            },
            works_again: true,
            tally,
            deaths: Deaths::default(),
            findings: vec![Finding {
                floors: vec![floor],
                ..Finding::default()
            }],
            recovered: Some(Duration::ZERO),
        }
    }

    #[test]
    fn what_happens_in_every_long_run_has_to_be_seen_in_one() {
        assert!(after(50, true).is_good());
        assert!(after(49, false).is_good(), "it may have been too short");
        let verdict = after(50, false);
        assert!(!verdict.is_good());
        let said = verdict.to_string();
        assert!(
            said.contains("FAIL nothing was seen of: a refund that succeeded"),
            "{said}"
        );
    }
}
