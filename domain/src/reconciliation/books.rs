//! Whose line of a statement is whose: our own, found by everything that a line may name it by.

use std::collections::{HashMap, HashSet};

use crate::{
    channel::{StatementEntry, StatementKind},
    id::{PaymentId, RefundId},
    reconciliation::{OurDispute, OurPayment, OurRefund, Ours, slot::Slot},
};

/// Ours, with everything at hand that a line may name.
pub(super) struct Books<'a> {
    payments: HashMap<PaymentId, &'a OurPayment>,
    by_intent: HashMap<&'a str, &'a OurPayment>,
    refunds: HashMap<RefundId, &'a OurRefund>,
    by_refund_object: HashMap<&'a str, &'a OurRefund>,
    disputes: HashMap<&'a str, &'a OurDispute>,
    of_others: &'a HashSet<PaymentId>,
}

/// Whose a line is.
pub(super) enum Owner<'a> {
    /// It is about this movement of ours.
    Ours(Slot<'a>),
    /// It is ours by its mark or its intent, and we know nothing of it. The payment, if we have that.
    Unknown(Option<&'a OurPayment>),
    /// It is none of ours.
    Foreign,
}

/// What a line says about whose it is.
pub(super) struct Marks<'e> {
    pub payment_id: Option<PaymentId>,
    pub refund_id: Option<RefundId>,
    pub intent_id: Option<&'e str>,
}

impl<'e> From<&'e StatementEntry> for Marks<'e> {
    fn from(entry: &'e StatementEntry) -> Self {
        Self {
            payment_id: entry.payment_id,
            refund_id: entry.refund_id,
            intent_id: entry.intent_id.as_deref(),
        }
    }
}

impl<'a> Books<'a> {
    pub(super) fn of(ours: &'a Ours) -> Self {
        let by_intent = |payment: &'a OurPayment| Some((payment.intent_id.as_deref()?, payment));
        let by_object = |refund: &'a OurRefund| Some((refund.channel_refund_id.as_deref()?, refund));
        let disputes = ours.disputes.iter();
        Self {
            payments: ours
                .payments
                .iter()
                .map(|payment| (payment.id, payment))
                .collect(),
            by_intent: ours.payments.iter().filter_map(by_intent).collect(),
            refunds: ours.refunds.iter().map(|refund| (refund.id, refund)).collect(),
            by_refund_object: ours.refunds.iter().filter_map(by_object).collect(),
            disputes: disputes
                .map(|dispute| (dispute.channel_dispute_id.as_str(), dispute))
                .collect(),
            of_others: &ours.of_others,
        }
    }

    /// Whose a line is. A mark says more than an intent: it was set by us, for one payment or refund.
    pub(super) fn owner(&self, entry: &StatementEntry) -> Owner<'a> {
        let slot = match entry.kind {
            StatementKind::Other => return Owner::Foreign,
            StatementKind::Payment => self.payment(&entry.into()).map(Slot::received),
            StatementKind::Refund => self.refund(entry).map(Slot::given_back),
            StatementKind::RefundFailed => self.refund(entry).map(Slot::returned),
            StatementKind::Dispute => self.dispute(entry).map(Slot::withheld),
            StatementKind::DisputeWon => self.dispute(entry).map(Slot::won),
        };
        match slot {
            Some(slot) => Owner::Ours(slot),
            None => self.unknown(&entry.into()),
        }
    }

    /// Whose something is that no movement of ours was found for.
    pub(super) fn unknown(&self, marks: &Marks<'_>) -> Owner<'a> {
        let is_of_others = marks.payment_id.is_some_and(|id| self.of_others.contains(&id));
        let payment = self.payment(marks);
        let is_marked = marks.payment_id.is_some() || marks.refund_id.is_some();
        if !is_of_others && (payment.is_some() || is_marked) {
            Owner::Unknown(payment)
        } else {
            Owner::Foreign
        }
    }

    fn payment(&self, marks: &Marks<'_>) -> Option<&'a OurPayment> {
        match marks.payment_id {
            Some(marked) => self.payments.get(&marked).copied(),
            None => self.by_intent.get(marks.intent_id?).copied(),
        }
    }

    fn refund(&self, entry: &StatementEntry) -> Option<&'a OurRefund> {
        let marked = entry.refund_id.and_then(|id| self.refunds.get(&id));
        marked
            .or_else(|| self.by_refund_object.get(entry.object_id.as_str()))
            .copied()
    }

    fn dispute(&self, entry: &StatementEntry) -> Option<&'a OurDispute> {
        self.disputes.get(entry.object_id.as_str()).copied()
    }
}
