//! The evidence, compared event by event.
//!
//! First everything is read: the clients' journal, the provider's books, the database, the merchants' mail and the
//! queues. Then plain functions compare it, one for each invariant, so that each of them can be shown to fail. Nothing
//! here knows how the pipeline works; it knows what was promised.

mod books;
mod cards;
mod collect;
mod disputes;
mod endings;
mod facts;
mod finding;
mod forward;
mod given_back;
mod inbox;
pub mod invariants;
mod ledger;
mod leftovers;
mod mail;
mod money;
mod parked;
mod ranks;
mod refund_jobs;
mod refunds;
mod refusals;
mod requests;
mod sales;
mod spoken_for;
mod subjects;
mod tally;
#[cfg(test)]
mod tests;
mod truth;
mod unmade;
mod wallets;
mod wishes;

use e2e::{rabbit::Rabbit, sandbox_client::Sandbox};
use sqlx::PgPool;

use crate::journal::Journal;
use facts::Facts;
pub use finding::{Counts, Finding, Floor};

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
        wishes::closed(facts),
        wishes::honored(facts),
        refunds::kept(facts),
        refunds::ended(facts),
        given_back::once(facts),
        given_back::never_too_much(facts),
        ledger::balanced(facts),
        ledger::agrees(facts),
        ledger::figures(facts),
        endings::ended(facts),
        forward::forward(facts),
        inbox::taken_in_once(facts),
        mail::told_once(facts),
        truth::told(facts),
        parked::explained(facts),
        leftovers::none_waits(facts),
        refusals::honest(facts),
        sales::kept(facts),
        sales::taken(facts),
        sales::paid_once(facts),
        sales::items(facts),
        sales::logged(facts),
        sales::ended(facts),
        sales::honest(facts),
        sales::told(facts),
        wallets::kept(facts),
        wallets::taken(facts),
        wallets::stated(facts),
        wallets::add_up(facts),
        wallets::covered(facts),
        wallets::accounts(facts),
        wallets::paid_out(facts),
        wallets::told(facts),
        wallets::honest(facts),
    ]
}
