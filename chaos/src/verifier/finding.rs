//! What was found about one invariant.

use std::{fmt, ops::AddAssign};

/// What was found about one invariant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// The invariant, as a sentence.
    pub invariant: &'static str,
    /// How many things were looked at.
    pub checked: u64,
    /// The violations.
    pub counts: Counts,
    /// The first few violations, in words with ids.
    pub examples: Vec<String>,
    /// What is worth knowing besides.
    pub note: Option<String>,
    /// What a run that was long enough has shown.
    pub floors: Vec<Floor>,
}

/// Something that happens in every run that is long enough: where it did not, an invariant may hold for want of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// What has to be seen.
    pub what: &'static str,
    /// How many accepted orders it takes until it is sure to have happened.
    pub orders: usize,
    /// Whether it was seen.
    pub is_seen: bool,
}

/// Violations by what they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// What ought to be there and is not.
    pub lost: u64,
    /// What happened more than once, or should not have happened at all.
    pub doubled: u64,
    /// What has not come to an end.
    pub stuck: u64,
    /// Books that do not add up, or not to what the provider says.
    pub unbalanced: u64,
    /// Payments of which more was given back than received.
    pub over_refunded: u64,
}

impl Finding {
    /// Whether there are no violations.
    pub fn holds(&self) -> bool {
        self.counts == Counts::default()
    }
}

impl Counts {
    /// What may only need time: it may still arrive, come to its end, or be written down.
    pub const fn may_need_time(&self) -> u64 {
        self.lost + self.stuck + self.unbalanced
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.lost += more.lost;
        self.doubled += more.doubled;
        self.stuck += more.stuck;
        self.unbalanced += more.unbalanced;
        self.over_refunded += more.over_refunded;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            lost,
            doubled,
            stuck,
            unbalanced,
            over_refunded,
        } = self;
        write!(
            f,
            "lost {lost}, doubled {doubled}, stuck {stuck}, ledger unbalanced {unbalanced}, \
             over-refunded {over_refunded}"
        )
    }
}
