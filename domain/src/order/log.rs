//! What happened to an order, step by step: who did it, and why.

use chrono::{DateTime, Utc};

use crate::{
    id::{OrderId, PaymentId, RefundId},
    order::{Order, OrderStatus, StepKind},
};

/// Who acts where no person does.
const OURSELVES: &str = "sluice";

/// One step of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLog {
    /// Which order.
    pub order_id: OrderId,
    /// What happened.
    pub step: LoggedStep,
    /// How the order stood afterwards.
    pub status: OrderStatus,
    /// Who did it, by the merchant's own name for that person; `sluice` for what follows by itself.
    pub operator: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The payment it was about.
    pub payment_id: Option<PaymentId>,
    /// The refund it was about.
    pub refund_id: Option<RefundId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedStep {
    /// It was created.
    Create,
    /// Its merchant wanted something, and it was taken.
    Wish(StepKind),
    /// A payment has paid it.
    Paid,
    /// A payment of it has failed.
    PaymentFailed,
    /// A payment of it has succeeded whose money it does not take; that is refunded.
    PaymentNotWanted,
    /// A refund was made.
    Refunded,
    /// A refund was not made, or its money came back.
    RefundFailed,
}

impl LoggedStep {
    /// The name used in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Wish(kind) => kind.name(),
            Self::Paid => "paid",
            Self::PaymentFailed => "payment_failed",
            Self::PaymentNotWanted => "payment_not_wanted",
            Self::Refunded => "refunded",
            Self::RefundFailed => "refund_failed",
        }
    }
}

impl OrderLog {
    /// A step that has left the order like this.
    pub const fn of(order: &Order, step: LoggedStep, at: DateTime<Utc>) -> Self {
        Self {
            order_id: order.id,
            step,
            status: order.status,
            operator: None,
            reason: None,
            payment_id: None,
            refund_id: None,
            at,
        }
    }

    /// The same, done by Sluice itself for this reason.
    #[must_use]
    pub fn by_ourselves(self, reason: Option<String>) -> Self {
        Self {
            operator: Some(OURSELVES.into()),
            reason,
            ..self
        }
    }
}
