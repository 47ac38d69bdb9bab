//! What a merchant has agreed to about its payments.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What holds for all payments of a merchant, unless a request says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// After how many seconds a payment that was not paid is closed.
    pub payment_expiry_s: u32,
    /// What becomes of a payment that is paid after it was closed.
    pub late_payments: LatePayments,
}

/// What becomes of a payment that is paid after it was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatePayments {
    /// It counts like any other.
    Accept,
    /// It is refunded at once, in full.
    Refund,
}

impl Default for Terms {
    /// A day, and late payments count: what a merchant has that said nothing about it.
    fn default() -> Self {
        Self {
            payment_expiry_s: 86_400,
            late_payments: LatePayments::Accept,
        }
    }
}

impl LatePayments {
    /// Every policy.
    pub const ALL: [Self; 2] = [Self::Accept, Self::Refund];

    /// The name used by the console and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refund => "refund",
        }
    }
}

/// The text names no policy.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("expected accept or refund")]
pub struct UnknownPolicy;

impl FromStr for LatePayments {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        let found = Self::ALL.into_iter().find(|policy| policy.name() == name);
        found.ok_or(UnknownPolicy)
    }
}
