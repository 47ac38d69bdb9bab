//! Callbacks that the provider did not send, and callbacks of its own that show something else than we asked for.
//!
//! Whether what is shown is the payment is for the pipeline to compare, which knows the payment. The channel's part is to
//! report what it was shown, and never what was to be expected.

use channels::{CallbackProblem, CallbackRefused, translate_callback};
use domain::{
    callback::CallbackEvent,
    channel::Intent,
    clock::{Clock, SystemClock},
    currency::Currency,
};
use http::HeaderMap;

use crate::{
    conformance::{
        acts::{Acts, Opened, Told},
        bench::{Bench, Forgery},
    },
    listener::RawCallback,
};

async fn told<B: Bench>(bench: &B) -> (Opened, Told) {
    let paid = bench.paid().await;
    let told = bench.told_of_agreement(&paid).await;
    (paid, told)
}

async fn is_refused<B: Bench>(bench: &B, raw: &RawCallback) -> bool {
    let verified = bench.verify(raw, SystemClock.now()).await;
    matches!(verified, Err(CallbackRefused::Signature(_)))
}

/// What a callback of the provider's says that shows something else than it did.
async fn translated<B: Bench>(
    bench: &B,
    told: &Told,
    forgery: Forgery,
) -> Result<CallbackEvent, CallbackProblem> {
    let forged = bench.forged(&told.raw, &forgery).await;
    assert_ne!(forged.body, told.raw.body, "nothing was changed");
    let verified = bench.verify(&forged, SystemClock.now()).await;
    assert!(verified.is_ok(), "the provider itself signed this: {verified:?}");
    let news = translate_callback(B::CHANNEL, Some(bench.credentials()), &forged.body);
    news.map(|news| news.event)
}

fn shown(event: CallbackEvent) -> Intent {
    let CallbackEvent::Intent { intent, .. } = event else {
        panic!("{event:?}")
    };
    intent
}

pub async fn another_key_signs_nothing<B: Bench>() {
    let bench = B::start().await;
    let (_, told) = told(&bench).await;
    let forged = bench.forged(&told.raw, &Forgery::AnotherKey).await;
    assert!(is_refused(&bench, &forged).await);
}

pub async fn a_body_that_was_changed_is_refused<B: Bench>() {
    let bench = B::start().await;
    let (_, told) = told(&bench).await;
    let length = told.raw.body.len();
    for place in (0..length).step_by(7) {
        let mut changed = told.raw.clone();
        let byte = &mut changed.body[place];
        *byte = if *byte == b'1' { b'2' } else { b'1' };
        assert!(is_refused(&bench, &changed).await, "byte {place} of {length}");
    }
    for cut in [0, 1, length / 2, length - 1] {
        let mut changed = told.raw.clone();
        changed.body.truncate(cut);
        assert!(is_refused(&bench, &changed).await, "cut to {cut} of {length}");
    }
}

pub async fn headers_alone_prove_nothing<B: Bench>() {
    let bench = B::start().await;
    let (_, told) = told(&bench).await;
    let bare = RawCallback {
        headers: HeaderMap::new(),
        body: told.raw.body.clone(),
    };
    assert!(is_refused(&bench, &bare).await);
    let empty = RawCallback {
        headers: told.raw.headers.clone(),
        body: Vec::new(),
    };
    assert!(is_refused(&bench, &empty).await);
}

pub async fn another_amount_is_reported_as_it_is_shown<B: Bench>() {
    let bench = B::start().await;
    let (paid, told) = told(&bench).await;
    for difference in [-1, 1] {
        let amount_minor = paid.new.money.amount_minor + difference;
        let event = translated(&bench, &told, Forgery::Amount(amount_minor)).await;
        let intent = shown(event.unwrap());
        assert_eq!(intent.money.amount_minor, amount_minor);
        assert_eq!(intent.payment_id, Some(paid.new.payment_id));
    }
}

pub async fn another_currency_is_not_taken_for_ours<B: Bench>() {
    let bench = B::start().await;
    let (paid, told) = told(&bench).await;
    let currency = match paid.new.money.currency {
        Currency::EUR => Currency::USD,
        _ => Currency::EUR,
    };
    match translated(&bench, &told, Forgery::Currency(currency)).await {
        Ok(event) => assert_eq!(shown(event).money.currency, currency),
        Err(problem) => assert!(matches!(problem, CallbackProblem::Unreadable(_)), "{problem:?}"),
    }
}

pub async fn another_account_is_told_apart<B: Bench>() {
    let bench = B::start().await;
    let (_, told) = told(&bench).await;
    let problem = translated(&bench, &told, Forgery::Account).await;
    assert!(
        matches!(problem, Err(CallbackProblem::OtherAccount(_))),
        "{problem:?}"
    );
}

pub async fn another_object_is_reported_as_it_is_shown<B: Bench>() {
    let bench = B::start().await;
    let (paid, told) = told(&bench).await;
    let id = bench.id_of_nobody();
    let event = translated(&bench, &told, Forgery::Object(id.clone())).await;
    let intent = shown(event.unwrap());
    assert_eq!(intent.id, id);
    assert_ne!(intent.id, paid.intent.id);
}
