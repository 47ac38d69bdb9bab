//! What is parked for people, against the story that is told of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use e2e::rabbit::Letter;

use super::{
    Finding,
    facts::{Facts, Failure},
    invariants,
    tally::Tally,
};

/// Where messages of a kind that nobody knows end.
const UNROUTABLE: &str = "unroutable";
const PARKING: &str = "dead.";

/// A kind and a job's id.
type Job<'a> = (&'a str, &'a str);

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
    let told: HashMap<Job<'_>, &Failure> = given_up
        .clone()
        .map(|failure| ((failure.kind.as_str(), failure.job_id.as_str()), failure))
        .collect();
    let mut parked: BTreeMap<Job<'_>, Vec<&Letter>> = BTreeMap::new();
    for (queue, letters) in &facts.parked {
        for letter in letters {
            let job = (
                queue.strip_prefix(PARKING).unwrap_or_default(),
                letter.property("message_id"),
            );
            parked.entry(job).or_default().push(letter);
        }
    }
    for (job, letters) in &parked {
        tally.look();
        let about = letters[0].property("correlation_id");
        if let Some(why) = unexplained(*job, letters, told.get(job).copied()) {
            tally.lost(format!("{} about {about} in dead.{}: {why}", job.1, job.0));
        } else if let Some(why) = subjects.hanging(job.0, about) {
            tally.stuck(format!("{} is parked in dead.{} and {why}", job.1, job.0));
        }
    }
    for failure in given_up {
        tally.look();
        let about = &failure.correlation_id;
        let is_parked = parked.contains_key(&(failure.kind.as_str(), failure.job_id.as_str()));
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

/// Why people cannot know what happened to a job. One that was parked twice, by two processes, has the story of the last.
fn unexplained(job: Job<'_>, letters: &[&Letter], told: Option<&Failure>) -> Option<String> {
    if job.0 == UNROUTABLE {
        return Some(format!("nobody knows its kind: {}", letters[0].property("type")));
    }
    let classes: Vec<String> = letters
        .iter()
        .map(|letter| letter.header("error_class"))
        .collect();
    match told {
        None => Some(format!("{classes:?}, and no failure is written down")),
        Some(failure) if !classes.contains(&failure.error_class) => Some(format!(
            "{classes:?}, and {:?} is written down",
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
