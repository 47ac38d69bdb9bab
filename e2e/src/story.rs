//! The story: what can happen to a payment, told one case at a time.
//!
//! A case is one file with one function, and it makes its own merchant. So cases can be played in any order and at the
//! same time, and none of them sees another's payments, faults or notifications.

mod alipay_code;
mod bad_signature;
mod books;
mod callback_before_intent;
mod callback_three_times;
mod cancel_too_late;
mod canceled;
mod confirmed;
mod declined;
mod disputed;
mod endpoint_down_then_up;
mod expired;
mod from_wallet;
mod never_answered;
mod ordered;
mod other_channel;
mod outcome_unknown;
mod paid_at_once;
mod paid_late;
mod paypal_approved;
mod provider_down;
mod provider_flickers;
mod refund_fails;
mod refund_too_large;
mod refunded_in_parts;
mod same_key_twice;
mod second_card;
mod wallet_with_connect;
mod wechat_code;

use std::time::{Duration, Instant};

use futures::{Stream, StreamExt, future::LocalBoxFuture, stream};

use crate::{World, report::CaseReport};

/// How much longer than one wait a whole case may take.
const WAITS_PER_CASE: u32 = 4;

/// A case of the story.
#[derive(Clone, Copy)]
pub struct Case {
    /// What happens, in a few words.
    pub name: &'static str,
    play: fn(&World) -> LocalBoxFuture<'_, anyhow::Result<CaseReport>>,
}

/// A case that was played.
#[derive(Debug)]
pub struct Played {
    /// What happened, in a few words.
    pub name: &'static str,
    /// What was expected and seen.
    pub report: CaseReport,
    /// How long it took.
    pub took: Duration,
}

macro_rules! cases {
    ($($module:ident: $name:literal,)+) => {
        /// Every case, in the order in which it is told.
        pub const CASES: &[Case] = &[$(Case { name: $name, play: |world| Box::pin($module::play(world)) }),+];
    };
}

cases! {
    paid_at_once: "paid at once",
    declined: "declined",
    second_card: "paid by a second card after a decline",
    provider_flickers: "provider answers 5xx twice, then fine",
    provider_down: "provider down for good",
    callback_three_times: "callback sent three times",
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

/// How many cases are played at the same time: each begins by registering a merchant, and a small machine does not do
/// that for any number at once.
const AT_ONCE: usize = 10;

/// Plays every case, several at the same time, and gives each with its place in the story as soon as it is over.
pub fn play_all(world: &World) -> impl Stream<Item = (usize, Played)> {
    let play = move |(place, case): (usize, &'static Case)| async move { (place, case.play(world).await) };
    stream::iter(CASES.iter().enumerate().map(play)).buffer_unordered(AT_ONCE)
}

/// What is looked at when every other case is over: it is about all of them.
pub const EPILOGUE: Case = Case {
    name: "the ledger after all that",
    play: |world| Box::pin(books::play(world)),
};

impl Case {
    /// The case of this name.
    pub fn named(name: &str) -> Option<Self> {
        CASES.iter().copied().find(|case| case.name == name)
    }

    /// Plays it. What stops it is a difference like any other.
    pub async fn play(self, world: &World) -> Played {
        let started = Instant::now();
        let limit = world.patience * WAITS_PER_CASE;
        let report = match tokio::time::timeout(limit, (self.play)(world)).await {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => stopped(format!("{error:#}")),
            Err(_) => stopped(format!("not over after {} s", limit.as_secs())),
        };
        Played {
            name: self.name,
            report,
            took: started.elapsed(),
        }
    }
}

fn stopped(why: String) -> CaseReport {
    let mut report = CaseReport::default();
    report.note("played to the end", "yes", why);
    report
}
