//! The statuses of a refund and their order.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a refund stands. Declared from the lowest rank to the highest: a refund only ever climbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Accepted and its amount set aside; the provider has not answered yet.
    Pending,
    /// The provider's answer is unknown even after asking: it is asked again, and people can see it.
    NeedsReview,
    /// The provider has accepted it and will tell whether the money arrived.
    Processing,
    /// The money was given back.
    Succeeded,
    /// It was not given back, or it came back. The payment has it again.
    Failed,
}

impl RefundStatus {
    /// Every status, lowest rank first.
    pub const ALL: [RefundStatus; 5] = [
        Self::Pending,
        Self::NeedsReview,
        Self::Processing,
        Self::Succeeded,
        Self::Failed,
    ];

    /// The name used in the API, the database and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::NeedsReview => "needs_review",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Whether the amount is set aside and not given back yet.
    pub const fn is_reserved(self) -> bool {
        match self {
            Self::Pending | Self::NeedsReview | Self::Processing => true,
            Self::Succeeded | Self::Failed => false,
        }
    }
}

impl fmt::Display for RefundStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no status of a refund.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("unknown refund status {0:?}")]
pub struct UnknownRefundStatus(pub String);

impl FromStr for RefundStatus {
    type Err = UnknownRefundStatus;

    fn from_str(name: &str) -> Result<Self, UnknownRefundStatus> {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| UnknownRefundStatus(name.chars().take(32).collect()))
    }
}
