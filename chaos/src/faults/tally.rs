//! What was broken, counted.

use std::{collections::BTreeMap, fmt};

use crate::plan::Fault;

/// Planned faults by their kind.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    by_class: BTreeMap<String, u32>,
}

impl Tally {
    /// Counts a fault.
    pub fn count(&mut self, fault: &Fault) {
        self.count_class(fault.class());
    }

    /// Counts something of this kind.
    pub fn count_class(&mut self, class: String) {
        *self.by_class.entry(class).or_default() += 1;
    }

    /// How many there were.
    pub fn total(&self) -> u32 {
        self.by_class.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self
            .by_class
            .iter()
            .map(|(class, count)| format!("{count:>5}  {class}"));
        f.write_str(&lines.by_ref().collect::<Vec<_>>().join("\n"))
    }
}

/// Processes that ended without being told to, by what ended them.
#[derive(Debug, Clone, Default)]
pub struct Deaths {
    /// By failpoint.
    pub at_points: BTreeMap<String, u32>,
    /// For reasons of their own, with the end of what they said.
    pub unexplained: Vec<String>,
}

impl Deaths {
    /// How many died at failpoints.
    pub fn at_failpoints(&self) -> u32 {
        self.at_points.values().sum()
    }
}

impl fmt::Display for Deaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (deaths, points) = (self.at_failpoints(), self.at_points.len());
        let all = failpoints::Point::ALL.len();
        write!(f, "{deaths:>5}  processes died at {points} of {all} failpoints")?;
        if !self.unexplained.is_empty() {
            write!(
                f,
                "\n{:>5}  processes ended by themselves",
                self.unexplained.len()
            )?;
        }
        for last_words in &self.unexplained {
            write!(f, "\n       {}", last_words.replace('\n', "\n       "))?;
        }
        Ok(())
    }
}
