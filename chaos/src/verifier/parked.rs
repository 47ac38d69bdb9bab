//! What is parked for people, against the story that is told of it.

use std::collections::{BTreeMap, HashSet};

use e2e::rabbit::Letter;
use serde_json::Value;

use super::{
    Finding,
    facts::{Facts, Failure},
    invariants,
    requests::Key,
    subjects::Subjects,
    tally::Tally,
};

/// Where messages of a kind that nobody knows end.
const UNROUTABLE: &str = "unroutable";

/// A kind and a job's id.
type Job<'a> = (&'a str, &'a str);

/// Parked messages and given-up jobs against each other.
pub fn explained(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::EXPLAINED);
    let subjects = Subjects::of(facts);
    let given_up = given_up(facts);
    let parked = parked(facts);
    for (job, letters) in &parked {
        tally.look();
        let about = letters[0].property("correlation_id");
        if let Some(why) = unexplained(*job, letters, given_up.get(job).copied()) {
            tally.lost(format!("{} about {about} in dead.{}: {why}", job.1, job.0));
        } else if let Some(why) = subjects.hanging(*job, about) {
            tally.stuck(format!("{} is parked in dead.{} and {why}", job.1, job.0));
        }
    }
    for (job, failure) in &given_up {
        tally.look();
        if !parked.contains_key(job) && !subjects.is_done_after_all(failure) {
            tally.lost(format!(
                "{} about {} was given up ({}) and is not parked in dead.{}",
                job.1, failure.correlation_id, failure.error_class, job.0
            ));
        }
    }
    tally.found()
}

/// The jobs that were given up, each with the last of its failures that says so. A client that asks again sends another
/// message of the same job, whose failures may follow and take nothing back.
fn given_up(facts: &Facts) -> BTreeMap<Job<'_>, &Failure> {
    let failures = facts.failures.iter();
    failures
        .filter(|failure| failure.disposition == "dead_letter")
        .map(|failure| ((failure.kind.as_str(), failure.job_id.as_str()), failure))
        .collect()
}

/// The parked messages by their jobs.
fn parked(facts: &Facts) -> BTreeMap<Job<'_>, Vec<&Letter>> {
    let mut parked: BTreeMap<Job<'_>, Vec<&Letter>> = BTreeMap::new();
    for (queue, letters) in &facts.parked {
        let kind = queue.strip_prefix(super::PARKING).unwrap_or_default();
        for letter in letters {
            parked
                .entry((kind, letter.property("message_id")))
                .or_default()
                .push(letter);
        }
    }
    parked
}

/// The merchants and idempotency keys of the jobs that are parked in a queue.
pub struct ParkedKeys(HashSet<(String, String)>);

impl ParkedKeys {
    /// Those in this queue.
    pub fn of(facts: &Facts, queue: &str) -> Self {
        let letters = facts.parked.get(queue).into_iter().flatten();
        Self(letters.filter_map(key_in).collect())
    }

    /// Whether a job of this key is parked.
    pub fn has(&self, (merchant, key): Key<'_>) -> bool {
        self.0.contains(&(merchant.to_owned(), key.to_owned()))
    }
}

/// The jobs that are parked in a queue, each with its merchant and idempotency key.
pub fn keys_by_job(facts: &Facts, queue: &str) -> impl Iterator<Item = (String, (String, String))> {
    let letters = facts.parked.get(queue).into_iter().flatten();
    letters.filter_map(|letter| Some((letter.property("message_id").to_owned(), key_in(letter)?)))
}

fn key_in(letter: &Letter) -> Option<(String, String)> {
    let payload: Value = serde_json::from_str(&letter.payload).ok()?;
    let text = |name: &str| payload[name].as_str().map(str::to_owned);
    Some((text("merchant_id")?, text("idempotency_key")?))
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
