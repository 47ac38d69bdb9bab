//! Refunds that failed without the provider having anything of them: whether there was a reason not to make them.

use std::collections::{HashMap, HashSet};

use super::{
    facts::{Facts, Refund},
    refund_jobs::RefundJobs,
    requests::Key,
    spoken_for::SpokenFor,
};
use crate::journal::Order;

/// What there is to know about refunds that were not made.
pub struct Unmade<'a> {
    spoken_for: SpokenFor<'a>,
    jobs: RefundJobs<'a>,
    /// The orders by the keys of their wishes.
    orders: HashMap<Key<'a>, &'a Order>,
    /// Refunds that the provider has said it does not have.
    absent: HashSet<&'a str>,
}

impl<'a> Unmade<'a> {
    /// What the evidence says of them.
    pub fn of(facts: &'a Facts) -> Self {
        let orders = facts.journal.orders.iter();
        let wished = orders.flat_map(|order| {
            let merchant = facts.merchant_of(order);
            let keys = order.wishes.iter().map(|wish| wish.key.as_str());
            keys.map(move |key| ((merchant, key), order))
        });
        let absent = facts
            .refund_records
            .iter()
            .filter(|record| record.outcome == "absent");
        Self {
            spoken_for: SpokenFor::of(facts),
            jobs: RefundJobs::of(facts),
            orders: wished.collect(),
            absent: absent.map(|record| record.refund.as_str()).collect(),
        }
    }

    /// Why a refund that failed before the provider had anything of it should not have.
    pub fn unexplained(&self, refund: &Refund) -> Option<&'static str> {
        if refund.status != "failed" {
            return None;
        }
        let (payment, key) = (
            refund.payment.as_str(),
            (&*refund.merchant, &*refund.idempotency_key),
        );
        match refund.failure_code.as_str() {
            "payment_not_paid" => (!self.may_be_unpaid(key)).then_some("the payment was paid before"),
            "nothing_left_to_refund" => {
                (!self.spoken_for.may_leave_nothing(payment, key)).then_some("something was left")
            }
            "refund_too_large" => {
                let is_so = self.spoken_for.may_leave_less(payment, key, refund.amount_minor);
                (!is_so).then_some("as much was left")
            }
            "refund_currency_differs" | "refund_amount_not_taken" => {
                Some("all are asked for in the payment's currency and in amounts that the provider takes")
            }
            "provider_unavailable" => {
                let is_so = self.absent.contains(refund.id.as_str())
                    || self.was_given_up(refund, "provider_unavailable");
                (!is_so).then_some("no job was given up for that, and the provider was not asked in vain")
            }
            "refused_by_provider" => self.without_job(refund, "refused"),
            "not_configured" => self.without_job(refund, "misconfigured"),
            _ => Some("only the provider says that, and it has no such refund"),
        }
    }

    /// Sluice itself asks for refunds of what was paid; merchants ask for any.
    fn may_be_unpaid(&self, key: Key<'_>) -> bool {
        self.orders.get(&key).is_some_and(|order| !order.was_seen_paid())
    }

    fn without_job(&self, refund: &Refund, error_class: &str) -> Option<&'static str> {
        (!self.was_given_up(refund, error_class)).then_some("no job was given up for that")
    }

    fn was_given_up(&self, refund: &Refund, error_class: &str) -> bool {
        let mut given_up = self.jobs.given_up(refund);
        given_up.any(|failure| failure.error_class == error_class)
    }
}
