//! Giving money back: all of it, parts of it, never more than was paid.

use domain::{
    callback::CallbackEvent,
    channel::{CallError, ChannelRefund, ChannelRefundStatus, NewRefund},
};

use crate::conformance::{
    acts::{Acts, refund_known},
    bench::{Bench, Truth},
};

/// Makes a refund that has to be taken, and sees it carried out.
async fn given_back<B: Bench>(bench: &B, new: &NewRefund) -> ChannelRefund {
    let refund = bench.give_back(new).await.unwrap();
    assert!(
        !matches!(refund.status, ChannelRefundStatus::Failed(_)),
        "{refund:?}"
    );
    assert_eq!((refund.refund_id, refund.money), (Some(new.refund_id), new.money));
    assert_eq!(refund.intent_id.as_ref(), Some(&new.intent.id));
    bench.refund_arrives(&refund).await;
    let shown = bench.show_refund(&refund_known(new, &refund)).await.unwrap();
    assert_eq!(shown.status, ChannelRefundStatus::Succeeded);
    assert_eq!(
        (&shown.id, shown.refund_id, shown.money),
        (&refund.id, Some(new.refund_id), new.money)
    );
    shown
}

/// Whether a refund was surely not taken.
fn is_turned_down(result: &Result<ChannelRefund, CallError>) -> bool {
    match result {
        Ok(refund) => matches!(refund.status, ChannelRefundStatus::Failed(_)),
        Err(error) => matches!(error, CallError::Refused { .. }),
    }
}

pub async fn all_of_a_payment_is_given_back<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let amount_minor = paid.new.money.amount_minor;
    given_back(&bench, &paid.refund(amount_minor)).await;
    let expected = Truth {
        intents: 1,
        payments: 1,
        received_minor: amount_minor,
        refunds: 1,
        refunded_minor: amount_minor,
    };
    assert_eq!(bench.truth(paid.new.payment_id).await, expected);
}

pub async fn parts_are_given_back_until_nothing_is_left<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let amount_minor = paid.new.money.amount_minor;
    let parts = [100, 1, amount_minor - 101].map(|part| paid.refund(part));
    for part in &parts {
        given_back(&bench, part).await;
        bench.rest().await;
    }
    for part in &parts {
        let found = bench.find_refund(part).await.unwrap().unwrap();
        assert_eq!((found.refund_id, found.money), (Some(part.refund_id), part.money));
    }
    let nothing_left = bench.give_back(&paid.refund(1)).await;
    assert!(is_turned_down(&nothing_left), "{nothing_left:?}");
    let truth = bench.truth(paid.new.payment_id).await;
    assert_eq!((truth.refunds, truth.refunded_minor), (3, amount_minor));
}

pub async fn more_than_was_paid_is_not_given_back<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let amount_minor = paid.new.money.amount_minor;
    let too_much = bench.give_back(&paid.refund(amount_minor + 1)).await;
    assert!(is_turned_down(&too_much), "{too_much:?}");
    bench.rest().await;
    given_back(&bench, &paid.refund(100)).await;
    bench.rest().await;
    let too_much = bench.give_back(&paid.refund(amount_minor - 99)).await;
    assert!(is_turned_down(&too_much), "{too_much:?}");
    let truth = bench.truth(paid.new.payment_id).await;
    assert_eq!((truth.refunds, truth.refunded_minor), (1, 100));
}

pub async fn refunds_at_the_same_moment_give_back_no_more_than_was_paid<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let most_of_it = paid.new.money.amount_minor - 50;
    let refunds: Vec<_> = (0..4).map(|_| paid.refund(most_of_it)).collect();
    let made = futures::future::join_all(refunds.iter().map(|new| bench.give_back(new))).await;
    let taken = made.iter().filter(|made| made.is_ok()).count();
    assert!(taken <= 1, "{made:?}");
    let truth = bench.truth(paid.new.payment_id).await;
    assert_eq!((truth.refunds, truth.refunded_minor), (1, most_of_it), "{made:?}");
}

pub async fn a_repeat_gives_nothing_back_again<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let new = paid.refund(100);
    let refund = bench.give_back(&new).await.unwrap();
    for _ in 0..2 {
        bench.rest().await;
        let again = bench.give_back(&new).await.unwrap();
        assert_eq!((&again.id, again.money), (&refund.id, refund.money));
        assert_eq!(again.refund_id, Some(new.refund_id));
    }
    let truth = bench.truth(paid.new.payment_id).await;
    assert_eq!((truth.refunds, truth.refunded_minor), (1, 100));
}

pub async fn what_was_not_paid_is_not_given_back<B: Bench>() {
    let bench = B::start().await;
    let opened = bench.opened().await;
    bench.payer_looks(&opened.intent).await;
    let refused = bench.give_back(&opened.refund(100)).await;
    assert!(is_turned_down(&refused), "{refused:?}");
    assert_eq!(bench.truth(opened.new.payment_id).await.refunds, 0);
}

pub async fn a_lost_refund_is_found<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let new = paid.refund(100);
    let refund = bench.give_back(&new).await.unwrap();
    bench.rest().await;
    bench.give_back(&paid.refund(50)).await.unwrap();
    let found = bench.find_refund(&new).await.unwrap().unwrap();
    assert_eq!((&found.id, found.refund_id), (&refund.id, Some(new.refund_id)));
    assert_eq!(found.money, new.money);
}

pub async fn a_refund_that_nobody_made_is_surely_absent<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    assert_eq!(bench.find_refund(&paid.refund(100)).await, Ok(None));
    bench.give_back(&paid.refund(100)).await.unwrap();
    assert_eq!(bench.find_refund(&paid.refund(100)).await, Ok(None));
}

/// A callback shows the refund, or says only that there is something to ask about.
pub async fn a_refund_is_told<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let new = paid.refund(100);
    let refund = bench.give_back(&new).await.unwrap();
    bench.refund_arrives(&refund).await;
    let told = bench
        .told(|event| match event {
            CallbackEvent::Refund(refund) => {
                refund.refund_id == Some(new.refund_id) && refund.status == ChannelRefundStatus::Succeeded
            }
            CallbackEvent::RefundTold(refund_id) => *refund_id == new.refund_id,
            CallbackEvent::Intent { .. }
            | CallbackEvent::Dispute(_)
            | CallbackEvent::AccountTold { .. }
            | CallbackEvent::AccountLost(_)
            | CallbackEvent::TransferReversed(_)
            | CallbackEvent::NeedsPeople { .. }
            | CallbackEvent::Other => false,
        })
        .await;
    if let CallbackEvent::Refund(shown) = told.event {
        assert_eq!((&shown.id, shown.money), (&refund.id, new.money));
    }
}
