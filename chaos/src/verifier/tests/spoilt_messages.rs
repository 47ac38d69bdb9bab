//! Callbacks, notifications and answers: one test for each way in which the evidence can be spoilt.

use e2e::rabbit::PEEKED;

use super::{
    after, all,
    calm::{CANCELED, NEVER_OPENED, PAID, REFUNDED, SECOND_CARD, TWO_BODIES, asked, depth, intent, refusal},
    counts, doubled,
    invariants::*,
    lost, payment, stuck, unbalanced,
};
use crate::verifier::facts::{Facts, TakenIn};

#[test]
fn a_callback_that_was_accepted_and_not_taken_in() {
    assert_eq!(after(|facts| drop(facts.inbox.pop())), lost(TAKEN_IN_ONCE));
}

#[test]
fn a_callback_that_was_never_accepted() {
    for answer in [None, Some(408), Some(503)] {
        let found = after(|facts| {
            facts.inbox.pop();
            answer_last_event(facts, answer);
        });
        assert_eq!(found, lost(TAKEN_IN_ONCE), "{answer:?}");
    }
}

#[test]
fn a_callback_that_was_refused_for_ever() {
    let found = after(|facts| {
        facts.inbox.pop();
        answer_last_event(facts, Some(401));
    });
    assert_eq!(
        found,
        all([
            lost(TAKEN_IN_ONCE),
            super::Broken::from([(HONEST_REFUSALS, counts(0, 3, 0))])
        ])
    );
}

#[test]
fn a_callback_that_deserved_no_refusal_although_it_was_accepted_later() {
    for answer in [400, 404, 500] {
        let found = after(|facts| facts.callbacks[0].status = Some(answer));
        assert_eq!(found, doubled(HONEST_REFUSALS), "{answer}");
    }
    for answer in [408, 503] {
        let found = after(|facts| facts.callbacks[0].status = Some(answer));
        assert_eq!(found, all([]), "{answer}");
    }
}

fn answer_last_event(facts: &mut Facts, answer: Option<u16>) {
    let attempts = facts.callbacks.iter_mut().rev().take(3);
    attempts.for_each(|callback| (callback.status, callback.accepted) = (answer, answer == Some(200)));
}

#[test]
fn a_callback_that_was_taken_in_for_another_merchant() {
    assert_eq!(
        after(|facts| facts.inbox[0].merchant = "mer_2".into()),
        doubled(TAKEN_IN_ONCE)
    );
}

#[test]
fn a_callback_that_was_never_sent() {
    let found = after(|facts| {
        facts.inbox.push(TakenIn {
            event_id: "evt_9".into(),
            ..facts.inbox[0].clone()
        });
    });
    assert_eq!(found, doubled(TAKEN_IN_ONCE));
}

#[test]
fn a_status_that_the_merchant_is_not_told() {
    let found = after(|facts| {
        let gone = facts.notifications.remove(0);
        facts
            .mail
            .values_mut()
            .for_each(|mail| mail.retain(|received| received.id.as_ref() != Some(&gone.id)));
    });
    assert_eq!(found, lost(TOLD_ONCE));
}

#[test]
fn two_notifications_of_one_status() {
    let found = after(|facts| {
        let mut second = facts.notifications[0].clone();
        second.id = "ntf_99".into();
        let mut arrived = facts.mail.values().next().unwrap()[1].clone();
        arrived.id = Some("ntf_99".into());
        facts
            .mail
            .values_mut()
            .for_each(|mail| mail.push(arrived.clone()));
        facts.notifications.push(second);
    });
    assert_eq!(found, doubled(TOLD_ONCE));
}

#[test]
fn a_notification_that_is_still_on_its_way() {
    assert_eq!(
        after(|facts| facts.notifications[0].status = "pending".into()),
        stuck(TOLD_ONCE)
    );
}

#[test]
fn a_notification_that_never_arrived() {
    let found = after(|facts| {
        facts
            .mail
            .values_mut()
            .flatten()
            .take(3)
            .for_each(|received| received.answered = Some(503));
    });
    assert_eq!(found, lost(TOLD_ONCE));
    assert_eq!(
        after(|facts| facts.notifications[0].accepted_attempts = 0),
        lost(TOLD_ONCE)
    );
    assert_eq!(
        after(|facts| facts.notifications[0].status = "exhausted".into()),
        lost(TOLD_ONCE)
    );
}

#[test]
fn a_notification_that_differs_the_second_time() {
    let found = after(|facts| facts.mail.values_mut().for_each(|mail| mail[2].body.push(' ')));
    assert_eq!(found, doubled(TOLD_THE_TRUTH));
}

