//! The story of the demo, one test for each case.

use e2e::story::{self, CASES, Case, EPILOGUE};
use futures::StreamExt;

use crate::harness::{Sluice, until};

macro_rules! told {
    ($($test:ident: $name:literal,)+) => {
        const TOLD: &[&str] = &[$($name),+];
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let sluice = Sluice::start().await;
                play(&sluice, $name).await;
                sluice.stop().await;
            }
        )+
    };
}

told! {
    paid_at_once: "paid at once",
    declined: "declined",
    second_card: "paid by a second card after a decline",
    provider_flickers: "provider answers 5xx twice, then fine",
    callback_before_intent: "callback before the intent is stored",
    bad_signature: "callback with a bad signature",
    same_key_twice: "same Idempotency-Key twice",
    endpoint_down_then_up: "merchant endpoint down, then up",
    never_answered: "provider does the work and never answers",
    outcome_unknown: "outcome unknown even after asking",
    refunded_in_parts: "refunded in two parts",
    refund_too_large: "more asked back than is left",
    refund_fails: "refund fails after it succeeded",
    canceled: "canceled before it is paid",
    cancel_too_late: "canceled just after it was paid",
    confirmed: "paid by the merchant's server",
    expired: "not paid in time",
    paid_late: "paid after it expired, refunded at once",
    disputed: "disputed and lost",
    ordered: "an order from cart to completed, one item given back",
    from_wallet: "a wallet filled by card pays an order, one item given back into it",
    alipay_code: "paid by an Alipay code",
    wechat_code: "paid by a WeChat Pay code",
    paypal_approved: "agreed to at PayPal, then captured",
    wallet_with_connect: "a wallet with Connect",
    other_channel: "WeChat Pay takes no more, Stripe takes over",
}

const PROVIDER_DOWN: &str = "provider down for good";
const CALLBACK_THREE_TIMES: &str = "callback sent three times";

async fn play(sluice: &Sluice, name: &str) {
    let played = Case::named(name).unwrap().play(&sluice.world).await;
    assert_eq!(played.report.seen(), played.report.expected(), "{name}");
    assert!(played.report.is_as_expected(), "{name} looked at nothing");
}

#[test]
fn every_case_has_a_test() {
    for case in CASES {
        let is_told = TOLD
            .iter()
            .chain(&[PROVIDER_DOWN, CALLBACK_THREE_TIMES])
            .any(|name| *name == case.name);
        assert!(is_told, "{} has no test", case.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_down() {
    let sluice = Sluice::start().await;
    play(&sluice, PROVIDER_DOWN).await;
    let parked = async || sluice.world.rabbit.depth("dead.create_intent").await.unwrap();
    assert_eq!(
        until(1, parked).await,
        1,
        "jobs in dead.create_intent, as RabbitMQ counts them"
    );
    // Each look counts as a delivery, and RabbitMQ can be set to drop what was delivered too often.
    for _ in 0..30 {
        let seen = sluice.world.rabbit.peek("dead.create_intent").await.unwrap();
        assert_eq!(seen.len(), 1, "the parked job is gone after it was looked at");
    }
    let retried = "select count(*) from job_failures where kind = 'create_intent' and disposition = 'retry'";
    let parked =
        "select count(*) from job_failures where kind = 'create_intent' and disposition = 'dead_letter'";
    let exchanges =
        "select count(*) from payment_records where operation = 'create_intent' and outcome = 'unknown'";
    let seen = (
        sluice.count(retried).await,
        sluice.count(parked).await,
        sluice.count(exchanges).await,
    );
    assert_eq!(
        seen,
        (3, 1, 4),
        "failed tries that were retried, parked; exchanges that were recorded"
    );
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_three_times() {
    let sluice = Sluice::start().await;
    play(&sluice, CALLBACK_THREE_TIMES).await;
    let taken_in = "select count(*) from payment_callbacks where event_type = 'payment_intent.succeeded'";
    let told = "select count(*) from notifications";
    // Two payments were paid: that of the case, and the one made after it.
    assert_eq!((sluice.count(taken_in).await, sluice.count(told).await), (2, 2));
    sluice.stop().await;
}

/// The cases do not disturb each other, which is how the demo plays them.
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_at_once() {
    let sluice = Sluice::start().await;
    let all: Vec<_> = story::play_all(&sluice.world).collect().await;
    for (_, played) in all {
        assert_eq!(played.report.seen(), played.report.expected(), "{}", played.name);
    }
    let played = EPILOGUE.play(&sluice.world).await;
    assert_eq!(played.report.seen(), played.report.expected(), "{}", played.name);
    sluice.stop().await;
}
