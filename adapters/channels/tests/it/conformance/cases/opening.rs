//! Opening intents, and what their payers do.

use domain::{
    channel::{CallError, IntentStatus},
    money::Money,
};

use crate::conformance::{
    acts::{Acts, Opened},
    bench::{Bench, Truth},
};

pub async fn an_intent_is_opened_for_its_payer<B: Bench>() {
    let bench = B::start().await;
    let Opened { new, intent } = bench.opened().await;
    assert_eq!(intent.status, IntentStatus::RequiresAction);
    assert_eq!(intent.payment_id, Some(new.payment_id));
    assert_eq!((intent.money, intent.received_minor), (new.money, 0));
    assert!(intent.next_action.is_some(), "the payer is not told what to do");
    bench.payer_looks(&intent).await;
    let truth = bench.truth(new.payment_id).await;
    let expected = Truth {
        intents: 1,
        ..Truth::default()
    };
    assert_eq!(truth, expected);
}

pub async fn a_repeat_opens_nothing_new<B: Bench>() {
    let bench = B::start().await;
    let Opened { new, intent } = bench.opened().await;
    let again = bench.create(&new).await.unwrap();
    assert_eq!((&again.id, again.money), (&intent.id, intent.money));
    bench.payer_looks(&intent).await;
    assert_eq!(bench.truth(new.payment_id).await.intents, 1);
}

pub async fn a_payer_pays<B: Bench>() {
    let bench = B::start().await;
    let paid = bench.paid().await;
    let shown = bench.show(&paid).await.unwrap();
    assert_eq!(shown.status, IntentStatus::Succeeded);
    assert_eq!(shown.id, paid.intent.id);
    assert_eq!(shown.payment_id, Some(paid.new.payment_id));
    let amount_minor = paid.new.money.amount_minor;
    assert_eq!(
        (shown.money, shown.received_minor),
        (paid.new.money, amount_minor)
    );
    let expected = Truth {
        intents: 1,
        payments: 1,
        received_minor: amount_minor,
        ..Truth::default()
    };
    assert_eq!(bench.truth(paid.new.payment_id).await, expected);
}

/// A decline is not the end of an intent: the same one is paid in another way.
pub async fn a_payer_is_declined_and_pays_after_all<B: Bench>() {
    let bench = B::start().await;
    let opened = bench.opened().await;
    bench.payer_is_declined(&opened.intent).await;
    let seen = if bench.captures() {
        bench.capture(&opened).await
    } else {
        bench.show(&opened).await
    };
    let seen = seen.unwrap();
    let IntentStatus::Declined(failure) = seen.status else {
        panic!("{seen:?}")
    };
    assert!(!failure.code.is_empty() && !failure.message.is_empty());
    assert_eq!(
        (seen.id.as_str(), seen.received_minor),
        (opened.intent.id.as_str(), 0)
    );
    assert_eq!(bench.truth(opened.new.payment_id).await.payments, 0);

    assert!(bench.payer_agrees(&opened.intent).await);
    bench.money_moves(&opened).await;
    assert_eq!(bench.show(&opened).await.unwrap().status, IntentStatus::Succeeded);
    assert_eq!(bench.truth(opened.new.payment_id).await.payments, 1);
}

pub async fn an_amount_that_is_not_taken_opens_nothing<B: Bench>() {
    let bench = B::start().await;
    for amount_minor in [0, -1] {
        let mut new = bench.new_intent();
        new.money = Money {
            amount_minor,
            ..new.money
        };
        let refused = bench.create(&new).await;
        assert!(matches!(refused, Err(CallError::Refused { .. })), "{refused:?}");
        assert_eq!(bench.truth(new.payment_id).await.intents, 0);
    }
}

/// Whether the provider's word for it can be believed depends on how it signs its errors; a decline it never is.
pub async fn credentials_that_the_provider_does_not_know_open_nothing<B: Bench>() {
    let bench = B::start().await;
    let (new, unknown) = (bench.new_intent(), bench.unknown_credentials());
    let (refused, exchange) = bench.channels().create_intent(&unknown, &new).await;
    assert!(
        matches!(
            refused,
            Err(CallError::Refused { .. } | CallError::Unknown { .. })
        ),
        "{refused:?}"
    );
    assert!(exchange.error.is_some() && exchange.intent_id.is_none());
    assert_eq!(bench.truth(new.payment_id).await.intents, 0);
}
