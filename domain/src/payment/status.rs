//! The statuses of a payment and their order.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a payment stands. Declared from the lowest rank to the highest: a payment only ever climbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Accepted; the provider has not answered yet.
    Pending,
    /// The provider's answer is unknown even after asking: a person, or later news, decides.
    NeedsReview,
    /// The payer has to act: the intent is open.
    RequiresAction,
    /// The provider is at work.
    Processing,
    /// The last attempt was declined, or the provider could not be reached. Nothing was received.
    Failed,
    /// Closed before it was paid.
    Canceled,
    /// Not paid in time.
    Expired,
    /// Paid.
    Succeeded,
}

impl PaymentStatus {
    /// Every status, lowest rank first.
    pub const ALL: [PaymentStatus; 8] = [
        Self::Pending,
        Self::NeedsReview,
        Self::RequiresAction,
        Self::Processing,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
        Self::Succeeded,
    ];

    /// The name used in the API, the database and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::NeedsReview => "needs_review",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Succeeded => "succeeded",
        }
    }

    /// Whether it was closed before it was paid. The payer's money may still come.
    pub const fn is_closed(self) -> bool {
        match self {
            Self::Canceled | Self::Expired => true,
            Self::Pending
            | Self::NeedsReview
            | Self::RequiresAction
            | Self::Processing
            | Self::Failed
            | Self::Succeeded => false,
        }
    }
}

impl fmt::Display for PaymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no status of a payment.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("unknown payment status {0:?}")]
pub struct UnknownStatus(pub String);

impl FromStr for PaymentStatus {
    type Err = UnknownStatus;

    fn from_str(name: &str) -> Result<Self, UnknownStatus> {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| UnknownStatus(name.chars().take(32).collect()))
    }
}
