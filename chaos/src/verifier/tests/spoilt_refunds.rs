//! Refunds: one test for each way in which the evidence can be spoilt.

use e2e::rabbit::Letter;
use serde_json::json;

use super::{
    Broken, after, all,
    calm::{MADE, REFUNDED, REFUSED, money},
    counts, doubled,
    invariants::*,
    lost, over_refunded, payment, refund, unbalanced,
};
use crate::verifier::facts::{Facts, Failure, Refund, RefundRecord};

#[test]
fn an_accepted_refund_that_is_not_stored() {
    let found = after(|facts| {
        facts.refunds.retain(|refund| refund.id != REFUSED);
        facts.notifications.retain(|told| told.subject != REFUSED);
        facts
            .mail
            .values_mut()
            .for_each(|mail| mail.retain(|received| !received.body.contains(REFUSED)));
        facts.journal.orders[4].wishes[1].looks.clear();
    });
    assert_eq!(found, lost(REFUNDS_KEPT));
}

#[test]
fn a_refund_that_nobody_asked_for() {
    let found = after(|facts| {
        let other = Refund {
            id: "rfd_9".into(),
            idempotency_key: "made-up".into(),
            ..refund(facts, REFUSED).clone()
        };
        facts.refunds.push(other);
    });
    assert_eq!(found[REFUNDS_KEPT], counts(0, 1, 0));
}

/// Sluice asks for it by itself when a payment is paid after it was closed, and only then.
#[test]
fn a_refund_of_a_late_payment() {
    let late = |is_late| {
        after(|facts| {
            facts.journal.orders[4].wishes.remove(1);
            refund(facts, REFUSED).idempotency_key = format!("late-payment:{REFUNDED}");
            payment(facts, REFUNDED).is_late = is_late;
        })
    };
    assert_eq!(late(true), all([]));
    assert_eq!(late(false), doubled(REFUNDS_KEPT));
}

#[test]
fn a_repeat_under_another_id() {
    let found = after(|facts| {
        facts.journal.orders[4].wishes[0].asked[1]
            .told
            .as_mut()
            .unwrap()
            .id = "rfd_9".into()
    });
    assert_eq!(found, doubled(REFUNDS_KEPT));
}

#[test]
fn another_amount_than_asked_for() {
    let found = after(|facts| refund(facts, REFUSED).amount_minor = 4_001);
    assert_eq!(found[REFUNDS_KEPT], counts(0, 1, 0));
}

#[test]
fn a_refund_that_nothing_ended() {
    let found = after(|facts| {
        refund(facts, REFUSED).status = "pending".into();
        facts.journal.orders[4].wishes[1].looks.pop();
    });
    assert_eq!(found[REFUNDS_ENDED], counts(0, 0, 1));
    assert_eq!(found[FIGURES_AGREE].unbalanced, 1);
}

#[test]
fn a_review_that_nobody_sees() {
    let found = after(|facts| refund(facts, REFUSED).status = "needs_review".into());
    assert_eq!(found[REFUNDS_ENDED], counts(0, 0, 1));
}

#[test]
fn a_refund_that_was_made_twice() {
    let found = after(|facts| {
        let mut second = facts.provider_refunds[0].clone();
        second.id = "re_9".into();
        facts.provider_refunds.push(second);
    });
    assert_eq!(
        found[GIVEN_BACK_ONCE].doubled, 2,
        "another object, and one too many"
    );
    assert_eq!(found[BOOKS_AGREE].unbalanced, 1);
}

#[test]
fn a_refund_that_was_made_and_counts_as_failed() {
    let found = after(|facts| {
        let mut made = facts.provider_refunds[0].clone();
        made.id = "re_9".into();
        made.amount = 4_000;
        made.metadata.insert("sluice_refund_id".into(), REFUSED.into());
        facts.provider_refunds.push(made);
    });
    assert_eq!(found[GIVEN_BACK_ONCE], counts(0, 1, 0));
    assert_eq!(found[TOLD_THE_TRUTH], counts(0, 1, 0));
    assert_eq!(found[NEVER_TOO_MUCH].over_refunded, 1);
}

#[test]
fn a_refund_at_the_provider_that_is_of_nobody() {
    let found = after(|facts| facts.provider_refunds[0].metadata.clear());
    assert_eq!(found[GIVEN_BACK_ONCE], counts(1, 1, 0));
}

