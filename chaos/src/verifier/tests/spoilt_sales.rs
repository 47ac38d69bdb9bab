//! Orders for goods: one test for each way in which the evidence can be spoilt.

use e2e::rabbit::Letter;
use serde_json::json;

use super::{
    Broken, all, broken,
    calm::{
        MERCHANT, asked, refusal,
        sales::{self, ALL_BACK, CALLED_OFF, CLOSED_WITH_IT, CUP_BACK, PAYER, SECOND_PAYER, SOLD, log},
    },
    counts, doubled,
    invariants::*,
    lost, over_refunded, payment, refund, stuck, unbalanced,
};
use crate::{
    journal::StepDeed,
    verifier::facts::{Facts, Failure, Notification, StoredOrder},
};

/// What is found when the evidence of a calm day on which goods were sold is spoilt.
fn after(spoil: impl FnOnce(&mut Facts)) -> Broken {
    let mut facts = sales::day();
    spoil(&mut facts);
    broken(&facts)
}

fn order<'a>(facts: &'a mut Facts, id: &str) -> &'a mut StoredOrder {
    facts.orders.iter_mut().find(|order| order.id == id).unwrap()
}

/// The job about this was given up.
fn given_up(facts: &mut Facts, kind: &str, about: &str) {
    facts.failures.push(Failure {
        job_id: "job_given_up".into(),
        kind: kind.into(),
        disposition: "dead_letter".into(),
        error_class: "provider_unavailable".into(),
        correlation_id: about.into(),
    });
}

/// And parked, with the key that it came under.
fn parked(facts: &mut Facts, kind: &str, about: &str, key: &str) {
    given_up(facts, kind, about);
    let letter = Letter {
        payload: json!({ "merchant_id": MERCHANT, "idempotency_key": key }).to_string(),
        properties: json!({
            "message_id": "job_given_up", "correlation_id": about,
            "headers": { "error_class": "provider_unavailable" },
        }),
    };
    facts.parked.insert(format!("dead.{kind}"), vec![letter]);
}

#[test]
fn an_accepted_order_that_is_not_stored() {
    let found = after(|facts| facts.orders.retain(|order| order.id != SOLD));
    assert_eq!(found[ORDERS_KEPT], counts(1, 0, 0));
}

#[test]
fn an_order_that_nobody_asked_for() {
    let found = after(|facts| {
        let mut other = order(facts, CALLED_OFF).clone();
        other.id = "ord_9".into();
        other.idempotency_key = "made-up".into();
        facts.orders.push(other);
        log(facts, "ord_9", "create", "created", None, None);
        log(facts, "ord_9", "cancel", "canceled", None, None);
    });
    assert_eq!(found[ORDERS_KEPT], counts(0, 1, 0));
}

#[test]
fn two_orders_under_one_key() {
    let found = after(|facts| {
        let mut other = order(facts, CALLED_OFF).clone();
        other.id = "ord_9".into();
        facts.orders.push(other);
    });
    assert!(found[ORDERS_KEPT].doubled > 0);
}

#[test]
fn an_order_that_is_called_otherwise() {
    let found = after(|facts| {
        let mut again = facts.journal.sales[0].asked[1].clone();
        again.told.as_mut().unwrap().id = "ord_9".into();
        facts.journal.sales[0].asked.push(again);
    });
    assert_eq!(found, doubled(ORDERS_KEPT));
}

#[test]
fn an_order_about_something_else() {
    assert_eq!(
        after(|facts| order(facts, CALLED_OFF).currency = "EUR".into()),
        all([doubled(ORDERS_KEPT), doubled(ORDERS_TOLD)])
    );
    assert_eq!(after(|facts| facts.items[3].quantity = 1), doubled(ORDERS_KEPT));
}

#[test]
fn a_step_that_nobody_knows_the_end_of() {
    let found = after(|facts| facts.order_actions.retain(|action| action.action != "ship"));
    assert_eq!(
        found,
        all([
            lost(STEPS_TAKEN),
            // It was sent without anybody's wish.
            doubled(LOGS_AGREE)
        ])
    );
}

/// A step that was parked can be sent again, and people know of it.
#[test]
fn a_step_that_is_parked() {
    let found = after(|facts| {
        let step = facts.journal.sales[0].steps[2].clone();
        let mut again = step.clone();
        again.key = "parked".into();
        again.asked.truncate(2);
        facts.journal.sales[0].steps.push(again);
        parked(facts, "change_order", SOLD, "parked");
    });
    assert_eq!(found, all([]));
}

