//! Requests, money and the ends of payments: one test for each way in which the evidence can be spoilt.

use super::{
    after, all,
    calm::{NEVER_OPENED, PAID, TWO_BODIES, intent},
    counts, doubled,
    invariants::*,
    lost, payment, stuck, unbalanced,
};

#[test]
fn an_accepted_request_that_is_not_stored() {
    let found = after(|facts| facts.payments.retain(|payment| payment.id != NEVER_OPENED));
    assert_eq!(found[KEPT], counts(1, 0, 0));
}

#[test]
fn a_request_without_an_answer_may_be_lost() {
    let found = after(|facts| {
        let mut order = facts.journal.orders[0].clone();
        order.key = "never-answered".into();
        order.looks.clear();
        order.requests[0]
            .asked
            .iter_mut()
            .for_each(|asked| asked.told = None);
        facts.journal.orders.push(order);
    });
    assert_eq!(found, all([]));
}

#[test]
fn a_payment_that_nobody_asked_for() {
    let found = after(|facts| {
        let mut other = payment(facts, NEVER_OPENED).clone();
        other.id = "pay_9".into();
        other.idempotency_key = "made-up".into();
        other.status = "requires_action".into();
        facts.payments.push(other);
        intent(facts, "pay_9", 3_000, "requires_payment_method", (0, 0));
    });
    assert_eq!(found, doubled(KEPT));
}

#[test]
fn two_payments_under_one_key() {
    let found = after(|facts| {
        let mut other = payment(facts, NEVER_OPENED).clone();
        other.id = "pay_9".into();
        other.status = "requires_action".into();
        facts.payments.push(other);
        intent(facts, "pay_9", 3_000, "requires_payment_method", (0, 0));
    });
    assert_eq!(found[KEPT], counts(0, 1, 0));
}

#[test]
fn another_amount_than_asked_for() {
    let found = after(|facts| payment(facts, TWO_BODIES).amount_minor = 4_002);
    assert_eq!(found[KEPT].doubled, 1);
}

#[test]
fn another_body_that_is_accepted_and_not_parked() {
    let found = after(|facts| {
        facts.parked.get_mut("dead.create_intent").unwrap().pop();
        facts.failures.pop();
    });
    assert_eq!(found, lost(KEPT));
}

#[test]
fn a_repeat_under_another_id() {
    let found = after(|facts| {
        let again = facts.journal.orders[0].requests[0].asked[1].clone();
        facts.journal.orders[0].requests[0].asked.push(again);
        facts.journal.orders[0].requests[0].asked[2]
            .told
            .as_mut()
            .unwrap()
            .id = "pay_9".into();
    });
    assert_eq!(found, doubled(ONE_ID));
}

#[test]
fn a_second_intent() {
    let found = after(|facts| {
        let mut second = facts.intents[0].clone();
        second.id = "pi_9".into();
        (second.charges_succeeded, second.amount_received) = (0, 0);
        facts.intents.push(second);
    });
    assert_eq!(found, doubled(ONE_INTENT));
}

#[test]
fn an_intent_without_a_payment() {
    let found = after(|facts| intent(facts, "pay_9", 500, "requires_payment_method", (0, 0)));
    assert_eq!(found, lost(ONE_INTENT));
}

#[test]
fn an_intent_in_another_account() {
    assert_eq!(
        after(|facts| facts.intents[0].account = "sk_2".into()),
        doubled(ONE_INTENT)
    );
}

#[test]
fn an_intent_for_another_amount() {
    assert_eq!(after(|facts| facts.intents[2].amount = 1), doubled(ONE_INTENT));
}

#[test]
fn a_call_under_another_key() {
    let found = after(|facts| {
        let mut other = facts.openings[0].clone();
        other.idempotency_key = Some("another".into());
        facts.openings.push(other);
    });
    assert_eq!(found, doubled(ONE_KEY));
    assert_eq!(
        after(|facts| facts.openings[0].idempotency_key = None),
        doubled(ONE_KEY)
    );
}

#[test]
fn money_that_moved_twice() {
    assert_eq!(
        after(|facts| facts.intents[0].charges_succeeded = 2),
        doubled(CHARGED_IS_PAID)
    );
}

#[test]
fn another_sum_than_asked_for() {
    assert_eq!(
        after(|facts| facts.intents[0].amount_received = 999),
        all([doubled(CHARGED_IS_PAID), unbalanced(BOOKS_AGREE)])
    );
}

#[test]
fn a_charge_that_is_not_known() {
    let found = after(|facts| {
        (
            facts.intents[2].charges_succeeded,
            facts.intents[2].amount_received,
        ) = (1, 4_000);
    });
    assert_eq!(found, all([lost(CHARGED_IS_PAID), unbalanced(BOOKS_AGREE)]));
}

#[test]
fn a_payer_who_knows_of_a_charge_that_the_books_do_not_have() {
    let found = after(|facts| facts.journal.orders[0].payer[0].intent = "pi_9".into());
    assert_eq!(found, lost(CHARGED_IS_PAID));
}

