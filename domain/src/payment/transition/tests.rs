mod closing;
mod order;

use std::collections::HashSet;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::ledger::Transfer;
use crate::merchant::Terms;
use crate::{
    channel::{Channel, Destination, NextAction},
    currency::Currency,
    id::{IdempotencyKey, MerchantId},
    payment::{NextStep, PaymentRequest},
};

const MONEY: Money = Money {
    amount_minor: 1999,
    currency: Currency::USD,
};

fn pending() -> Payment {
    let request = PaymentRequest::of(MONEY);
    let key = IdempotencyKey::try_from("k".to_owned()).unwrap();
    let merchant: MerchantId = "mer_00000000000000000000000000000001".parse().unwrap();
    Payment::new(
        merchant,
        key,
        request,
        Channel::Stripe,
        &Terms::default(),
        DateTime::UNIX_EPOCH,
    )
}

fn declined() -> IntentStatus {
    IntentStatus::Declined(Failure {
        code: "card_declined".into(),
        message: "The card was declined.".into(),
        next_step: NextStep::UseAnotherPaymentMethod,
    })
}

fn seen(change: IntentStatus) -> PaymentEvent {
    let received_minor = if change == IntentStatus::Succeeded {
        MONEY.amount_minor
    } else {
        0
    };
    let intent = Intent {
        id: "pi_1".into(),
        payment_id: None,
        money: MONEY,
        received_minor,
        status: change.clone(),
        next_action: Some(NextAction::client_secret("pi_1_secret".into())),
        destination: None,
    };
    PaymentEvent::IntentSeen { intent, change }
}

fn after(events: impl IntoIterator<Item = PaymentEvent>) -> Payment {
    events
        .into_iter()
        .fold(pending(), |payment, event| payment.apply(event).unwrap().payment)
}

#[test]
fn a_paid_intent_settles_the_payment_and_tells_the_merchant_once() {
    let paid = pending().apply(seen(IntentStatus::Succeeded)).unwrap();
    assert_eq!(paid.payment.status, PaymentStatus::Succeeded);
    let told: Vec<_> = paid.effects.iter().filter_map(Effect::told).collect();
    assert_eq!(told, [NotificationType::PaymentSucceeded]);
    assert!(
        paid.effects
            .contains(&Effect::Post(Transfer::payment_received(&paid.payment)))
    );
    let again = paid.payment.apply(seen(IntentStatus::Succeeded)).unwrap();
    assert!(!again.changed && again.effects.is_empty());
}

#[test]
fn a_second_card_pays_after_a_decline_and_a_late_decline_changes_nothing() {
    let payment = after([seen(IntentStatus::RequiresAction), seen(declined())]);
    assert_eq!(payment.status, PaymentStatus::Failed);
    let payment = payment.apply(seen(IntentStatus::Succeeded)).unwrap().payment;
    assert_eq!(
        (payment.status, &payment.failure),
        (PaymentStatus::Succeeded, &None)
    );
    let late = payment.apply(seen(declined())).unwrap();
    assert!(!late.changed);
}

#[test]
fn giving_up_yields_to_an_intent_that_is_known() {
    let gave_up = || PaymentEvent::GaveUp(Failure::provider_unavailable());
    assert_eq!(after([gave_up()]).status, PaymentStatus::Failed);
    assert_eq!(
        after([seen(IntentStatus::RequiresAction), gave_up()]).status,
        PaymentStatus::RequiresAction
    );
    assert_eq!(
        after([seen(IntentStatus::RequiresAction), PaymentEvent::LostSight]).status,
        PaymentStatus::RequiresAction
    );
}

#[test]
fn a_payment_lost_from_sight_comes_back_with_any_news() {
    let lost = after([PaymentEvent::LostSight]);
    assert_eq!(lost.status, PaymentStatus::NeedsReview);
    let found = lost.apply(seen(IntentStatus::RequiresAction)).unwrap().payment;
    assert_eq!(
        (found.status, &found.failure),
        (PaymentStatus::RequiresAction, &None)
    );
}

#[test]
fn money_that_goes_another_way_is_refused() {
    let way = |account: &str, fee| Destination {
        account: account.into(),
        application_fee_minor: fee,
    };
    let ways = [
        None,
        Some(way("acct_1", None)),
        Some(way("acct_1", Some(301))),
        Some(way("acct_1", Some(300))),
        Some(way("acct_2", Some(301))),
    ];
    for expected in &ways {
        for shown in &ways {
            let mut payment = after([]);
            payment.request.destination = expected.clone();
            let mut event = seen(IntentStatus::Succeeded);
            if let PaymentEvent::IntentSeen { intent, .. } = &mut event {
                intent.destination = shown.clone().map(Box::new);
            }
            let applied = payment.apply(event);
            if expected == shown {
                assert_eq!(applied.unwrap().payment.status, PaymentStatus::Succeeded);
            } else {
                assert!(
                    matches!(applied, Err(TransitionError::OtherDestination { .. })),
                    "{expected:?}, {shown:?}"
                );
            }
        }
    }
}