#[test]
fn a_job_about_an_order_that_was_given_up() {
    let parked_about = |order| after(|facts| parked(facts, "create_order", order, "key"));
    assert_eq!(parked_about("ord_9"), stuck(EXPLAINED));
    assert_eq!(parked_about(SOLD), all([]));
    for kind in ["create_order", "change_order"] {
        let swallowed = |order| after(|facts| given_up(facts, kind, order));
        assert_eq!(swallowed("ord_9"), lost(EXPLAINED), "{kind}");
        assert_eq!(swallowed(SOLD), all([]), "{kind}");
    }
}

#[test]
fn a_step_that_nobody_asked_for() {
    let found = after(|facts| {
        let mut action = facts.order_actions.last().unwrap().clone();
        action.idempotency_key = "made-up".into();
        action.outcome = "refused".into();
        facts.order_actions.push(action);
    });
    assert_eq!(found, doubled(STEPS_TAKEN));
}

#[test]
fn a_step_that_is_told_otherwise() {
    let found = after(|facts| facts.order_actions.last_mut().unwrap().outcome = "refused".into());
    assert_eq!(found[STEPS_TAKEN], counts(0, 1, 0));
    let found = after(|facts| {
        let refused = refusal(409, "/problems/action-refused", "");
        facts.journal.sales[0].steps[0].asked.push(asked(refused));
    });
    assert_eq!(found, doubled(STEPS_TAKEN));
}

#[test]
fn a_payment_that_a_step_began_and_that_is_not_there() {
    let found = after(|facts| facts.payments.retain(|payment| payment.id != CLOSED_WITH_IT));
    assert_eq!(found[STEPS_TAKEN], counts(1, 0, 0));
}

#[test]
fn a_payment_of_another_order() {
    let found = after(|facts| payment(facts, CLOSED_WITH_IT).order_id = Some(SOLD.into()));
    assert_eq!(found[STEPS_TAKEN], counts(0, 1, 0));
}

#[test]
fn a_payment_of_an_order_that_no_step_began() {
    let found = after(|facts| {
        let action = facts.order_actions.iter_mut();
        let mut action = action.filter(|action| action.payment.as_deref() == Some(SECOND_PAYER));
        action.next().unwrap().payment = None;
    });
    assert_eq!(found, all([doubled(STEPS_TAKEN), doubled(KEPT)]));
}

#[test]
fn a_refund_of_an_order_that_no_step_began() {
    let found = after(|facts| {
        let logs = facts.order_logs.iter_mut();
        logs.filter(|log| log.step == "refund")
            .for_each(|log| log.refund = Some(ALL_BACK.into()));
    });
    assert_eq!(found[STEPS_TAKEN].doubled, 2, "that one, and the one it names");
    assert_eq!(found[REFUNDS_KEPT], counts(0, 1, 0));
}

#[test]
fn an_order_that_is_paid_by_nothing() {
    let found = after(|facts| order(facts, SOLD).paid_by = None);
    assert_eq!(found[ORDERS_PAID_ONCE].doubled, 1);
}

#[test]
fn an_order_that_is_paid_by_a_payment_that_is_not() {
    let found = after(|facts| payment(facts, PAYER).status = "failed".into());
    assert_eq!(found[ORDERS_PAID_ONCE], counts(0, 1, 0));
    let found = after(|facts| payment(facts, PAYER).order_id = Some(CALLED_OFF.into()));
    assert!(found[ORDERS_PAID_ONCE].doubled > 0);
}

#[test]
fn an_order_that_does_not_know_that_it_is_paid() {
    let found = after(|facts| {
        let order = order(facts, SOLD);
        order.paid_by = None;
        order.stage = "created".into();
        order.status = "created".into();
    });
    assert_eq!(found[ORDERS_PAID_ONCE], counts(2, 0, 0));
}

/// A second payer's money that stays.
#[test]
fn an_order_that_is_paid_twice() {
    let spoil = |facts: &mut Facts| {
        payment(facts, SECOND_PAYER).refunded_minor = 0;
        refund(facts, ALL_BACK).status = "failed".into();
    };
    assert_eq!(after(spoil)[ORDERS_PAID_ONCE], counts(1, 0, 0));
    let told = after(|facts| {
        spoil(facts);
        given_up(facts, "create_refund", SECOND_PAYER);
    });
    assert_eq!(told.get(ORDERS_PAID_ONCE), None, "people know of it");
}

