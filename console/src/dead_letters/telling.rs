//! Dead letters, for people and programs.

use domain::{dead_letter::masked, mask::mask};
use serde_json::Value;
use store::{ActionProgress, LetterGroup, LetterStory, RecordedLetter, Try};

use super::at;
use crate::{Answer, answer::Facts};

/// A letter in a list.
pub fn letter(letter: &RecordedLetter) -> Facts {
    vec![
        ("letter_id", Value::from(letter.id.to_string())),
        ("kind", Value::from(letter.kind.as_str())),
        ("state", Value::from(letter.state.name())),
        ("error_class", Value::from(letter.error_class.as_str())),
        ("reason", Value::from(mask(&letter.reason))),
        ("parked_at", Value::from(at(letter.parked_at))),
        ("parked_by", Value::from(letter.parked_by.name())),
        ("attempt", Value::from(letter.attempt)),
        ("job_id", Value::from(letter.job_id.as_str())),
        ("correlation_id", Value::from(letter.correlation_id.as_str())),
        (
            "merchant_id",
            Value::from(letter.merchant_id.map(|id| id.to_string())),
        ),
        ("subjects", Value::from(letter.subjects.clone())),
        ("group_id", Value::from(letter.group_id.to_string())),
        (
            "action_id",
            Value::from(letter.action_id.map(|id| id.to_string())),
        ),
        ("ended_at", Value::from(letter.ended_at.map(at))),
        ("outcome", Value::from(letter.outcome.clone())),
    ]
}

/// A letter with everything that is known of it.
pub fn story(story: &LetterStory) -> Answer {
    let mut facts = letter(&story.letter);
    let (said, job) = message(story);
    facts.extend(said);
    facts.push(("job", job));
    let standing = story.standing.iter().map(|(id, status)| {
        vec![
            ("id", Value::from(id.as_str())),
            ("status", Value::from(status.as_str())),
        ]
    });
    Answer::Report {
        facts,
        lists: vec![
            ("tries", story.tries.iter().map(one_try).collect()),
            ("stands_now", standing.collect()),
            (
                "other_letters_of_the_job",
                story.others.iter().map(letter).collect(),
            ),
        ],
        passed: true,
    }
}

/// What the message says of itself, and the job that it holds, masked.
pub fn message(story: &LetterStory) -> (Facts, Value) {
    let message: Value = serde_json::from_slice(&story.message).unwrap_or_default();
    let said = [
        "published_by",
        "published_at",
        "traceparent",
        "schema",
        "snoozes",
        "replayed_after",
    ];
    let body = message["body"].as_str().unwrap_or_default();
    (
        said.map(|name| (name, message[name].clone())).into(),
        masked(body.as_bytes()),
    )
}

fn one_try(tried: &Try) -> Facts {
    vec![
        ("attempt", Value::from(tried.attempt)),
        ("disposition", Value::from(tried.disposition.as_str())),
        ("error_class", Value::from(tried.error_class.as_str())),
        ("reason", Value::from(mask(&tried.reason))),
        ("at", Value::from(at(tried.at))),
    ]
}

/// Letters with the same trouble.
pub fn group(group: &LetterGroup) -> Facts {
    vec![
        ("group_id", Value::from(group.id.to_string())),
        ("kind", Value::from(group.kind.as_str())),
        ("error_class", Value::from(group.error_class.as_str())),
        ("reason", Value::from(mask(&group.pattern))),
        ("parked", Value::from(group.parked)),
        ("letters", Value::from(group.letters)),
        ("first_at", Value::from(at(group.first_at))),
        ("last_at", Value::from(at(group.last_at))),
    ]
}

/// What was asked for, and how far it has come.
pub fn action(action: &ActionProgress) -> Facts {
    vec![
        ("action_id", Value::from(action.id.to_string())),
        ("action", Value::from(action.kind.name())),
        ("by", Value::from(action.actor.as_str())),
        ("reason", Value::from(action.reason.as_str())),
        ("selection", Value::from(action.selection.as_str())),
        ("rate_per_s", Value::from(action.rate_per_s)),
        ("letters", Value::from(action.letters)),
        ("waiting", Value::from(action.waiting)),
        ("done", Value::from(action.done)),
        ("missing", Value::from(action.missing)),
        ("left_parked", Value::from(action.left_parked())),
        ("jobs_done", Value::from(action.jobs_done)),
        ("jobs_parked_again", Value::from(action.parked_again)),
        ("trouble", Value::from(action.trouble.clone())),
        ("created_at", Value::from(at(action.created_at))),
        ("finished_at", Value::from(action.finished_at.map(at))),
    ]
}
