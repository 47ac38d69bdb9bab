//! Counting what was looked at and what was found wrong.

use super::{Finding, finding::Floor};

/// How many violations of one invariant are told in words.
const EXAMPLES: usize = 5;

/// A finding in the making.
pub struct Tally(Finding);

impl Tally {
    /// Nothing was looked at yet.
    pub fn of(invariant: &'static str) -> Self {
        Self(Finding {
            invariant,
            ..Finding::default()
        })
    }

    /// One more thing is looked at.
    pub fn look(&mut self) {
        self.0.checked += 1;
    }

    /// Something ought to be there and is not.
    pub fn lost(&mut self, what: String) {
        self.0.counts.lost += 1;
        self.tell(what);
    }

    /// Something happened more than once, or should not have happened at all.
    pub fn doubled(&mut self, what: String) {
        self.0.counts.doubled += 1;
        self.tell(what);
    }

    /// Something has not come to an end.
    pub fn stuck(&mut self, what: String) {
        self.0.counts.stuck += 1;
        self.tell(what);
    }

    /// Books do not add up, or not to what the provider says.
    pub fn unbalanced(&mut self, what: String) {
        self.0.counts.unbalanced += 1;
        self.tell(what);
    }

    /// More was given back than received.
    pub fn over_refunded(&mut self, what: String) {
        self.0.counts.over_refunded += 1;
        self.tell(what);
    }

    /// Says something that is worth knowing and no violation.
    pub fn note(&mut self, what: String) {
        self.0.note = Some(what);
    }

    /// Says whether something was seen that happens in every run of so many accepted orders.
    pub fn expect(&mut self, what: &'static str, orders: usize, is_seen: bool) {
        self.0.floors.push(Floor {
            what,
            orders,
            is_seen,
        });
    }

    /// The finding.
    pub fn found(self) -> Finding {
        self.0
    }

    fn tell(&mut self, what: String) {
        if self.0.examples.len() < EXAMPLES {
            self.0.examples.push(what);
        }
    }
}