#[test]
fn the_wrong_intent_or_money_is_refused() {
    let payment = after([seen(IntentStatus::RequiresAction)]);
    let change = |edit: fn(&mut Intent)| {
        let PaymentEvent::IntentSeen { mut intent, change } = seen(IntentStatus::Succeeded) else {
            unreachable!()
        };
        edit(&mut intent);
        payment.clone().apply(PaymentEvent::IntentSeen { intent, change })
    };
    assert!(matches!(
        change(|i| i.id = "pi_2".into()),
        Err(TransitionError::OtherIntent { .. })
    ));
    assert!(matches!(
        change(|i| i.money.amount_minor = 1),
        Err(TransitionError::OtherMoney { .. })
    ));
    assert!(matches!(
        change(|i| i.money.currency = Currency::EUR),
        Err(TransitionError::OtherMoney { .. })
    ));
    assert!(matches!(
        change(|i| i.received_minor = 1),
        Err(TransitionError::OtherMoney { .. })
    ));
}

fn any_event() -> impl Strategy<Value = PaymentEvent> {
    prop_oneof![
        Just(seen(IntentStatus::RequiresAction)),
        Just(seen(IntentStatus::Processing)),
        Just(seen(declined())),
        Just(seen(IntentStatus::Canceled)),
        Just(seen(IntentStatus::Succeeded)),
    ]
}

/// What providers say, and what we conclude when they say nothing.
fn anything() -> impl Strategy<Value = PaymentEvent> {
    prop_oneof![
        8 => any_event(),
        1 => Just(PaymentEvent::GaveUp(Failure::provider_unavailable())),
        1 => Just(PaymentEvent::LostSight),
    ]
}

proptest! {
    #[test]
    fn a_payment_never_goes_backwards(events in prop::collection::vec(anything(), 0..12)) {
        let mut payment = pending();
        for event in events {
            let before = payment.status;
            payment = payment.apply(event).unwrap().payment;
            prop_assert!(payment.status >= before);
        }
    }

    #[test]
    fn the_order_and_number_of_deliveries_do_not_matter(
        (events, shuffled) in prop::collection::vec(any_event(), 1..8)
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        repeats in 1..3_usize,
    ) {
        let repeated = shuffled.iter().flat_map(|event| std::iter::repeat_n(event.clone(), repeats));
        prop_assert_eq!(after(events), after(repeated));
    }

    #[test]
    fn each_status_is_announced_at_most_once(events in prop::collection::vec(anything(), 0..20)) {
        let mut told = Vec::new();
        let mut payment = pending();
        for event in events {
            let applied = payment.apply(event).unwrap();
            told.extend(applied.effects.iter().filter_map(Effect::told));
            payment = applied.payment;
        }
        let once: HashSet<_> = told.iter().collect();
        prop_assert_eq!(told.len(), once.len(), "{:?}", told);
    }
}

/// What the payer agreed to is asked for until it is there, and never of a payment that is closed or being closed.
#[test]
fn what_a_payer_agreed_to_is_captured() {
    let approved = || seen(IntentStatus::Approved);
    let captures = |applied: &Applied| {
        let captures = applied
            .effects
            .iter()
            .filter(|effect| **effect == Effect::Capture);
        (applied.changed, captures.count())
    };
    let first = pending().apply(approved()).unwrap();
    assert_eq!(
        (captures(&first), first.payment.status),
        ((true, 1), PaymentStatus::Processing)
    );
    let again = first.payment.clone().apply(approved()).unwrap();
    assert_eq!(captures(&again), (true, 1), "told again, it may have been lost");
    let declined = again.payment.apply(seen(declined())).unwrap().payment;
    let other_account = declined.apply(approved()).unwrap();
    assert_eq!(
        captures(&other_account),
        (true, 1),
        "a payer may agree again after a decline"
    );

    let paid = first
        .payment
        .clone()
        .apply(seen(IntentStatus::Succeeded))
        .unwrap()
        .payment;
    assert_eq!(captures(&paid.apply(approved()).unwrap()), (false, 0));
    let closing = first
        .payment
        .clone()
        .apply(PaymentEvent::ClosingBegun(Closing::Canceled))
        .unwrap()
        .payment;
    assert_eq!(captures(&closing.apply(approved()).unwrap()), (false, 0));
    let canceled = first.payment.apply(seen(IntentStatus::Canceled)).unwrap().payment;
    assert_eq!(captures(&canceled.apply(approved()).unwrap()), (false, 0));
}
