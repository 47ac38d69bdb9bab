//! Merchants who ask for payments and payers who pay them.
//!
//! Clients do what real ones do: without an answer, or told to come back, they repeat under the same key until they know
//! where they stand. What they ask for is drawn from a seed; when the answers come is up to the thing under test.

use std::sync::Arc;

use e2e::World;

use crate::journal::Journal;

/// What is meant to happen to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Story {
    /// A card in the request is charged at once.
    PaidAtOnce,
    /// A card in the request is declined.
    DeclinedAtOnce,
    /// The payer pays after the payment was created.
    PaidLater,
    /// The payer's card is declined.
    Declined,
    /// The payer's first card is declined, the second one pays.
    SecondCard,
    /// The payer's card asks for 3-D Secure, which is passed.
    Authenticated,
    /// The payer never comes.
    NeverPaid,
    /// The same request is sent again after it was answered.
    SentTwice,
    /// The same request is sent twice at the same moment.
    SentTwiceAtOnce,
    /// Another request is sent under the same key.
    OtherBody,
    /// The client waits for the finished payment.
    Waiting,
}

/// How much traffic there is.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How many merchants take part.
    pub merchants: usize,
    /// How many orders are begun each second, all merchants together.
    pub orders_per_s: f64,
}

/// Clients at work.
pub struct Traffic {
    journal: Arc<Journal>,
}

impl Traffic {
    /// Registers merchants in the world and sets their clients to work.
    ///
    /// # Errors
    /// A merchant cannot be registered.
    pub async fn start(_world: &World, _seed: u64, _shape: Shape) -> anyhow::Result<Self> {
        Ok(Self {
            journal: Arc::new(Journal::default()),
        })
    }

    /// What was asked and answered so far.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Begins no more orders, lets the clients bring theirs to an end as far as a bounded number of repeats allows, and
    /// gives the journal.
    pub async fn finish(self) -> Arc<Journal> {
        self.journal
    }
}
