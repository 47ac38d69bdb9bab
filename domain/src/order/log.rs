//! What happened to an order, step by step: who did it, and why.

use chrono::{DateTime, Utc};
use serde::Serialize;

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
    /// Every step.
    pub fn all() -> impl Iterator<Item = Self> {
        let news = [
            Self::Paid,
            Self::PaymentFailed,
            Self::PaymentNotWanted,
            Self::Refunded,
            Self::RefundFailed,
        ];
        let wishes = StepKind::ALL.map(Self::Wish);
        [Self::Create].into_iter().chain(wishes).chain(news)
    }

    /// The step of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|step| step.name() == name)
    }

    /// The name used in the API and the database.
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

/// A step of an order as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderLogView {
    /// What happened.
    pub step: &'static str,
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
    /// When, RFC 3339, UTC.
    pub at: DateTime<Utc>,
}

impl OrderLogView {
    /// As its merchant sees it.
    pub fn for_merchant(log: &OrderLog) -> Self {
        Self {
            operator: log.operator.clone(),
            reason: log.reason.clone(),
            ..Self::for_user(log)
        }
    }

    /// As the user sees it whose order it is: who of the merchant's people decided something, and what they wrote about it, is
    /// the merchant's own.
    pub const fn for_user(log: &OrderLog) -> Self {
        Self {
            step: log.step.name(),
            status: log.status,
            operator: None,
            reason: None,
            payment_id: log.payment_id,
            refund_id: log.refund_id,
            at: log.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_found_by_its_name() {
        for step in LoggedStep::all() {
            assert_eq!(LoggedStep::named(step.name()), Some(step));
        }
        assert_eq!(LoggedStep::all().count(), 11);
        assert_eq!(LoggedStep::named("lost"), None);
    }
}