#[test]
fn a_refund_of_another_amount_intent_or_account() {
    let spoilt: [fn(&mut crate::verifier::facts::ProviderRefund); 4] = [
        |made| made.amount = 1_999,
        |made| made.currency = "eur".into(),
        |made| made.payment_intent = "pi_of_pay_1".into(),
        |made| made.account = "sk_2".into(),
    ];
    for spoil in spoilt {
        let found = after(|facts| spoil(&mut facts.provider_refunds[0]));
        assert_eq!(found[GIVEN_BACK_ONCE].doubled, 1);
    }
}

#[test]
fn news_of_a_refund_that_did_not_arrive() {
    let found = after(|facts| facts.provider_refunds[0].status = "failed".into());
    assert_eq!(found, all([lost(GIVEN_BACK_ONCE), unbalanced(BOOKS_AGREE)]));
    let found = after(|facts| drop(facts.provider_refunds.pop()));
    assert_eq!(found[GIVEN_BACK_ONCE], counts(1, 0, 0));
}

#[test]
fn a_refund_that_was_called_for_under_another_key() {
    let found = after(|facts| {
        let mut other = facts.refundings[0].clone();
        other.idempotency_key = Some("another".into());
        facts.refundings.push(other);
    });
    assert_eq!(found, doubled(ONE_KEY));
}

#[test]
fn more_given_back_than_came() {
    let found = after(|facts| facts.provider_refunds[0].amount = 5_001);
    assert_eq!(found[NEVER_TOO_MUCH].over_refunded, 1);
    let found = after(|facts| payment(facts, REFUNDED).refund_reserved_minor = 3_001);
    let broken = [over_refunded(NEVER_TOO_MUCH), unbalanced(FIGURES_AGREE)];
    assert_eq!(found, all(broken));
}

#[test]
fn a_refund_that_its_merchant_is_not_told_of() {
    let found = after(|facts| {
        facts.notifications.retain(|told| told.subject != MADE);
        facts
            .mail
            .values_mut()
            .for_each(|mail| mail.retain(|received| !received.body.contains(MADE)));
    });
    assert_eq!(found, lost(TOLD_ONCE));
}

#[test]
fn a_refund_that_goes_back() {
    let found = after(|facts| facts.journal.orders[4].wishes[0].looks.reverse());
    assert_eq!(found, doubled(FORWARD));
}

#[test]
fn a_refund_that_was_answered_as_more_than_it_is() {
    let answered = |status: &'static str| {
        after(|facts| {
            let told = facts.journal.orders[4].wishes[0].asked[1].told.as_mut().unwrap();
            told.object_status = status.into();
        })
    };
    assert_eq!(answered("failed"), doubled(FORWARD));
    assert_eq!(answered("succeeded"), all([]));
}

/// A refund can fail after it had succeeded.
#[test]
fn a_refund_that_fails_in_the_end() {
    let found: Broken = after(|facts| {
        facts.provider_refunds[0].status = "failed".into();
        let made = refund(facts, MADE);
        (made.status, made.failure_code) = ("failed".into(), "expired_or_canceled_card".into());
        payment(facts, REFUNDED).refunded_minor = 0;
        let back = [("provider_clearing", -2_000), ("merchant_balance", 2_000)];
        money::post(facts, REFUNDED, MADE, "refund_returned", back);
        super::calm::tell(
            facts,
            REFUNDED,
            MADE,
            "refund.failed",
            2_000,
            "expired_or_canceled_card",
        );
    });
    assert_eq!(found, all([]));
}

#[test]
fn a_refund_that_was_refused_wrongly() {
    let refuse = |problem: &'static str| {
        after(|facts| {
            let wishes = &mut facts.journal.orders[4].wishes;
            let told = super::calm::refusal(409, problem, "");
            wishes[0].asked.push(super::calm::asked(told));
        })
    };
    for problem in [
        "/problems/payment-not-paid",
        "/problems/idempotency-conflict",
        "/problems/action-refused",
    ] {
        assert_eq!(refuse(problem), doubled(HONEST_REFUSALS), "{problem}");
    }
    // Something else was asked back, but it was refused, so nothing was ever set aside for it.
    for problem in ["/problems/refund-too-large", "/problems/nothing-left-to-refund"] {
        assert_eq!(refuse(problem), doubled(HONEST_REFUSALS), "{problem}");
    }
}

/// It was refused while another one had its money set aside, which failed only later.
#[test]
fn a_refund_that_was_refused_for_one_that_fails_later() {
    let found = after(|facts| {
        let told = super::calm::refusal(409, "/problems/refund-too-large", "");
        let wishes = &mut facts.journal.orders[4].wishes;
        wishes[0].asked.push(super::calm::asked(told));
        unavailable(facts);
        give_up(facts, REFUSED, "provider_unavailable");
        retell(facts);
    });
    assert_eq!(found, all([]));
}