#[test]
fn a_payer_whom_the_books_do_not_know() {
    let found = after(|facts| facts.journal.sales[0].payer[0].intent = "pi_9".into());
    assert_eq!(found, lost(ORDERS_PAID_ONCE));
}

#[test]
fn items_that_are_not_what_refunds_give_back() {
    assert_eq!(
        after(|facts| facts.item_refunds.clear())[ITEMS_AGREE].unbalanced,
        2,
        "the item counts more, and the refund is about more"
    );
    let found = after(|facts| facts.items[1].refunding_quantity = 1);
    assert_eq!(found[ITEMS_AGREE].unbalanced, 2, "the order counts less");
}

#[test]
fn money_that_is_not_what_items_come_to() {
    let found = after(|facts| order(facts, SOLD).refunded_minor = 251);
    assert_eq!(found, unbalanced(ITEMS_AGREE));
}

#[test]
fn an_order_that_gives_back_too_much() {
    let found = after(|facts| order(facts, CALLED_OFF).refunded_minor = 2_001);
    assert_eq!(
        found[ITEMS_AGREE],
        super::Counts {
            unbalanced: 1,
            ..over_refunded(ITEMS_AGREE)[ITEMS_AGREE]
        }
    );
}

#[test]
fn a_log_that_does_not_end_where_the_order_stands() {
    assert_eq!(
        after(|facts| order(facts, SOLD).status = "refunded".into()),
        lost(LOGS_AGREE)
    );
    let found = after(|facts| facts.order_logs.retain(|log| log.step != "create"));
    assert_eq!(
        found[LOGS_AGREE].lost, 4,
        "it is missing and the beginning, of two orders"
    );
}

#[test]
fn a_step_that_is_logged_twice_or_not_at_all() {
    for step in [
        "pay",
        "paid",
        "payment_not_wanted",
        "refund",
        "refunded",
        "cancel",
    ] {
        let found = after(|facts| {
            let place = facts.order_logs.iter().position(|log| log.step == step);
            let log = facts.order_logs[place.unwrap()].clone();
            facts.order_logs.insert(place.unwrap(), log);
        });
        assert_eq!(found[LOGS_AGREE], counts(0, 1, 0), "{step}");
        let found = after(|facts| facts.order_logs.retain(|log| log.step != step));
        assert!(found[LOGS_AGREE].lost > 0, "{step}");
    }
}

#[test]
fn a_log_that_names_another_payer() {
    let found = after(|facts| {
        let mut logs = facts.order_logs.iter_mut().filter(|log| log.step == "paid");
        logs.next().unwrap().payment = Some(SECOND_PAYER.into());
    });
    assert_eq!(found, doubled(LOGS_AGREE));
}

#[test]
fn an_order_that_moved_backwards() {
    let found = after(|facts| {
        let mut logs = facts.order_logs.iter_mut().filter(|log| log.step == "refund");
        logs.next().unwrap().status = "created".into();
    });
    assert_eq!(found, doubled(LOGS_AGREE));
    let found = after(|facts| {
        let looks = &mut facts.journal.sales[0].looks;
        looks.swap(1, 3);
    });
    assert_eq!(found, doubled(LOGS_AGREE));
}

#[test]
fn an_order_that_stays_refunding() {
    let spoil = |facts: &mut Facts| {
        let order = order(facts, SOLD);
        order.status = "refunding".into();
        refund(facts, CUP_BACK).status = "needs_review".into();
    };
    assert_eq!(after(spoil)[ORDERS_ENDED], counts(0, 0, 1));
    let told = after(|facts| {
        spoil(facts);
        given_up(facts, "create_refund", PAYER);
    });
    assert_eq!(told.get(ORDERS_ENDED), None, "people look at it");
}

#[test]
fn a_canceled_order_that_can_be_paid() {
    let spoil = |status: &'static str| {
        move |facts: &mut Facts| {
            payment(facts, CLOSED_WITH_IT).status = status.into();
            facts.intents.last_mut().unwrap().status = "requires_payment_method".into();
        }
    };
    for status in ["requires_action", "failed"] {
        let found = after(spoil(status));
        assert_eq!(found[ORDERS_ENDED], counts(0, 0, 1), "{status}");
    }
    let told = after(|facts| {
        spoil("requires_action")(facts);
        given_up(facts, "cancel_payment", CLOSED_WITH_IT);
    });
    assert_eq!(told.get(ORDERS_ENDED), None, "people look at it");
}