#[test]
fn a_success_without_a_charge() {
    let found = after(|facts| {
        facts.intents[0].charges_succeeded = 0;
        facts.journal.orders[0].payer.clear();
    });
    let broken = [CHARGED_IS_PAID, CARDS_DECIDE, TOLD_THE_TRUTH];
    assert_eq!(found, all(broken.map(doubled)));
}

#[test]
fn a_failure_with_an_open_intent() {
    let found = after(|facts| intent(facts, NEVER_OPENED, 3_000, "requires_payment_method", (0, 0)));
    assert_eq!(found, all([doubled(FAILED_IS_DECLINED), doubled(TOLD_THE_TRUTH)]));
}

#[test]
fn a_payment_that_nothing_ended() {
    let found = after(|facts| {
        payment(facts, TWO_BODIES).status = "pending".into();
        facts.journal.orders[3].looks.clear();
    });
    assert_eq!(found[ENDED], counts(0, 0, 1));
}

#[test]
fn a_payer_who_paid_unnoticed() {
    let found = after(|facts| facts.intents[2].status = "succeeded".into());
    assert_eq!(found, stuck(ENDED));
    let found = after(|facts| facts.intents[2].charges_failed = 1);
    assert_eq!(found, stuck(ENDED));
}

#[test]
fn a_review_that_nobody_sees() {
    let found = after(|facts| {
        payment(facts, NEVER_OPENED).status = "needs_review".into();
        facts
            .failures
            .retain(|failure| failure.correlation_id != NEVER_OPENED);
    });
    assert_eq!(found[ENDED], counts(0, 0, 1));
}

#[test]
fn a_client_that_sees_a_payment_go_back() {
    let found = after(|facts| facts.journal.orders[0].looks.swap(1, 2));
    assert_eq!(found, doubled(FORWARD));
}

#[test]
fn a_payment_that_is_seen_and_then_gone() {
    let found = after(|facts| facts.journal.orders[0].looks.swap(0, 2));
    assert_eq!(found[FORWARD].lost, 1);
}

#[test]
fn a_merchant_that_is_told_of_a_step_back() {
    let found = after(|facts| {
        let failed = &mut facts.notifications[1];
        failed.payload = failed.payload.replace("10:00:01", "10:00:09");
        let payload = failed.payload.clone();
        for received in facts
            .mail
            .values_mut()
            .flatten()
            .filter(|received| received.id.as_deref() == Some("ntf_1"))
        {
            received.body.clone_from(&payload);
        }
    });
    assert_eq!(found, doubled(FORWARD));
}

#[test]
fn notifications_may_arrive_in_another_order() {
    let found = after(|facts| facts.mail.values_mut().for_each(|mail| mail.reverse()));
    assert_eq!(found, all([]));
}

/// The payment comes with this card in its request, which is all that anybody pays with, and ends so.
fn with_a_card(card: &'static str, id: &str, status: &str) -> super::Broken {
    after(|facts| {
        let order = facts
            .payments
            .iter()
            .position(|payment| payment.id == id)
            .unwrap();
        facts.journal.orders[order].payer.clear();
        facts.journal.orders[order].requests[0].wanted.payment_method = Some(card);
        payment(facts, id).status = status.into();
    })
}

#[test]
fn a_card_that_is_forgotten_on_the_way() {
    for card in ["pm_card_visa", "pm_card_chargeDeclined"] {
        for status in ["requires_action", "canceled", "expired"] {
            let found = with_a_card(card, TWO_BODIES, status);
            assert_eq!(found[CARDS_DECIDE], counts(1, 0, 0), "{card}, {status}");
        }
    }
}

#[test]
fn a_good_card_that_fails_at_the_provider() {
    let found = with_a_card("pm_card_visa", PAID, "failed");
    assert_eq!(found[CARDS_DECIDE], counts(1, 0, 0));
}

#[test]
fn a_good_card_may_pay_or_find_no_intent() {
    assert_eq!(with_a_card("pm_card_visa", PAID, "succeeded"), all([]));
    assert_eq!(with_a_card("pm_card_visa", NEVER_OPENED, "failed"), all([]));
    let in_review = with_a_card("pm_card_visa", NEVER_OPENED, "needs_review");
    assert_eq!(in_review.get(CARDS_DECIDE), None);
}

#[test]
fn a_card_that_never_pays_and_did() {
    let found = with_a_card("pm_card_chargeDeclined", PAID, "succeeded");
    assert_eq!(found, doubled(CARDS_DECIDE));
}

#[test]
fn a_payment_that_nobody_paid() {
    assert_eq!(
        after(|facts| facts.journal.orders[0].payer.clear()),
        doubled(CARDS_DECIDE)
    );
    let found = after(|facts| facts.journal.orders[0].payer[0].said = Some("card_declined".into()));
    assert_eq!(found, doubled(CARDS_DECIDE));
}

#[test]
fn a_payer_without_an_answer_may_have_paid() {
    let found = after(|facts| facts.journal.orders[0].payer[0].said = None);
    assert_eq!(found, all([]));
}
