//! Closing: what is noted, what becomes of it, and when a payment counts as late.

use super::*;

fn open() -> Payment {
    after([seen(IntentStatus::RequiresAction)])
}

fn begun(closing: Closing) -> PaymentEvent {
    PaymentEvent::ClosingBegun(closing)
}

fn is_late(events: impl IntoIterator<Item = PaymentEvent>) -> bool {
    after(events).is_late
}

#[test]
fn a_canceled_intent_ends_the_payment_for_the_reason_that_was_noted() {
    for (closing, status) in [
        (Closing::Canceled, PaymentStatus::Canceled),
        (Closing::Expired, PaymentStatus::Expired),
    ] {
        let noted = open().apply(begun(closing)).unwrap();
        assert!(noted.changed && noted.effects.is_empty());
        assert_eq!(noted.payment.status, PaymentStatus::RequiresAction);
        let closed = noted.payment.apply(seen(IntentStatus::Canceled)).unwrap();
        assert_eq!(closed.payment.status, status);
        assert_eq!(closed.effects.len(), 1, "the merchant is told");
    }
    // Nobody here has closed it: the provider, or people at its desk.
    let closed = after([seen(IntentStatus::RequiresAction), seen(IntentStatus::Canceled)]);
    assert_eq!((closed.status, closed.closing), (PaymentStatus::Canceled, None));
}

#[test]
fn what_the_merchant_wants_counts_more_than_the_clock() {
    let noted = |first, second| {
        let payment = open().apply(begun(first)).unwrap().payment;
        payment.apply(begun(second)).unwrap().payment.closing
    };
    assert_eq!(
        noted(Closing::Expired, Closing::Canceled),
        Some(Closing::Canceled)
    );
    assert_eq!(
        noted(Closing::Canceled, Closing::Expired),
        Some(Closing::Canceled)
    );
}

#[test]
fn a_refused_closing_is_taken_back_by_whom_it_belongs_to() {
    let noted = open().apply(begun(Closing::Canceled)).unwrap().payment;
    let of_another = noted
        .clone()
        .apply(PaymentEvent::ClosingRefused(Closing::Expired))
        .unwrap();
    assert!(!of_another.changed);
    let refused = noted
        .apply(PaymentEvent::ClosingRefused(Closing::Canceled))
        .unwrap();
    assert!(refused.changed);
    assert_eq!(refused.payment, open());
}

/// Nobody captures what is being closed, so it has to stay where it is closed.
#[test]
fn what_a_payer_agrees_to_while_it_is_closed_stays_open() {
    let noted = open().apply(begun(Closing::Canceled)).unwrap().payment;
    let agreed = noted.apply(seen(IntentStatus::Approved)).unwrap();
    assert!(!agreed.changed && agreed.effects.is_empty());
    assert_eq!(agreed.payment.status, PaymentStatus::RequiresAction);
    let refused = agreed
        .payment
        .apply(PaymentEvent::ClosingRefused(Closing::Canceled));
    let agreed = refused
        .unwrap()
        .payment
        .apply(seen(IntentStatus::Approved))
        .unwrap();
    assert_eq!(agreed.payment.status, PaymentStatus::Processing);
    assert!(agreed.effects.contains(&Effect::Capture));
}

#[test]
fn two_events_at_once_are_as_one_after_the_other() {
    let noted = open().apply(begun(Closing::Canceled)).unwrap().payment;
    let paid = noted.apply(seen(IntentStatus::Succeeded)).unwrap();
    let both = paid
        .clone()
        .then(PaymentEvent::ClosingRefused(Closing::Canceled))
        .unwrap();
    // Once it is paid, why it was being closed is history.
    assert_eq!(both, paid);
}

#[test]
fn without_an_intent_it_is_closed_at_once_and_for_good() {
    let closed = pending().apply(PaymentEvent::Closed(Closing::Canceled)).unwrap();
    assert_eq!(closed.payment.status, PaymentStatus::Canceled);
    let again = closed
        .payment
        .apply(PaymentEvent::Closed(Closing::Expired))
        .unwrap();
    assert!(!again.changed, "a canceled payment does not expire as well");
    let with_intent = open().apply(PaymentEvent::Closed(Closing::Canceled)).unwrap();
    assert!(!with_intent.changed, "its provider has to close it");
}

#[test]
fn only_what_was_closed_here_is_paid_late() {
    use IntentStatus::{Canceled, RequiresAction, Succeeded};
    for closing in [Closing::Canceled, Closing::Expired] {
        assert!(is_late([
            seen(RequiresAction),
            begun(closing),
            seen(Canceled),
            seen(Succeeded)
        ]));
        assert!(is_late([PaymentEvent::Closed(closing), seen(Succeeded)]));
        assert!(!is_late([
            seen(RequiresAction),
            begun(closing),
            seen(Succeeded),
            seen(Canceled)
        ]));
    }
    assert!(!is_late([seen(RequiresAction), seen(Canceled), seen(Succeeded)]));
}

fn any_closing() -> impl Strategy<Value = Closing> {
    prop_oneof![Just(Closing::Canceled), Just(Closing::Expired)]
}

/// What providers say, what we conclude, and what somebody does to close the payment.
fn with_closing() -> impl Strategy<Value = PaymentEvent> {
    prop_oneof![
        6 => anything(),
        2 => any_closing().prop_map(PaymentEvent::ClosingBegun),
        1 => any_closing().prop_map(PaymentEvent::ClosingRefused),
        1 => any_closing().prop_map(PaymentEvent::Closed),
    ]
}

proptest! {
    #[test]
    fn a_payment_only_climbs_and_is_closed_for_one_reason(events in prop::collection::vec(with_closing(), 0..16)) {
        let mut payment = pending();
        for event in events {
            let before = payment.clone();
            payment = payment.apply(event).unwrap().payment;
            prop_assert!(payment.status >= before.status);
            if before.status.is_closed() {
                prop_assert_eq!(payment.closing, before.closing);
                prop_assert!(payment.status == before.status || payment.status == PaymentStatus::Succeeded);
            }
        }
    }

    /// Late is what was closed here and paid then, and it is noticed once. Each success is posted once.
    #[test]
    fn late_is_noticed_once_and_told_with_the_payment(events in prop::collection::vec(with_closing(), 0..20)) {
        let (mut payment, mut late, mut posted) = (pending(), 0, 0);
        for event in events {
            let before = payment.clone();
            let applied = payment.apply(event).unwrap();
            let is_late = applied.effects.contains(&Effect::PaidLate);
            late += usize::from(is_late);
            posted += applied.effects.iter().filter(|effect| matches!(effect, Effect::Post(_))).count();
            prop_assert!(!is_late || before.status.is_closed() && before.closing.is_some());
            payment = applied.payment;
        }
        prop_assert_eq!(late, usize::from(payment.is_late));
        prop_assert_eq!(posted, usize::from(payment.status == PaymentStatus::Succeeded));
    }

    /// Saying something twice, as every job may, changes nothing the second time.
    #[test]
    fn the_second_time_nothing_changes(events in prop::collection::vec(with_closing(), 0..12), last in with_closing()) {
        let once = after(events).apply(last.clone()).unwrap().payment;
        let twice = once.clone().apply(last).unwrap();
        prop_assert!(!twice.changed && twice.effects.is_empty());
        prop_assert_eq!(twice.payment, once);
    }
}