/// The refund that was refused has failed for want of the provider.
fn unavailable(facts: &mut Facts) {
    refund(facts, REFUSED).failure_code = "provider_unavailable".into();
}

/// Its merchant is told the same.
fn retell(facts: &mut Facts) {
    let (before, after) = ("refund_too_large", "provider_unavailable");
    for told in &mut facts.notifications {
        told.payload = told.payload.replace(before, after);
    }
    for received in facts.mail.values_mut().flatten() {
        received.body = received.body.replace(before, after);
    }
    facts.journal.orders[4].wishes[1]
        .asked
        .retain(|asked| asked.told.as_ref().is_none_or(|told| told.status != 409));
}

/// A job that was about this refund is given up and parked.
fn give_up(facts: &mut Facts, about: &str, error_class: &str) {
    let refund = refund(facts, about).clone();
    facts.refund_records.push(RefundRecord {
        refund: refund.id,
        job_id: "job_9".into(),
        outcome: "not_done".into(),
    });
    facts.failures.push(Failure {
        job_id: "job_9".into(),
        kind: "create_refund".into(),
        disposition: "dead_letter".into(),
        error_class: error_class.into(),
        correlation_id: REFUNDED.into(),
    });
    let letter = Letter {
        payload: json!({ "merchant_id": refund.merchant, "idempotency_key": refund.idempotency_key })
            .to_string(),
        properties: json!({
            "message_id": "job_9", "correlation_id": REFUNDED, "headers": { "error_class": error_class },
        }),
    };
    facts.parked.insert("dead.create_refund".into(), vec![letter]);
}

#[test]
fn a_refund_that_failed_without_the_provider_being_asked() {
    for code in [
        "provider_unavailable",
        "refused_by_provider",
        "not_configured",
        "payment_not_paid",
        "refund_currency_differs",
        "refund_amount_not_taken",
        "expired_or_canceled_card",
        "",
    ] {
        let found = after(|facts| refund(facts, REFUSED).failure_code = code.into());
        assert_eq!(found[GIVEN_BACK_ONCE], counts(1, 0, 0), "{code:?}");
        assert_eq!(
            found[TOLD_THE_TRUTH],
            counts(0, 1, 0),
            "its merchant was told another reason than {code:?}"
        );
    }
}

#[test]
fn a_refund_that_failed_for_want_of_money_that_was_there() {
    for code in ["refund_too_large", "nothing_left_to_refund"] {
        let found = after(|facts| {
            let refund = refund(facts, REFUSED);
            (refund.amount_minor, refund.failure_code) = (3_000, code.into());
        });
        assert_eq!(found[GIVEN_BACK_ONCE], counts(1, 0, 0), "{code}");
    }
}

#[test]
fn a_refund_that_failed_for_a_reason_that_its_jobs_story_tells() {
    let given_up = |about: &'static str, error_class: &'static str| {
        after(|facts| {
            unavailable(facts);
            retell(facts);
            give_up(facts, about, error_class);
        })
    };
    assert_eq!(given_up(REFUSED, "provider_unavailable"), all([]));
    assert_eq!(given_up(REFUSED, "internal"), lost(GIVEN_BACK_ONCE));
    // It was another refund of the same payment.
    assert_eq!(given_up(MADE, "provider_unavailable"), lost(GIVEN_BACK_ONCE));
    let absent = after(|facts| {
        unavailable(facts);
        retell(facts);
        facts.refund_records.push(RefundRecord {
            refund: REFUSED.into(),
            job_id: "job_9".into(),
            outcome: "absent".into(),
        });
    });
    assert_eq!(absent, all([]));
}

#[test]
fn a_review_that_another_refunds_job_does_not_excuse() {
    let in_review = |about: &'static str| {
        after(|facts| {
            refund(facts, REFUSED).status = "needs_review".into();
            give_up(facts, about, "outcome_unknown");
        })
    };
    assert!(!in_review(REFUSED).contains_key(REFUNDS_ENDED));
    assert_eq!(in_review(MADE)[REFUNDS_ENDED], counts(0, 0, 1));
}

#[test]
fn a_parked_refund_is_not_done_because_another_is() {
    let swallowed = |about: &'static str| {
        after(|facts| {
            give_up(facts, about, "outcome_unknown");
            facts.parked.remove("dead.create_refund");
        })
    };
    assert_eq!(swallowed(MADE), all([]));
    assert_eq!(swallowed(REFUSED), lost(EXPLAINED));
}
