mod order;

use chrono::DateTime;

use super::*;
use crate::{
    channel::ChannelRefund,
    currency::Currency,
    examples::{INTENT_ID, key, paid, usd},
    id::PaymentId,
    order::{Order, OrderRefund},
    payment::PaymentStatus,
    refund::{RefundRefused, RefundRequest},
};

const PAID: i64 = 1999;

/// A refund whose amount is set aside on its payment.
fn reserved(payment: Payment, name: &str, amount_minor: i64) -> (Refund, Payment) {
    let request = RefundRequest {
        amount_minor: Some(amount_minor),
        ..RefundRequest::all_of(payment.id)
    };
    let money = payment.check_refund(None, &request).unwrap();
    let refund = Refund::new(&payment, key(name), request, money, DateTime::UNIX_EPOCH);
    (refund, payment.with_reserved(money))
}

fn shown(refund: &Refund, status: ChannelRefundStatus) -> ChannelRefund {
    ChannelRefund {
        id: format!("re_{}", refund.idempotency_key.as_str()),
        refund_id: Some(refund.id),
        intent_id: Some(INTENT_ID.into()),
        money: refund.money,
        status,
    }
}

fn returned() -> ChannelRefundStatus {
    ChannelRefundStatus::Failed(Failure::not_refunded("lost_or_stolen_card", "It is gone."))
}

fn gave_up() -> RefundEvent {
    RefundEvent::GaveUp(Failure::refund_unavailable())
}

fn seen(refund: &Refund, status: ChannelRefundStatus) -> RefundEvent {
    RefundEvent::Seen(shown(refund, status))
}

#[test]
fn a_refund_that_comes_back_can_be_made_again() {
    let (refund, payment) = reserved(paid(usd(PAID)), "k", PAID);
    assert_eq!(payment.refundable_minor(), 0);
    let event = seen(&refund, ChannelRefundStatus::Succeeded);
    let given = refund.apply(payment, event).unwrap();
    assert_eq!(
        (given.payment.refunded_minor, given.payment.refundable_minor()),
        (PAID, 0)
    );
    let event = seen(&given.refund, returned());
    let back = given.refund.apply(given.payment, event).unwrap();
    assert_eq!(
        (back.payment.refunded_minor, back.payment.refundable_minor()),
        (0, PAID)
    );
    assert_eq!(back.refund.failure.unwrap().code, "lost_or_stolen_card");
    assert_eq!(
        back.effects.iter().filter_map(Effect::told).collect::<Vec<_>>(),
        [NotificationType::RefundFailed]
    );
}

#[test]
fn giving_up_yields_to_a_refund_that_is_known() {
    for event in [gave_up(), RefundEvent::LostSight] {
        let (refund, payment) = reserved(paid(usd(PAID)), "k", 500);
        let taken = seen(&refund, ChannelRefundStatus::Processing);
        let known = refund.apply(payment, taken).unwrap();
        let after = known.refund.apply(known.payment, event).unwrap();
        assert_eq!(
            (after.refund.status, after.changed),
            (RefundStatus::Processing, false)
        );
    }
}

#[test]
fn what_is_stuck_keeps_its_amount_set_aside_and_may_still_arrive() {
    let (refund, payment) = reserved(paid(usd(PAID)), "k", 500);
    let (stuck, arrived) = (
        seen(&refund, ChannelRefundStatus::Stuck),
        seen(&refund, ChannelRefundStatus::Succeeded),
    );
    let stuck = refund.apply(payment, stuck).unwrap();
    assert_eq!(
        (stuck.refund.status, stuck.payment.refund_reserved_minor),
        (RefundStatus::Processing, 500)
    );
    let arrived = stuck.refund.apply(stuck.payment, arrived).unwrap();
    assert_eq!(arrived.payment.refunded_minor, 500);
}

#[test]
fn what_was_given_up_and_is_shown_as_made_is_refused() {
    for status in [
        ChannelRefundStatus::Processing,
        ChannelRefundStatus::Stuck,
        ChannelRefundStatus::Succeeded,
    ] {
        let (refund, payment) = reserved(paid(usd(PAID)), "k", 500);
        let event = seen(&refund, status);
        let given_up = refund.apply(payment, gave_up()).unwrap();
        assert_eq!(given_up.payment.refundable_minor(), PAID);
        assert!(matches!(
            given_up.refund.apply(given_up.payment, event),
            Err(RefundTransitionError::GivenUp { .. })
        ));
    }
}

