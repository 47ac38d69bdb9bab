//! Refunds when the provider, or the way to it, is in trouble.

use domain::channel::{ChannelRefundStatus, NewRefund};

use crate::conformance::{
    acts::{Acts, Opened, is_honest, is_limited, is_unknown, refund_known},
    bench::{Bench, Operation},
};

/// The refund is made by one more request under its key, and has then been made once.
async fn is_given_back_once<B: Bench>(bench: &B, paid: &Opened, new: &NewRefund, fault: &str) {
    bench.rest().await;
    let refund = bench.give_back(new).await.unwrap();
    assert!(
        !matches!(refund.status, ChannelRefundStatus::Failed(_)),
        "{fault}: {refund:?}"
    );
    assert_eq!((refund.refund_id, refund.money), (Some(new.refund_id), new.money));
    let found = bench.find_refund(new).await.unwrap().unwrap();
    assert_eq!(found.id, refund.id, "{fault}");
    let truth = bench.truth(paid.new.payment_id).await;
    assert_eq!(
        (truth.refunds, truth.refunded_minor),
        (1, new.money.amount_minor),
        "{fault}"
    );
}

pub async fn a_refund_undone_without_an_answer_is_repeated<B: Bench>() {
    let bench = B::start().await;
    for fault in ["hang_before", "reset_before", "error"] {
        let paid = bench.paid().await;
        let new = paid.refund(100);
        bench.fault_once(Operation::Refund, fault).await;
        let lost = bench.give_back(&new).await;
        assert!(is_unknown(&lost), "{fault}: {lost:?}");
        assert_eq!(bench.truth(paid.new.payment_id).await.refunds, 0, "{fault}");
        assert_eq!(bench.find_refund(&new).await, Ok(None), "{fault}");
        is_given_back_once(&bench, &paid, &new, fault).await;
    }
}

pub async fn a_refund_done_without_an_answer_is_not_done_twice<B: Bench>() {
    let bench = B::start().await;
    for fault in ["hang_after", "reset_after", "malformed"] {
        let paid = bench.paid().await;
        let new = paid.refund(100);
        bench.fault_once(Operation::Refund, fault).await;
        let lost = bench.give_back(&new).await;
        assert!(is_unknown(&lost), "{fault}: {lost:?}");
        assert_eq!(bench.truth(paid.new.payment_id).await.refunds, 1, "{fault}");
        let found = bench.find_refund(&new).await.unwrap().unwrap();
        assert_eq!((found.refund_id, found.money), (Some(new.refund_id), new.money));
        is_given_back_once(&bench, &paid, &new, fault).await;
    }
}

pub async fn too_many_refunds_at_once_are_not_done<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let new = paid.refund(100);
    bench.fault_once(Operation::Refund, "rate_limit").await;
    let limited = bench.give_back(&new).await;
    assert!(is_limited(&limited), "{limited:?}");
    assert_eq!(bench.truth(paid.new.payment_id).await.refunds, 0);
    is_given_back_once(&bench, &paid, &new, "rate_limit").await;
}

pub async fn a_question_about_a_refund_without_an_answer_is_not_taken_for_a_no<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let new = paid.refund(100);
    let refund = bench.give_back(&new).await.unwrap();
    for fault in ["error", "reset_before", "malformed", "rate_limit"] {
        bench.fault_once(Operation::FindRefund, fault).await;
        let found = bench.find_refund(&new).await;
        assert!(is_honest(fault, &found), "{fault}: {found:?}");
        bench.fault_once(Operation::ShowRefund, fault).await;
        let shown = bench.show_refund(&refund_known(&new, &refund)).await;
        assert!(is_honest(fault, &shown), "{fault}: {shown:?}");
    }
    assert!(bench.find_refund(&new).await.unwrap().is_some());
}