#[test]
fn a_notification_with_a_wrong_signature() {
    let found = after(|facts| {
        facts
            .mail
            .values_mut()
            .for_each(|mail| mail[0].verified = Some(false))
    });
    assert_eq!(found, doubled(TOLD_THE_TRUTH));
}

#[test]
fn a_notification_that_nobody_stored() {
    let found = after(|facts| facts.mail.values_mut().for_each(|mail| mail[0].id = None));
    assert_eq!(found, doubled(TOLD_THE_TRUTH));
}

#[test]
fn a_notification_of_another_amount() {
    let found = after(|facts| {
        let wrong = facts.notifications[0].payload.replace("1000", "1001");
        facts
            .mail
            .values_mut()
            .flatten()
            .take(3)
            .for_each(|received| received.body.clone_from(&wrong));
        facts.notifications[0].payload = wrong;
    });
    assert_eq!(found, doubled(TOLD_THE_TRUTH));
}

/// What asking the provider first is there to prevent: the merchant is told that nothing was charged, and it was.
#[test]
fn a_failure_that_is_announced_although_the_provider_has_an_intent() {
    let found = after(|facts| {
        payment(facts, NEVER_OPENED).status = "succeeded".into();
        intent(facts, NEVER_OPENED, 3_000, "succeeded", (1, 0));
    });
    let broken = [
        lost(TOLD_ONCE),
        doubled(TOLD_THE_TRUTH),
        doubled(CARDS_DECIDE),
        unbalanced(BOOKS_AGREE),
    ];
    assert_eq!(found, all(broken));
}

#[test]
fn a_decline_that_is_announced_and_did_not_happen() {
    assert_eq!(
        after(|facts| facts.intents[1].charges_failed = 0),
        doubled(TOLD_THE_TRUTH)
    );
}

#[test]
fn work_that_is_left() {
    assert_eq!(
        after(|facts| facts.outbox.push("job_9".into())),
        stuck(NONE_WAITS)
    );
    assert_eq!(
        after(|facts| facts.depths.push(depth("retry.10ms", 3))),
        stuck(NONE_WAITS)
    );
}

#[test]
fn evidence_that_is_missing() {
    assert_eq!(
        after(|facts| facts
            .dropped
            .values_mut()
            .take(1)
            .for_each(|dropped| *dropped = 7)),
        lost(ALL_READ)
    );
    let found = after(|facts| {
        let letter = facts.parked["dead.create_intent"][0].clone();
        facts
            .parked
            .get_mut("dead.create_intent")
            .unwrap()
            .resize(PEEKED as usize, letter);
    });
    assert_eq!(found[ALL_READ], counts(1, 0, 0));
}

#[test]
fn a_refusal_that_is_not_honest() {
    for told in [
        refusal(500, "/problems/internal", ""),
        refusal(503, "/problems/broker-unavailable", ""),
        refusal(503, "", "1"),
        refusal(409, "/problems/idempotency-conflict", ""),
    ] {
        let found = after(|facts| {
            facts.journal.orders[0].requests[0]
                .asked
                .push(asked(told.clone()))
        });
        assert_eq!(found, doubled(HONEST_REFUSALS), "{told:?}");
    }
    let found =
        after(|facts| facts.journal.orders[0].looks[0].told = Some(refusal(404, "/problems/not-found", "")));
    assert_eq!(found, doubled(HONEST_REFUSALS));
}

#[test]
fn a_conflict_with_itself() {
    let conflict = refusal(409, "/problems/idempotency-conflict", "");
    let found = after(|facts| facts.journal.orders[3].requests[0].asked.push(asked(conflict)));
    assert_eq!(found, doubled(HONEST_REFUSALS));
}

#[test]
fn the_day_has_what_the_tests_point_at() {
    let facts = super::calm::day();
    let ids: Vec<&str> = facts.payments.iter().map(|payment| payment.id.as_str()).collect();
    assert_eq!(
        ids,
        [PAID, SECOND_CARD, NEVER_OPENED, TWO_BODIES, REFUNDED, CANCELED]
    );
    let intents: Vec<_> = facts
        .intents
        .iter()
        .filter_map(|intent| intent.payment())
        .collect();
    assert_eq!(intents, [PAID, SECOND_CARD, TWO_BODIES, REFUNDED, CANCELED]);
}

#[test]
fn a_body_that_came_too_late_may_be_refused() {
    let late = refusal(408, "/problems/request-timeout", "");
    let found = after(|facts| facts.journal.orders[0].requests[0].asked.push(asked(late)));
    assert_eq!(found, all([]));
}