#[test]
fn an_order_that_does_not_know_that_its_payment_failed() {
    let found = after(|facts| {
        let order = order(facts, CALLED_OFF);
        (order.status, order.stage) = ("created".into(), "created".into());
        order.last_payment = Some(CLOSED_WITH_IT.into());
        payment(facts, CLOSED_WITH_IT).status = "failed".into();
    });
    assert_eq!(found[ORDERS_ENDED], stuck(ORDERS_ENDED)[ORDERS_ENDED]);
}

#[test]
fn a_dishonest_refusal_about_an_order() {
    let refused = |deed: fn(&StepDeed) -> bool, status, problem: &str| {
        after(|facts| {
            let sales = facts.journal.sales.iter_mut();
            let mut steps = sales.flat_map(|sale| &mut sale.steps);
            let step = steps.find(|step| deed(&step.deed)).unwrap();
            step.asked.insert(0, asked(refusal(status, problem, "")));
        })
    };
    let is_ship: fn(&StepDeed) -> bool = |deed| matches!(deed, StepDeed::Ship);
    for (status, problem) in [
        (503, "/problems/broker-unavailable"),
        (404, "/problems/not-found"),
        (409, "/problems/idempotency-conflict"),
        (500, "/problems/internal"),
    ] {
        let found = refused(is_ship, status, problem);
        assert_eq!(found, doubled(HONEST_ABOUT_ORDERS), "{status}");
    }
    let found = after(|facts| {
        let nothing = refusal(409, "/problems/idempotency-conflict", "");
        facts.journal.sales[0].asked.push(asked(nothing));
    });
    assert_eq!(found, doubled(HONEST_ABOUT_ORDERS));
    let found = after(|facts| {
        let looks = &mut facts.journal.sales[0].looks;
        looks.push(asked(refusal(404, "/problems/not-found", "")));
    });
    assert_eq!(found, doubled(HONEST_ABOUT_ORDERS));
}

/// A refund is refused though it is the only one.
#[test]
fn a_refusal_of_what_the_order_allowed() {
    let found = after(|facts| {
        let refused = refusal(409, "/problems/action-refused", "");
        let steps = facts.journal.sales[0].steps.iter_mut();
        let mut refunds = steps.filter(|step| matches!(step.deed, StepDeed::Refund { .. }));
        refunds.next().unwrap().asked.push(asked(refused));
    });
    assert_eq!(found, all([doubled(STEPS_TAKEN), doubled(HONEST_ABOUT_ORDERS)]));
}

/// The notification about an order of this type.
fn about_order<'a>(facts: &'a mut Facts, event_type: &str) -> &'a mut Notification {
    let mut told = facts.notifications.iter_mut();
    told.find(|told| told.event_type == event_type).unwrap()
}

#[test]
fn a_step_that_its_merchant_is_not_told_of_or_twice() {
    for event_type in ["order.paid", "order.refunded", "order.shipped", "order.canceled"] {
        let found = after(|facts| facts.notifications.retain(|told| told.event_type != event_type));
        assert_eq!(found[ORDERS_TOLD], counts(1, 0, 0), "{event_type}");
        let found = after(|facts| {
            let again = about_order(facts, event_type).clone();
            facts.notifications.push(again);
        });
        assert_eq!(found, doubled(ORDERS_TOLD), "{event_type}");
    }
}

#[test]
fn a_notification_about_an_order_that_is_not_so() {
    for (says, instead) in [
        ("\"paid\"", "\"shipped\""),
        (MERCHANT, "mer_2"),
        ("2000", "2001"),
        ("USD", "EUR"),
        (SOLD, CALLED_OFF),
    ] {
        let found = after(|facts| {
            let told = about_order(facts, "order.paid");
            told.payload = told.payload.replace(says, instead);
        });
        assert_eq!(found[ORDERS_TOLD], counts(0, 1, 0), "{says}");
    }
    let found = after(|facts| about_order(facts, "order.paid").subject = "ord_9".into());
    assert_eq!(found[ORDERS_TOLD], counts(1, 1, 0));
}

#[test]
fn a_notification_about_an_order_that_did_not_arrive() {
    let found = after(|facts| about_order(facts, "order.paid").status = "pending".into());
    assert_eq!(found, stuck(TOLD_ONCE));
}
