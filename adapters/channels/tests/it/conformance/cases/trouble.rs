//! Opening intents when the provider, or the way to it, is in trouble.

use domain::channel::{CallError, NewIntent};

use crate::{
    conformance::{
        acts::{Acts, Opened, is_limited, is_unknown, lost},
        bench::{Bench, Operation},
    },
    stand::channels_at,
};

/// One more request under the same key opens the intent; it is paid, and the money has moved once.
async fn is_opened_and_paid_once<B: Bench>(bench: &B, new: NewIntent, fault: &str) -> Opened {
    let intent = bench.create(&new).await.unwrap();
    assert_eq!(
        (intent.payment_id, intent.money),
        (Some(new.payment_id), new.money)
    );
    let opened = Opened { new, intent };
    assert!(bench.payer_agrees(&opened.intent).await, "{fault}");
    bench.money_moves(&opened).await;
    let truth = bench.truth(opened.new.payment_id).await;
    assert_eq!((truth.intents, truth.payments), (1, 1), "{fault}");
    assert_eq!(truth.received_minor, opened.new.money.amount_minor, "{fault}");
    opened
}

pub async fn an_intent_unopened_without_an_answer_is_opened_by_the_repeat<B: Bench>() {
    let bench = B::start().await;
    for fault in ["hang_before", "reset_before", "error"] {
        let new = bench.new_intent();
        bench.fault_once(Operation::Open, fault).await;
        let unanswered = bench.create(&new).await;
        assert!(is_unknown(&unanswered), "{fault}: {unanswered:?}");
        assert_eq!(bench.truth(new.payment_id).await.intents, 0, "{fault}");
        assert_eq!(bench.find(&lost(&new)).await, Ok(None), "{fault}");
        is_opened_and_paid_once(&bench, new, fault).await;
    }
}

pub async fn an_intent_opened_without_an_answer_is_not_opened_twice<B: Bench>() {
    let bench = B::start().await;
    for fault in ["hang_after", "reset_after", "malformed"] {
        let new = bench.new_intent();
        bench.fault_once(Operation::Open, fault).await;
        let unanswered = bench.create(&new).await;
        assert!(is_unknown(&unanswered), "{fault}: {unanswered:?}");
        // Some providers show an intent only once its payer has seen it. What is found is the one that the repeat gives.
        let found = bench.find(&lost(&new)).await.unwrap();
        let opened = is_opened_and_paid_once(&bench, new, fault).await;
        if let Some(found) = found {
            assert_eq!(found.id, opened.intent.id, "{fault}");
        }
    }
}

pub async fn too_many_requests_at_once_open_nothing<B: Bench>() {
    let bench = B::start().await;
    let new = bench.new_intent();
    bench.fault_once(Operation::Open, "rate_limit").await;
    let limited = bench.create(&new).await;
    assert!(is_limited(&limited), "{limited:?}");
    assert_eq!(bench.truth(new.payment_id).await.intents, 0);
    is_opened_and_paid_once(&bench, new, "rate_limit").await;
}

pub async fn nobody_listening_is_surely_not_done<B: Bench>() {
    let bench = B::start().await;
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nowhere = channels_at(&format!("http://{port}"));
    let (result, exchange) = nowhere
        .create_intent(bench.credentials(), &bench.new_intent())
        .await;
    assert!(matches!(result, Err(CallError::NotDone { .. })), "{result:?}");
    assert_eq!(exchange.outcome, "not_done");
}
