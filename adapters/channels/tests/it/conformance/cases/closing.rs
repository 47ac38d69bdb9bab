//! Closing intents, before and after they were paid.

use domain::{callback::CallbackEvent, channel::IntentStatus};

use crate::conformance::{
    acts::{Acts, is_honest},
    bench::{Bench, Operation},
};

pub async fn an_open_intent_is_closed<B: Bench>() {
    let bench = B::start().await;
    let opened = bench.opened().await;
    bench.payer_looks(&opened.intent).await;
    // Of one job twice, and of another.
    for job in [1, 1, 2] {
        let closed = bench.close(&opened.cancellation(job)).await.unwrap();
        assert_eq!(
            (closed.status, closed.received_minor),
            (IntentStatus::Canceled, 0)
        );
    }
    assert_eq!(bench.show(&opened).await.unwrap().status, IntentStatus::Canceled);
    assert!(!bench.payer_agrees(&opened.intent).await);
    assert_eq!(bench.truth(opened.new.payment_id).await.payments, 0);
}

pub async fn a_paid_intent_is_not_closed<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let answered = bench.close(&paid.cancellation(1)).await.unwrap();
    let amount_minor = paid.new.money.amount_minor;
    assert_eq!(
        (answered.status, answered.received_minor),
        (IntentStatus::Succeeded, amount_minor)
    );
    let truth = bench.truth(paid.new.payment_id).await;
    assert_eq!((truth.payments, truth.refunded_minor), (1, 0));
}

/// What to do about it is the merchant's policy; the channel says that the money is there.
pub async fn a_payment_that_arrives_late_is_told<B: Bench>() {
    let bench = B::start().await;
    let opened = bench.opened().await;
    bench.payer_looks(&opened.intent).await;
    bench.close(&opened.cancellation(1)).await.unwrap();
    bench.payment_arrives_late(&opened.intent).await;
    let told = bench.told_of_payment(&opened).await;
    let CallbackEvent::Intent { intent, .. } = told.event else {
        panic!("{:?}", told.event)
    };
    assert_eq!(intent.id, opened.intent.id);
    assert_eq!(intent.received_minor, opened.new.money.amount_minor);
    let shown = bench.show(&opened).await.unwrap();
    assert_eq!(
        (shown.status, shown.received_minor),
        (IntentStatus::Succeeded, opened.new.money.amount_minor)
    );
}

pub async fn a_close_without_an_answer_is_unknown_and_is_repeated<B: Bench>() {
    let bench = B::start().await;
    for fault in [
        "hang_before",
        "hang_after",
        "reset_after",
        "malformed",
        "rate_limit",
    ] {
        let opened = bench.opened().await;
        bench.payer_looks(&opened.intent).await;
        bench.fault_once(Operation::Close, fault).await;
        let close = opened.cancellation(1);
        let lost = bench.close(&close).await;
        assert!(is_honest(fault, &lost), "{fault}: {lost:?}");
        let closed = bench.close(&close).await.unwrap();
        assert_eq!(closed.status, IntentStatus::Canceled, "{fault}");
    }
}
