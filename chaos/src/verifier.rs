//! The evidence, compared event by event.

use e2e::{rabbit::Rabbit, sandbox_client::Sandbox};
use sqlx::PgPool;

use crate::journal::Journal;

/// Where the evidence is found.
pub struct Evidence<'a> {
    /// What clients asked and were told.
    pub journal: &'a Journal,
    /// The provider's books and the merchants' mail.
    pub sandbox: &'a Sandbox,
    /// The queues.
    pub rabbit: &'a Rabbit,
    /// The database of the run, as somebody who may read everything.
    pub database: &'a PgPool,
}

/// What was found about one invariant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// The invariant, as a sentence.
    pub invariant: &'static str,
    /// How many things were looked at.
    pub checked: u64,
    /// What ought to be there and is not.
    pub lost: u64,
    /// What happened more than once, or should not have happened at all.
    pub doubled: u64,
    /// What has not come to an end.
    pub stuck: u64,
    /// The first few violations, in words with ids.
    pub examples: Vec<String>,
}

impl Finding {
    /// Whether nothing was lost or doubled and everything has come to an end.
    pub const fn holds(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.stuck == 0
    }
}

/// Reads all the evidence and compares it. May be called again and again while things settle: what is `stuck` may only
/// need time, what is `doubled` stays so.
///
/// # Errors
/// Evidence cannot be read.
pub async fn verify(_evidence: &Evidence<'_>) -> anyhow::Result<Vec<Finding>> {
    Ok(Vec::new())
}
