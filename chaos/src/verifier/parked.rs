//! What is parked for people, against the story that is told of it.

use std::collections::{HashMap, HashSet};

use e2e::rabbit::Letter;

use super::{
    Finding,
    facts::{Facts, Failure},
    invariants,
    tally::Tally,
};

/// Where messages of a kind that nobody knows end.
const UNROUTABLE: &str = "dead.unroutable";
const PARKING: &str = "dead.";

/// What is known of the subjects of jobs.
struct Subjects<'a> {
    payments: HashMap<&'a str, &'a str>,
    taken_in: HashSet<&'a str>,
    /// Payments with a notification that is still to be delivered.
    untold: HashSet<&'a str>,
}

/// Parked messages and given-up jobs against each other.
pub fn explained(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::EXPLAINED);
    let subjects = Subjects::of(facts);
    let given_up = facts
        .failures
        .iter()
        .filter(|failure| failure.disposition == "dead_letter");
    let told: HashMap<(&str, &str), &Failure> = given_up
        .clone()
        .map(|failure| ((failure.kind.as_str(), failure.job_id.as_str()), failure))
        .collect();
    let mut parked: HashSet<(&str, &str)> = HashSet::new();
    for (queue, letters) in &facts.parked {
        for letter in letters {
            tally.look();
            let kind = queue.strip_prefix(PARKING).unwrap_or_default();
            let job = (kind, letter.property("message_id"));
            parked.insert(job);
            if let Some(why) = unexplained(queue, letter, told.get(&job).copied()) {
                tally.lost(format!(
                    "{} about {} in {queue}: {why}",
                    job.1,
                    letter.property("correlation_id")
                ));
            } else if let Some(why) = subjects.hanging(kind, letter.property("correlation_id")) {
                tally.stuck(format!("{} is parked in {queue} and {why}", job.1));
            }
        }
    }
    for failure in given_up {
        tally.look();
        let about = &failure.correlation_id;
        let is_parked = parked.contains(&(failure.kind.as_str(), failure.job_id.as_str()));
        // A process may die between telling that it gives up and parking; the next try may then end the job.
        if !is_parked && subjects.hanging(&failure.kind, about).is_some() {
            tally.lost(format!(
                "{} about {about} was given up and is not parked",
                failure.job_id
            ));
        }
    }
    tally.found()
}

fn unexplained(queue: &str, letter: &Letter, told: Option<&Failure>) -> Option<String> {
    if queue == UNROUTABLE {
        return Some(format!("nobody knows its kind: {}", letter.property("type")));
    }
    let class = letter.header("error_class");
    match told {
        None => Some(format!("{class:?}, and no failure is written down")),
        Some(failure) if failure.error_class != class => Some(format!(
            "{class:?}, and {:?} is written down",
            failure.error_class
        )),
        Some(_) => None,
    }
}

impl<'a> Subjects<'a> {
    fn of(facts: &'a Facts) -> Self {
        let payments = facts
            .payments
            .iter()
            .map(|payment| (payment.id.as_str(), payment.status.as_str()));
        let untold = facts
            .notifications
            .iter()
            .filter(|notification| notification.status == "pending");
        Self {
            payments: payments.collect(),
            taken_in: facts
                .inbox
                .iter()
                .map(|taken_in| taken_in.event_id.as_str())
                .collect(),
            untold: untold.map(|notification| notification.payment.as_str()).collect(),
        }
    }

    /// Why the subject of a job of this kind is not taken care of without the job.
    fn hanging(&self, kind: &str, subject: &str) -> Option<&'static str> {
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
                .untold
                .contains(subject)
                .then_some("its merchant is not told"),
            _ => Some("is of no kind that anybody knows"),
        }
    }
}
