//! How much of a payment may have been spoken for at the moment when a refund of it was refused.
//!
//! When that was, nobody knows. So everything counts that was set aside for another refund at any time, whatever became
//! of it later, and everything that was ever disputed: less than this was left at no moment.

use std::collections::{BTreeMap, HashMap};

use super::{
    facts::{Dispute, Facts, Payment, Refund, grouped},
    requests::Key,
};

/// What takes money of payments.
pub struct SpokenFor<'a> {
    payments: HashMap<&'a str, &'a Payment>,
    refunds: BTreeMap<&'a str, Vec<&'a Refund>>,
    disputes: BTreeMap<&'a str, Vec<&'a Dispute>>,
}

impl<'a> SpokenFor<'a> {
    /// What takes money of the payments there are.
    pub fn of(facts: &'a Facts) -> Self {
        Self {
            payments: facts.payments_by_id(),
            refunds: facts.refunds_by_payment(),
            disputes: grouped(&facts.disputes, |dispute| &dispute.payment),
        }
    }

    /// Whether nothing may have been left of the payment for the refund of this key.
    pub fn may_leave_nothing(&self, payment: &str, key: Key<'_>) -> bool {
        self.least_left(payment, key).is_none_or(|left| left <= 0)
    }

    /// Whether less than `wanted` may have been left of the payment for the refund of this key.
    pub fn may_leave_less(&self, payment: &str, key: Key<'_>, wanted: i64) -> bool {
        self.least_left(payment, key).is_none_or(|left| left < wanted)
    }

    /// None where there is no such payment: others say so.
    fn least_left(&self, payment: &str, key: Key<'_>) -> Option<i64> {
        let amount = self.payments.get(payment)?.amount_minor;
        let refunds = self.refunds.get(payment).into_iter().flatten();
        let others = refunds.filter(|refund| (&*refund.merchant, &*refund.idempotency_key) != key);
        let reserved = others.filter(|refund| refund.was_reserved());
        let disputes = self.disputes.get(payment).into_iter().flatten();
        let disputed = disputes.map(|dispute| dispute.amount_minor);
        let taken: i64 = reserved.map(|refund| refund.amount_minor).chain(disputed).sum();
        Some(amount - taken)
    }
}
