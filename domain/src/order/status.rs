//! How far an order has come, and how it is shown.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How far an order has come. Declared from the lowest rank to the highest: an order only ever climbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderStage {
    /// Stored, and not paid.
    Created,
    /// The last payment has failed. Another one may pay it.
    PaymentFailed,
    /// Called off before it was paid.
    Canceled,
    /// Paid.
    Paid,
    /// On its way to the customer.
    Shipped,
    /// The customer has it.
    Completed,
}

/// Where an order stands, for people: its stage, unless money of it is on its way back, or was given back last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Stored, and not paid.
    Created,
    /// The last payment has failed. Another one may pay it.
    PaymentFailed,
    /// Called off before it was paid.
    Canceled,
    /// Paid.
    Paid,
    /// On its way to the customer.
    Shipped,
    /// The customer has it.
    Completed,
    /// Money of it is on its way back.
    Refunding,
    /// It was given back, partly or fully.
    Refunded,
}

impl OrderStage {
    /// Every stage, lowest rank first.
    pub const ALL: [OrderStage; 6] = [
        Self::Created,
        Self::PaymentFailed,
        Self::Canceled,
        Self::Paid,
        Self::Shipped,
        Self::Completed,
    ];

    /// The name used in the database.
    pub const fn name(self) -> &'static str {
        self.status().name()
    }

    /// How an order of this stage is shown while nothing of it is given back.
    pub const fn status(self) -> OrderStatus {
        match self {
            Self::Created => OrderStatus::Created,
            Self::PaymentFailed => OrderStatus::PaymentFailed,
            Self::Canceled => OrderStatus::Canceled,
            Self::Paid => OrderStatus::Paid,
            Self::Shipped => OrderStatus::Shipped,
            Self::Completed => OrderStatus::Completed,
        }
    }
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [OrderStatus; 8] = [
        Self::Created,
        Self::PaymentFailed,
        Self::Canceled,
        Self::Paid,
        Self::Shipped,
        Self::Completed,
        Self::Refunding,
        Self::Refunded,
    ];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::PaymentFailed => "payment_failed",
            Self::Canceled => "canceled",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Completed => "completed",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no status, or no stage, of an order.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("unknown order status {0:?}")]
pub struct UnknownOrderStatus(pub String);

impl UnknownOrderStatus {
    fn of(name: &str) -> Self {
        Self(name.chars().take(32).collect())
    }
}

impl FromStr for OrderStatus {
    type Err = UnknownOrderStatus;

    fn from_str(name: &str) -> Result<Self, UnknownOrderStatus> {
        let found = Self::ALL.into_iter().find(|status| status.name() == name);
        found.ok_or_else(|| UnknownOrderStatus::of(name))
    }
}

impl FromStr for OrderStage {
    type Err = UnknownOrderStatus;

    fn from_str(name: &str) -> Result<Self, UnknownOrderStatus> {
        let found = Self::ALL.into_iter().find(|stage| stage.name() == name);
        found.ok_or_else(|| UnknownOrderStatus::of(name))
    }
}
