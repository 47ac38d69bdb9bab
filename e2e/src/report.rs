//! What a case expected and what it saw.

use std::fmt::Display;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What was looked at.
    pub what: &'static str,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub seen: String,
}

/// A case's result. A difference is a result too: it is shown, not thrown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Everything that was looked at, in order.
    pub facts: Vec<Fact>,
}

impl CaseReport {
    /// Notes one thing that was looked at.
    pub fn note(&mut self, what: &'static str, expected: impl Display, seen: impl Display) {
        self.facts.push(Fact {
            what,
            expected: expected.to_string(),
            seen: seen.to_string(),
        });
    }

    /// All that was expected, a line for each thing.
    pub fn expected(&self) -> String {
        lines(&self.facts, |fact| &fact.expected)
    }

    /// All that was seen, a line for each thing.
    pub fn seen(&self) -> String {
        lines(&self.facts, |fact| &fact.seen)
    }

    /// Whether anything was looked at and nothing differs.
    pub fn is_as_expected(&self) -> bool {
        !self.facts.is_empty() && self.facts.iter().all(|fact| fact.expected == fact.seen)
    }
}

fn lines(facts: &[Fact], side: impl Fn(&Fact) -> &String) -> String {
    facts
        .iter()
        .map(|fact| format!("{}: {}", fact.what, side(fact)))
        .collect::<Vec<_>>()
        .join("\n")
}
