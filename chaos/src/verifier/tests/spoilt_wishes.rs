//! Closing payments, and what was told of it: one test for each way in which the evidence can be spoilt.

use super::{
    after, all,
    calm::{CANCELED, NEVER_OPENED, PAID, TWO_BODIES, asked, refusal},
    counts, doubled,
    invariants::*,
    lost, payment, stuck,
};
use crate::journal::{Deed, Told, Wish};

#[test]
fn a_closed_payment_that_can_still_be_paid() {
    let found = after(|facts| facts.intents.last_mut().unwrap().status = "requires_payment_method".into());
    assert_eq!(found, lost(CLOSED));
}

#[test]
fn a_closed_payment_that_was_paid() {
    let found = after(|facts| {
        let intent = facts.intents.last_mut().unwrap();
        (intent.charges_succeeded, intent.amount_received) = (1, 6_000);
    });
    assert_eq!(found[CLOSED], counts(0, 1, 0));
    assert_eq!(found[CHARGED_IS_PAID], counts(1, 0, 0));
    assert_eq!(found[BOOKS_AGREE].unbalanced, 1);
}

#[test]
fn a_payment_whose_time_is_up_and_that_still_waits() {
    assert_eq!(
        after(|facts| payment(facts, TWO_BODIES).is_overdue = true),
        stuck(ENDED)
    );
    assert_eq!(after(|facts| payment(facts, PAID).is_overdue = true), all([]));
}

#[test]
fn a_wish_that_nobody_knows_the_end_of() {
    assert_eq!(after(|facts| facts.actions.clear()), lost(HONORED));
}

#[test]
fn a_wish_that_is_told_otherwise() {
    let found = after(|facts| {
        let wish = &mut facts.journal.orders[5].wishes[0];
        wish.asked
            .push(asked(refusal(409, "/problems/action-refused", "")));
    });
    assert_eq!(found, all([doubled(HONORED), doubled(HONEST_REFUSALS)]));
    let found = after(|facts| facts.actions[0].outcome = "refused".into());
    assert_eq!(found, doubled(HONORED));
}

/// There is nothing to call off where nothing was ever opened.
#[test]
fn a_wish_about_a_payment_that_failed_unopened() {
    let refused = |id: &'static str| {
        after(|facts| {
            let mut wish = facts.journal.orders[5].wishes[0].clone();
            wish.key = "too-late".into();
            wish.asked = vec![asked(refusal(409, "/problems/action-refused", ""))];
            let orders = facts.journal.orders.iter_mut();
            let mut orders = orders.filter(|order| order.key == format!("key-of-{id}"));
            orders.next().unwrap().wishes.push(wish);
        })
    };
    assert_eq!(refused(NEVER_OPENED), all([]));
    assert_eq!(refused(TWO_BODIES), doubled(HONEST_REFUSALS));
}

#[test]
fn a_wish_that_is_not_so() {
    let found = after(|facts| {
        payment(facts, CANCELED).status = "expired".into();
        facts.journal.orders[5].looks.clear();
    });
    assert_eq!(found[HONORED], counts(0, 1, 0));
}

#[test]
fn a_wish_that_nobody_had() {
    let found = after(|facts| {
        let mut action = facts.actions[0].clone();
        action.idempotency_key = "made-up".into();
        facts.actions.push(action);
    });
    assert_eq!(found, doubled(HONORED));
}

/// A confirm that is done has tried a card; what the card said is another matter.
#[test]
fn a_confirm_without_a_card() {
    let confirmed = |id: &'static str| {
        after(|facts| {
            let place = facts
                .payments
                .iter()
                .position(|payment| payment.id == id)
                .unwrap();
            let mut action = facts.actions[0].clone();
            action.action = "confirm".into();
            action.idempotency_key = "confirmed".into();
            action.payment = id.into();
            facts.actions.push(action);
            facts.journal.orders[place].wishes.push(Wish {
                key: "confirmed".into(),
                deed: Deed::Confirm { card: "pm_card_visa" },
                asked: vec![asked(Told {
                    status: 200,
                    id: id.into(),
                    ..Told::default()
                })],
                looks: Vec::new(),
            });
        })
    };
    assert_eq!(confirmed(PAID), all([]));
    assert_eq!(confirmed(TWO_BODIES), doubled(HONORED));
}
