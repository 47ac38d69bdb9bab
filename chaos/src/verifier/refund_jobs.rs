//! Which refunds jobs were about. Their stories name the payment alone, of which there may be several refunds; what they
//! said to the provider names the refund, and so does the message that was parked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    facts::{Facts, Failure, Refund},
    parked::keys_by_job,
    requests::Key,
};

/// Where refunds are parked that could not be stored or made.
const PARKED: &str = "dead.create_refund";

/// What is known of the jobs that make refunds and ask about them.
pub struct RefundJobs<'a> {
    subjects: BTreeMap<String, BTreeSet<&'a str>>,
    given_up: BTreeMap<&'a str, Vec<&'a Failure>>,
}

impl<'a> RefundJobs<'a> {
    /// What the records and the parked messages say of them.
    pub fn of(facts: &'a Facts) -> Self {
        let mut subjects: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for record in &facts.refund_records {
            let job = subjects.entry(record.job_id.clone()).or_default();
            job.insert(&record.refund);
        }
        let refunds = facts.refunds.iter();
        let by_key: HashMap<Key<'_>, &str> = refunds
            .map(|refund| ((&*refund.merchant, &*refund.idempotency_key), &*refund.id))
            .collect();
        for (job, (merchant, key)) in keys_by_job(facts, PARKED) {
            let subject = by_key.get(&(&*merchant, &*key));
            subjects.entry(job).or_default().extend(subject);
        }
        let mut given_up: BTreeMap<&str, Vec<&Failure>> = BTreeMap::new();
        for failure in &facts.failures {
            if failure.kind == "create_refund" && failure.disposition == "dead_letter" {
                given_up.entry(&failure.correlation_id).or_default().push(failure);
            }
        }
        Self { subjects, given_up }
    }

    /// Whether the job, of which only the payment is known, may have been about this refund of it: all that it is known
    /// to have been about is this one, or nothing is known.
    pub fn may_be_about(&self, job: &str, refund: &Refund) -> bool {
        let subjects = self.subjects.get(job);
        subjects.is_none_or(|subjects| subjects.contains(refund.id.as_str()))
    }

    /// The ends of the jobs that were given up and may have been about this refund.
    pub fn given_up(&self, refund: &Refund) -> impl Iterator<Item = &'a Failure> {
        let failures = self.given_up.get(refund.payment.as_str());
        let failures = failures.into_iter().flatten().copied();
        failures.filter(|failure| self.may_be_about(&failure.job_id, refund))
    }
}
