//! Asking where intents stand, and looking for those whose answer was lost.

use domain::channel::{CallError, IntentRef, IntentStatus};

use crate::conformance::{
    acts::{Acts, is_honest, lost},
    bench::{Bench, Operation},
};
use channels::capabilities;

pub async fn an_open_intent_is_shown<B: Bench>() {
    let bench = B::start().await;
    let opened = bench.opened().await;
    let shown = bench.show(&opened).await.unwrap();
    assert_eq!(shown.status, IntentStatus::RequiresAction);
    assert_eq!(shown.id, opened.intent.id);
    assert_eq!((shown.money, shown.received_minor), (opened.new.money, 0));
}

pub async fn a_lost_intent_is_found<B: Bench>() {
    let bench = B::start().await;
    let opened = bench.opened().await;
    bench.opened().await;
    bench.payer_looks(&opened.intent).await;
    let found = bench.find(&opened.lost()).await.unwrap().unwrap();
    assert_eq!(found.status, IntentStatus::RequiresAction);
    assert_eq!(found.id, opened.intent.id);
    assert_eq!(found.payment_id, Some(opened.new.payment_id));
    assert_eq!((found.money, found.received_minor), (opened.new.money, 0));
}

pub async fn a_lost_intent_that_was_paid_is_found<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let found = bench.find(&paid.lost()).await.unwrap().unwrap();
    assert_eq!(found.status, IntentStatus::Succeeded);
    assert_eq!(found.id, paid.intent.id);
    assert_eq!(found.received_minor, paid.new.money.amount_minor);
}

pub async fn an_intent_that_nobody_opened_is_surely_absent<B: Bench>() {
    let bench = B::start().await;
    bench.paid().await;
    let absent = bench.find(&lost(&bench.new_intent())).await;
    assert_eq!(absent, Ok(None));
}

pub async fn an_intent_that_nobody_has_is_refused_by_its_code<B: Bench>() {
    let bench = B::start().await;
    bench.opened().await;
    let nobodys = IntentRef {
        id: bench.id_of_nobody(),
        money: None,
        connected_account: None,
    };
    let refused = bench.show_known(&nobodys).await;
    let expected = capabilities(B::CHANNEL).no_such_object;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code == expected),
        "{refused:?}"
    );
}

pub async fn a_question_without_an_answer_is_not_taken_for_a_no<B: Bench>() {
    let bench = B::start().await;
    let opened = bench.opened().await;
    bench.payer_looks(&opened.intent).await;
    for fault in ["error", "reset_before", "malformed", "rate_limit"] {
        bench.fault_once(Operation::Show, fault).await;
        let shown = bench.show(&opened).await;
        assert!(is_honest(fault, &shown), "{fault}: {shown:?}");
        bench.fault_once(Operation::Find, fault).await;
        let found = bench.find(&opened.lost()).await;
        assert!(is_honest(fault, &found), "{fault}: {found:?}");
    }
    assert!(bench.show(&opened).await.is_ok());
}
