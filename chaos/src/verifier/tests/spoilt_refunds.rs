//! Refunds: one test for each way in which the evidence can be spoilt.

use super::{
    Broken, after, all,
    calm::{MADE, REFUNDED, REFUSED, money},
    counts, doubled,
    invariants::*,
    lost, over_refunded, payment, refund, unbalanced,
};
use crate::verifier::facts::Refund;

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

/// A refund can fail after it had succeeded.
#[test]
fn a_refund_that_fails_in_the_end() {
    let found: Broken = after(|facts| {
        facts.provider_refunds[0].status = "failed".into();
        refund(facts, MADE).status = "failed".into();
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
    // Something else was asked back at the same time.
    assert_eq!(refuse("/problems/refund-too-large"), all([]));
}
