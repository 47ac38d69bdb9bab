//! The evidence, compared event by event.
//!
//! First everything is read: the clients' journal, the provider's books, the database, the merchants' mail and the
//! queues. Then plain functions compare it, one for each invariant, so that each of them can be shown to fail. Nothing
//! here knows how the pipeline works; it knows what was promised.

mod cards;
mod collect;
mod endings;
mod facts;
mod inbox;
pub mod invariants;
mod leftovers;
mod mail;
mod money;
mod parked;
mod ranks;
mod refusals;
mod requests;
mod subjects;
mod tally;
#[cfg(test)]
mod tests;

use e2e::{rabbit::Rabbit, sandbox_client::Sandbox};
use sqlx::PgPool;

use crate::journal::Journal;
use facts::Facts;

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

/// How the names of queues begin whose messages wait for people.
const PARKING: &str = "dead.";

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
    /// What is worth knowing besides.
    pub note: Option<String>,
}

impl Finding {
    /// Whether nothing was lost or doubled and everything has come to an end.
    pub const fn holds(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.stuck == 0
    }
}

/// Reads all the evidence and compares it; one finding for each invariant, always in the same order. May be called again
/// and again: as long as things are still moving, a violation may only need time.
///
/// # Errors
/// Evidence cannot be read.
pub async fn verify(evidence: &Evidence<'_>) -> anyhow::Result<Vec<Finding>> {
    Ok(judge(&collect::collect(evidence).await?))
}

fn judge(facts: &Facts) -> Vec<Finding> {
    vec![
        leftovers::all_read(facts),
        requests::kept(facts),
        requests::one_id(facts),
        money::one_intent(facts),
        money::one_key(facts),
        money::charged_is_paid(facts),
        money::failed_is_declined(facts),
        cards::decided(facts),
        endings::ended(facts),
        endings::forward(facts),
        inbox::taken_in_once(facts),
        mail::told_once(facts),
        mail::told_the_truth(facts),
        parked::explained(facts),
        leftovers::none_waits(facts),
        refusals::honest(facts),
    ]
}
