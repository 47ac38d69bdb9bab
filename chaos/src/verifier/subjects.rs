//! What became of the payments, callbacks and notifications that jobs are about.

use std::collections::{HashMap, HashSet};

use super::facts::{Facts, Failure};

/// The job itself is at fault, and each of its tries ends the same: no other end may come in place of the parking.
const FOR_EVER: [&str; 4] = ["unreadable", "invalid", "forbidden", "conflict"];

/// What is known of the subjects of jobs.
pub struct Subjects<'a> {
    /// The statuses of payments.
    payments: HashMap<&'a str, &'a str>,
    /// Payments that the provider has an intent for.
    opened: HashSet<&'a str>,
    taken_in: HashSet<&'a str>,
    /// The statuses of payments' notifications.
    notifications: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Subjects<'a> {
    /// Their subjects as they are now.
    pub fn of(facts: &'a Facts) -> Self {
        let payments = facts.payments.iter();
        let taken_in = facts.inbox.iter();
        let mut notifications: HashMap<&str, Vec<&str>> = HashMap::new();
        for notification in &facts.notifications {
            notifications
                .entry(&notification.payment)
                .or_default()
                .push(&notification.status);
        }
        Self {
            payments: payments
                .map(|payment| (payment.id.as_str(), payment.status.as_str()))
                .collect(),
            opened: facts.intents_by_payment().into_keys().collect(),
            taken_in: taken_in.map(|taken_in| taken_in.event_id.as_str()).collect(),
            notifications,
        }
    }

    /// Why the subject of a parked job of this kind is not taken care of without the job.
    pub fn hanging(&self, kind: &str, subject: &str) -> Option<&'static str> {
        match kind {
            "create_intent" => match self.payments.get(subject).copied() {
                None => Some("its payment is not stored"),
                Some("pending") => Some("its payment is pending"),
                Some(_) => None,
            },
            "process_callback" => {
                (!self.taken_in.contains(subject)).then_some("its callback is not taken in")
            }
            "notify_merchant" => self
                .notifications(subject)
                .contains(&"pending")
                .then_some("its merchant is not told"),
            "query_payment" => match self.payments.get(subject).copied() {
                None => Some("its payment is not stored"),
                Some("needs_review") => Some("its payment is still in review"),
                Some(_) => None,
            },
            _ => Some("is of no kind that anybody knows"),
        }
    }

    /// Whether a job that was given up may have ended otherwise than parked. A process may die between writing down that
    /// it gives up and parking. The message comes again then, and is parked, unless that try finds its work done or does
    /// it. So what it was to reach must be there:
    ///
    /// - `create_intent`: the payment was given up in review, and later the provider showed its intent, to this try or
    ///   to a callback or query before it. A payment that failed without an intent shows nothing that could have ended
    ///   the job, and a client that asks again does not: its message is another one, and is only answered.
    /// - `process_callback`: the event was taken in, by this try or from another copy that the provider sent.
    /// - `notify_merchant`: the merchant took it after all.
    /// - `query_payment`: the payment has left its review, so there is nothing to ask.
    pub fn is_done_after_all(&self, failure: &Failure) -> bool {
        let subject = failure.correlation_id.as_str();
        let status = self.payments.get(subject).copied();
        if FOR_EVER.contains(&failure.error_class.as_str()) {
            return false;
        }
        match failure.kind.as_str() {
            "create_intent" => {
                self.opened.contains(subject)
                    && status.is_some_and(|status| !matches!(status, "pending" | "needs_review"))
            }
            "process_callback" => self.taken_in.contains(subject),
            "notify_merchant" => {
                let statuses = self.notifications(subject);
                !statuses.is_empty() && statuses.iter().all(|status| *status == "delivered")
            }
            "query_payment" => status.is_some_and(|status| status != "needs_review"),
            _ => false,
        }
    }

    fn notifications(&self, payment: &str) -> &[&'a str] {
        self.notifications.get(payment).map_or(&[], Vec::as_slice)
    }
}
