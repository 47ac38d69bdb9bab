//! The protections that a process can be robbed of, one at a time.

use std::sync::OnceLock;

use crate::{CannotArm, ENABLED};

/// A protection whose absence has to be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A callback is taken in once.
    Inbox,
    /// A delivery is acknowledged after what follows from it is durable.
    AckAfterCommit,
    /// What is unknown is not called failed.
    AskFirst,
}

static MISSING: OnceLock<Protection> = OnceLock::new();

impl Protection {
    /// Every protection.
    pub const ALL: [Self; 3] = [Self::Inbox, Self::AckAfterCommit, Self::AskFirst];

    /// The name in `SLUICE_SABOTAGE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::AckAfterCommit => "ack-after-commit",
            Self::AskFirst => "ask-first",
        }
    }

    pub(crate) fn take_away(name: &str) -> Result<(), CannotArm> {
        let found = Self::ALL.into_iter().find(|protection| protection.name() == name);
        let protection = found.ok_or_else(|| CannotArm::UnknownProtection(name.to_owned()))?;
        eprintln!("SLUICE_SABOTAGE: this process works without {name}");
        // A second call with another name would be a mistake of a test; the first one stands.
        let _ = MISSING.set(protection);
        Ok(())
    }
}

/// Whether this process has to do without `protection`. Never in a build without failpoints.
#[inline]
pub fn is_missing(protection: Protection) -> bool {
    ENABLED && MISSING.get() == Some(&protection)
}
