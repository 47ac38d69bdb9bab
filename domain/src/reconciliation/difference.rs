//! Differences, and the classes that people sort them by.

use std::fmt;

use crate::id::{PaymentId, RefundId};

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DifferenceClass {
    /// The provider shows something of ours that we know nothing about.
    MissingHere,
    /// We believe that something moved, and the provider knows nothing about it.
    MissingThere,
    /// Both know it, with different amounts.
    Amount,
    /// Both know it, in different currencies.
    Currency,
    /// Both know it, and disagree on where it stands.
    State,
    /// The provider kept something else than was agreed, or than it said before.
    Fee,
    /// It moved more often there than here.
    Duplicate,
}

impl DifferenceClass {
    /// Every class.
    pub const ALL: [Self; 7] = [
        Self::MissingHere,
        Self::MissingThere,
        Self::Amount,
        Self::Currency,
        Self::State,
        Self::Fee,
        Self::Duplicate,
    ];

    /// The name used in the database and by the console.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingHere => "missing_here",
            Self::MissingThere => "missing_there",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::State => "state",
            Self::Fee => "fee",
            Self::Duplicate => "duplicate",
        }
    }

    /// The class of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl fmt::Display for DifferenceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that the provider and we do not agree on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Difference {
    /// What kind of difference it is.
    pub class: DifferenceClass,
    /// The payment it is about, if we have it.
    pub payment_id: Option<PaymentId>,
    /// The refund it is about, if we have it.
    pub refund_id: Option<RefundId>,
    /// The provider's id of the object.
    pub object_id: Option<String>,
    /// The provider's id of the line in its statement.
    pub entry_id: Option<String>,
    /// What we have, for people.
    pub ours: String,
    /// What the provider has, for people.
    pub theirs: String,
}