#[test]
fn another_refund_intent_or_amount_is_refused() {
    let (refund, payment) = reserved(paid(usd(PAID)), "k", 500);
    let event = seen(&refund, ChannelRefundStatus::Processing);
    let AppliedRefund { refund, payment, .. } = refund.apply(payment, event).unwrap();
    let change = |edit: fn(&mut ChannelRefund)| {
        let mut shown = shown(&refund, ChannelRefundStatus::Succeeded);
        edit(&mut shown);
        refund.clone().apply(payment.clone(), RefundEvent::Seen(shown))
    };
    assert!(matches!(
        change(|r| r.id = "re_other".into()),
        Err(RefundTransitionError::OtherRefund { .. })
    ));
    assert!(matches!(
        change(|r| r.intent_id = Some("pi_other".into())),
        Err(RefundTransitionError::OtherIntent { .. })
    ));
    for wrong in [
        |r: &mut ChannelRefund| r.money.amount_minor = 501,
        |r: &mut ChannelRefund| r.money.currency = Currency::EUR,
    ] {
        assert!(matches!(
            change(wrong),
            Err(RefundTransitionError::OtherMoney { .. })
        ));
    }
    assert!(
        change(|r| r.intent_id = None).is_ok(),
        "a provider need not name the intent"
    );
}

#[test]
fn a_payment_says_why_it_cannot_be_refunded() {
    let payment = paid(usd(PAID));
    let request = |amount_minor| RefundRequest {
        amount_minor,
        ..RefundRequest::all_of(payment.id)
    };
    let check = |payment: &Payment, request| payment.check_refund(None, &request);
    assert_eq!(check(&payment, request(None)), Ok(usd(PAID)));
    assert_eq!(check(&payment, request(Some(PAID))), Ok(usd(PAID)));
    assert_eq!(
        check(&payment, request(Some(PAID + 1))),
        Err(RefundRefused::TooMuch(usd(PAID)))
    );
    let euros = RefundRequest {
        currency: Some(Currency::EUR),
        ..request(None)
    };
    assert_eq!(
        check(&payment, euros),
        Err(RefundRefused::OtherCurrency(usd(PAID)))
    );
    let (_, taken) = reserved(payment.clone(), "k", PAID);
    assert_eq!(check(&taken, request(Some(1))), Err(RefundRefused::NothingLeft));
    let disputed = Payment {
        disputed_minor: 500,
        ..payment.clone()
    };
    assert_eq!(check(&disputed, request(None)), Ok(usd(PAID - 500)));
    for status in PaymentStatus::ALL
        .into_iter()
        .filter(|status| *status != PaymentStatus::Succeeded)
    {
        let unpaid = Payment {
            status,
            ..payment.clone()
        };
        assert_eq!(check(&unpaid, request(None)), Err(RefundRefused::NotPaid(status)));
    }
}

#[test]
fn what_an_order_did_not_take_is_given_back_beside_it() {
    let order = crate::examples::order();
    let payment = paid(usd(PAID));
    let payment = Payment {
        request: crate::payment::PaymentRequest {
            order_id: Some(order.id),
            ..payment.request.clone()
        },
        ..payment
    };
    let paid_by = |paid_by| Order {
        paid_by,
        ..order.clone()
    };
    let another = PaymentId::derive(payment.merchant_id, &key("another"));
    let through_order = Err(RefundRefused::OfOrder(order.id));
    let by_hand = RefundRequest::all_of(payment.id);
    let check = |order: Option<&Order>| payment.check_refund(order, &by_hand);
    assert_eq!(check(Some(&paid_by(Some(payment.id)))), through_order);
    assert_eq!(check(None), through_order);
    for not_by_it in [None, Some(another)] {
        assert_eq!(check(Some(&paid_by(not_by_it))), Ok(usd(PAID)));
    }
    let of_order = RefundRequest {
        order: Some(OrderRefund {
            order_id: order.id,
            items: Vec::new(),
        }),
        ..by_hand.clone()
    };
    let checked = payment.check_refund(Some(&paid_by(Some(payment.id))), &of_order);
    assert_eq!(checked, Ok(usd(PAID)));
}
