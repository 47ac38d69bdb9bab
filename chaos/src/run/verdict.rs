//! What a run has shown, in words.

use std::{fmt, time::Duration};

use crate::{
    faults::{Deaths, Tally},
    verifier::Finding,
};

/// How long everything may take to be settled after the last fault.
const MAX_RECOVERY: Duration = Duration::from_secs(10);

/// The end of a run.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What repeats the run.
    pub seed: u64,
    /// How many payments were asked for.
    pub requests: usize,
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
    /// Whether nothing was lost, doubled or got stuck, and everything was settled in time.
    pub fn is_good(&self) -> bool {
        let holds = |finding: &Finding| finding.lost + finding.doubled + finding.stuck == 0;
        self.findings.iter().all(holds) && !self.is_late()
    }

    fn is_late(&self) -> bool {
        self.recovered.is_none_or(|recovered| recovered > MAX_RECOVERY)
    }

    fn sum(&self, count: impl Fn(&Finding) -> u64) -> u64 {
        self.findings.iter().map(count).sum()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nWhat was broken:\n{}\n{}\n", self.tally, self.deaths)?;
        writeln!(f, "What was found:")?;
        for finding in &self.findings {
            write_finding(f, finding)?;
        }
        if self.is_late() {
            writeln!(
                f,
                "FAIL settled within {} s of the last fault",
                MAX_RECOVERY.as_secs()
            )?;
        }
        let faults = self.tally.total() + self.deaths.at_failpoints();
        write!(
            f,
            "\nchaos: seed {}, {} requests, {faults} faults, lost {}, doubled {}, stuck {}, ",
            self.seed,
            self.requests,
            self.sum(|finding| finding.lost),
            self.sum(|finding| finding.doubled),
            self.sum(|finding| finding.stuck),
        )?;
        match self.recovered {
            Some(recovered) => write!(f, "recovered in {:.1} s", recovered.as_secs_f64()),
            None => f.write_str("not recovered"),
        }
    }
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    let (invariant, checked) = (finding.invariant, finding.checked);
    if finding.lost + finding.doubled + finding.stuck == 0 {
        return writeln!(f, "ok   {invariant}  checked {checked}");
    }
    writeln!(
        f,
        "FAIL {invariant}  checked {checked}, lost {} doubled {} stuck {}",
        finding.lost, finding.doubled, finding.stuck
    )?;
    for example in &finding.examples {
        writeln!(f, "       {example}")?;
    }
    Ok(())
}
