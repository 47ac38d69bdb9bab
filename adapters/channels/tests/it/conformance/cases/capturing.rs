//! Moving the money that payers have agreed to, where that is ours to ask for.

use domain::channel::{CallError, IntentStatus};

use crate::conformance::{
    acts::{Acts, Opened, is_limited, is_unknown},
    bench::{Bench, Operation},
};

async fn agreed<B: Bench>(bench: &B) -> Opened {
    let opened = bench.opened().await;
    assert!(bench.payer_agrees(&opened.intent).await);
    opened
}

/// The money moves by one more request, and has then moved once.
async fn is_captured_once<B: Bench>(bench: &B, opened: &Opened, fault: &str) {
    let captured = bench.capture(opened).await.unwrap();
    let amount_minor = opened.new.money.amount_minor;
    assert_eq!(
        (captured.status, captured.received_minor),
        (IntentStatus::Succeeded, amount_minor),
        "{fault}"
    );
    let truth = bench.truth(opened.new.payment_id).await;
    assert_eq!(
        (truth.payments, truth.received_minor),
        (1, amount_minor),
        "{fault}"
    );
}

pub async fn agreed_money_moves_when_it_is_captured<B: Bench>() {
    let bench = B::start().await;
    let opened = agreed(&bench).await;
    let shown = bench.show(&opened).await.unwrap();
    assert_eq!((shown.status, shown.received_minor), (IntentStatus::Approved, 0));
    assert_eq!(bench.truth(opened.new.payment_id).await.payments, 0);
    for again in ["first", "second"] {
        is_captured_once(&bench, &opened, again).await;
    }
}

pub async fn what_nobody_agreed_to_is_not_captured<B: Bench>() {
    let bench = B::start().await;
    let opened = bench.opened().await;
    let answered = bench.capture(&opened).await;
    match &answered {
        Ok(intent) => assert_eq!(
            (&intent.status, intent.received_minor),
            (&IntentStatus::RequiresAction, 0)
        ),
        Err(error) => assert!(matches!(error, CallError::Refused { .. }), "{error:?}"),
    }
    assert_eq!(bench.truth(opened.new.payment_id).await.payments, 0);
}

pub async fn a_capture_undone_without_an_answer_is_repeated<B: Bench>() {
    let bench = B::start().await;
    for fault in ["hang_before", "reset_before", "error"] {
        let opened = agreed(&bench).await;
        bench.fault_once(Operation::Capture, fault).await;
        let lost = bench.capture(&opened).await;
        assert!(is_unknown(&lost), "{fault}: {lost:?}");
        assert_eq!(bench.truth(opened.new.payment_id).await.payments, 0, "{fault}");
        is_captured_once(&bench, &opened, fault).await;
    }
}

pub async fn a_capture_done_without_an_answer_is_not_done_twice<B: Bench>() {
    let bench = B::start().await;
    for fault in ["hang_after", "reset_after", "malformed"] {
        let opened = agreed(&bench).await;
        bench.fault_once(Operation::Capture, fault).await;
        let lost = bench.capture(&opened).await;
        assert!(is_unknown(&lost), "{fault}: {lost:?}");
        assert_eq!(bench.truth(opened.new.payment_id).await.payments, 1, "{fault}");
        assert_eq!(
            bench.show(&opened).await.unwrap().status,
            IntentStatus::Succeeded,
            "{fault}"
        );
        is_captured_once(&bench, &opened, fault).await;
    }
}

pub async fn too_many_captures_at_once_are_not_done<B: Bench>() {
    let bench = B::start().await;
    let opened = agreed(&bench).await;
    bench.fault_once(Operation::Capture, "rate_limit").await;
    let limited = bench.capture(&opened).await;
    assert!(is_limited(&limited), "{limited:?}");
    assert_eq!(bench.truth(opened.new.payment_id).await.payments, 0);
    is_captured_once(&bench, &opened, "rate_limit").await;
}
