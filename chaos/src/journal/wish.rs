//! What merchants wanted done with payments that existed: refunds, and calling off and confirming payments.

use super::{Asked, Told, accepted_in};

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Give money back.
    Refund {
        /// In the currency's minor unit; all that is left when it is not said.
        amount_minor: Option<i64>,
    },
    /// Close the payment before it is paid.
    Cancel,
    /// Pay it from the merchant's server.
    Confirm {
        /// With this card.
        card: &'static str,
    },
}

/// One wish, as often as it was sent under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The idempotency key.
    pub key: String,
    /// What is wanted.
    pub deed: Deed,
    /// Each time it was sent, in the order of the answers.
    pub asked: Vec<Asked>,
    /// What the client saw when it looked at its refund, in order, without repetitions.
    pub looks: Vec<Asked>,
}

impl Wish {
    pub(super) fn new(key: &str, deed: Deed) -> Self {
        Self {
            key: key.to_owned(),
            deed,
            asked: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// The answers that accepted it.
    pub fn accepted(&self) -> impl Iterator<Item = &Told> {
        accepted_in(&self.asked)
    }

    /// What the client saw of its refund.
    pub fn seen(&self) -> impl Iterator<Item = &Told> {
        accepted_in(&self.looks)
    }
}
