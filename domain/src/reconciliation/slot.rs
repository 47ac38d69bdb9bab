//! Movements of ours that have, or should have, one line in a statement.

use std::fmt;

use crate::{
    channel::{StatementEntry, StatementKind},
    dispute::DisputeStatus,
    id::{PaymentId, RefundId},
    money::Money,
    payment::PaymentStatus,
    reconciliation::{OurDispute, OurPayment, OurRefund, Posted},
    refund::RefundStatus,
};

/// The place of one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'a> {
    /// What the line is about.
    pub kind: StatementKind,
    /// The payment.
    pub payment_id: PaymentId,
    /// The refund, if it is about one.
    pub refund_id: Option<RefundId>,
    /// The provider's id of the intent, refund or dispute, once known.
    pub object_id: Option<&'a str>,
    /// How much should have moved.
    pub money: Money,
    /// What the ledger says.
    pub posted: Option<Posted>,
    /// What the ledger says of the provider's fee, where fees are posted.
    pub fee: Option<Posted>,
    /// Where it stands, in the words of the database.
    status: &'static str,
    /// Whether there should be a line, as it stands here.
    pub is_expected: bool,
}

/// A place, so that two lines for one can be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SlotKey(&'static str, String);

impl<'a> Slot<'a> {
    /// A payment that was paid.
    pub(super) fn received(payment: &'a OurPayment) -> Self {
        Self {
            kind: StatementKind::Payment,
            payment_id: payment.id,
            refund_id: None,
            object_id: payment.intent_id.as_deref(),
            money: payment.money,
            posted: payment.received,
            fee: payment.fee,
            status: payment.status.name(),
            is_expected: payment.status == PaymentStatus::Succeeded && payment.received.is_some(),
        }
    }

    /// A refund that was made. The provider takes the money out of the balance when it accepts it.
    pub(super) fn given_back(refund: &'a OurRefund) -> Self {
        let is_known_there = refund.channel_refund_id.is_some();
        Self {
            kind: StatementKind::Refund,
            posted: refund.given_back,
            is_expected: match refund.status {
                RefundStatus::Pending | RefundStatus::NeedsReview => false,
                RefundStatus::Processing => is_known_there,
                RefundStatus::Succeeded => refund.given_back.is_some(),
                // Whether it had arrived or not, it had been taken.
                RefundStatus::Failed => is_known_there,
            },
            ..Self::of_refund(refund)
        }
    }

    /// A refund that failed after it was made.
    pub(super) fn returned(refund: &'a OurRefund) -> Self {
        Self {
            kind: StatementKind::RefundFailed,
            posted: refund.returned,
            is_expected: refund.status == RefundStatus::Failed && refund.channel_refund_id.is_some(),
            ..Self::of_refund(refund)
        }
    }

    /// A dispute that withheld money, whatever came of it since.
    pub(super) fn withheld(dispute: &'a OurDispute) -> Self {
        Self {
            kind: StatementKind::Dispute,
            posted: dispute.withheld,
            is_expected: dispute.withheld.is_some(),
            ..Self::of_dispute(dispute)
        }
    }

    /// A dispute that gave it back.
    pub(super) fn won(dispute: &'a OurDispute) -> Self {
        Self {
            kind: StatementKind::DisputeWon,
            posted: dispute.won,
            is_expected: dispute.status == DisputeStatus::Won && dispute.won.is_some(),
            ..Self::of_dispute(dispute)
        }
    }

    fn of_refund(refund: &'a OurRefund) -> Self {
        Self {
            kind: StatementKind::Refund,
            payment_id: refund.payment_id,
            refund_id: Some(refund.id),
            object_id: refund.channel_refund_id.as_deref(),
            money: refund.money,
            posted: None,
            fee: None,
            status: refund.status.name(),
            is_expected: false,
        }
    }

    fn of_dispute(dispute: &'a OurDispute) -> Self {
        Self {
            kind: StatementKind::Dispute,
            payment_id: dispute.payment_id,
            refund_id: None,
            object_id: Some(&dispute.channel_dispute_id),
            money: dispute.money,
            posted: None,
            fee: None,
            status: dispute.status.name(),
            is_expected: false,
        }
    }

    /// Whether it has failed since.
    pub(super) fn is_failed(&self) -> bool {
        self.status == RefundStatus::Failed.name()
    }

    /// Where its line belongs.
    pub(super) fn key(&self) -> SlotKey {
        let subject = match (self.kind, self.refund_id) {
            (StatementKind::Dispute | StatementKind::DisputeWon, _) => {
                self.object_id.unwrap_or_default().to_owned()
            }
            (_, Some(refund_id)) => refund_id.to_string(),
            (_, None) => self.payment_id.to_string(),
        };
        SlotKey(kind_name(self.kind), subject)
    }

    /// Whether a line names the object that we know, or may name it.
    pub(super) fn is_named_by(&self, entry: &StatementEntry) -> bool {
        let named = match entry.kind {
            StatementKind::Payment => entry.intent_id.as_deref(),
            StatementKind::Refund
            | StatementKind::RefundFailed
            | StatementKind::Dispute
            | StatementKind::DisputeWon
            | StatementKind::Other => Some(entry.object_id.as_str()),
        };
        match (self.object_id, named) {
            (Some(known), Some(named)) => known == named,
            (None, _) | (_, None) => true,
        }
    }
}

impl fmt::Display for Slot<'_> {
    /// `payment of USD 19.99, succeeded`, and what the ledger has if that is something else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}, {}", kind_name(self.kind), self.money, self.status)?;
        match self.posted {
            None => f.write_str(", not in the ledger"),
            Some(posted) if posted.amount_minor != self.money.amount_minor => {
                let amount_minor = posted.amount_minor;
                let posted = Money {
                    amount_minor,
                    ..self.money
                };
                write!(f, ", {posted} in the ledger")
            }
            Some(_) => Ok(()),
        }
    }
}

/// What a line is about, for people.
pub(super) const fn kind_name(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Payment => "payment",
        StatementKind::Refund => "refund",
        StatementKind::RefundFailed => "returned refund",
        StatementKind::Dispute => "dispute",
        StatementKind::DisputeWon => "won dispute",
        StatementKind::Other => "movement",
    }
}
