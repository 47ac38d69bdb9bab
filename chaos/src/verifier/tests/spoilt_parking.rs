//! Parked messages and jobs that were given up: one test for each way in which the evidence can be spoilt.

use e2e::rabbit::Letter;
use serde_json::json;

use super::{
    after, all,
    calm::{NEVER_OPENED, PAID},
    counts,
    invariants::*,
    lost, payment, stuck,
};
use crate::verifier::facts::Failure;

#[test]
fn a_parked_message_without_a_story() {
    let found = after(|facts| {
        facts
            .failures
            .retain(|failure| failure.correlation_id != NEVER_OPENED)
    });
    assert_eq!(found, lost(EXPLAINED));
    let found = after(|facts| facts.failures[0].error_class = "internal".into());
    assert_eq!(found, lost(EXPLAINED));
}

#[test]
fn a_parked_message_that_leaves_its_callback_hanging() {
    let found = after(|facts| {
        let mut failure = facts.failures[0].clone();
        failure.kind = "process_callback".into();
        failure.correlation_id = "evt_9".into();
        let letter = Letter {
            payload: String::new(),
            properties: json!({
                "message_id": failure.job_id, "correlation_id": "evt_9",
                "headers": { "error_class": failure.error_class },
            }),
        };
        facts.parked.insert("dead.process_callback".into(), vec![letter]);
        facts.failures.push(failure);
    });
    assert_eq!(found, stuck(EXPLAINED));
}

#[test]
fn a_message_of_a_kind_that_nobody_knows() {
    let found = after(|facts| {
        let letter = facts.parked["dead.create_intent"][0].clone();
        facts.parked.insert("dead.unroutable".into(), vec![letter]);
    });
    assert_eq!(found, lost(EXPLAINED));
}

#[test]
fn a_job_that_was_given_up_and_is_neither_parked_nor_done() {
    for kind in [
        "process_callback",
        "query_payment",
        "notify_merchant",
        "unheard_of",
    ] {
        let found = after(|facts| {
            let mut failure = facts.failures[0].clone();
            failure.kind = kind.into();
            failure.correlation_id = "nobody".into();
            facts.failures.push(failure);
        });
        assert_eq!(found, lost(EXPLAINED), "{kind}");
    }
}

/// The payment is failed and its merchant told so, and still people have to find the job.
#[test]
fn a_job_that_was_given_up_and_swallowed_when_it_came_again() {
    let found = after(|facts| drop(facts.parked.get_mut("dead.create_intent").unwrap().remove(0)));
    assert_eq!(found, lost(EXPLAINED));
}

#[test]
fn a_client_that_asks_again_takes_no_giving_up_back() {
    let found = after(|facts| {
        facts.parked.get_mut("dead.create_intent").unwrap().remove(0);
        let mut again = facts.failures[0].clone();
        again.disposition = "retry".into();
        facts.failures.push(again);
    });
    assert_eq!(found, lost(EXPLAINED));
}

/// The payment that stands is another request's, so its end is not the end of this one.
#[test]
fn a_conflict_that_is_not_parked() {
    let found = after(|facts| drop(facts.parked.get_mut("dead.create_intent").unwrap().remove(1)));
    assert_eq!(found, all([lost(KEPT), lost(EXPLAINED)]));
}

#[test]
fn a_job_that_was_given_up_may_reach_its_end_instead_of_being_parked() {
    let jobs = [
        ("create_intent", PAID.to_owned()),
        ("notify_merchant", PAID.to_owned()),
        ("query_payment", PAID.to_owned()),
        ("process_callback", format!("evt_of_{PAID}")),
    ];
    for (kind, about) in jobs {
        let found = after(|facts| {
            facts.failures.push(Failure {
                job_id: "job_9".into(),
                kind: kind.into(),
                disposition: "dead_letter".into(),
                error_class: "internal".into(),
                correlation_id: about,
            });
        });
        assert_eq!(found, all([]), "{kind}");
    }
}

#[test]
fn a_query_that_is_parked_while_its_payment_is_still_in_review() {
    let parked_query_about = |status: &'static str| {
        after(|facts| {
            payment(facts, NEVER_OPENED).status = status.into();
            let letter = facts.parked["dead.create_intent"][0].clone();
            let mut failure = facts.failures[0].clone();
            failure.kind = "query_payment".into();
            facts.parked.insert("dead.query_payment".into(), vec![letter]);
            facts.failures.push(failure);
        })
    };
    assert_eq!(parked_query_about("needs_review")[EXPLAINED], counts(0, 0, 1));
    assert_eq!(parked_query_about("failed"), all([]));
}

#[test]
fn a_job_that_was_parked_twice_has_the_story_of_the_last() {
    let found = after(|facts| {
        let letters = facts.parked.get_mut("dead.create_intent").unwrap();
        let mut first = letters[0].clone();
        first.properties["headers"]["error_class"] = "outcome_unknown".into();
        letters.insert(0, first);
    });
    assert_eq!(found, all([]));
}
