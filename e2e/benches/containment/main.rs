//! What a channel that hangs costs the others: Stripe's payments per second, and how long they take, while Alipay answers
//! and while it hangs, with the same requests for Alipay all the time.
//!
//! Both are measured in turns in one run on one machine, so that only their ratio counts. Nothing is asserted: a figure
//! that depends on the machine belongs here and not in a test. `make bench-containment` runs it.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should say where"
)]

#[path = "../../tests/it/harness.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod harness;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use e2e::{Account, client::Client, scene::body};
use futures::future::join_all;
use harness::Sluice;
use serde_json::{Value, json};
use tokio::{sync::Mutex, time::interval};
use uuid::Uuid;

/// How often each side is measured.
const ROUNDS: usize = 3;
/// How long one measurement takes.
const ROUND: Duration = Duration::from_secs(15);
/// How many of Stripe's payments are under way at once.
const LANES: usize = 16;
/// How many payments through Alipay are asked for in a second.
const ALIPAY_PER_S: u64 = 40;
/// How long a call to a provider may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client waits for its payment, in seconds.
const WAIT_S: u32 = 10;

/// What was seen of Stripe's payments.
#[derive(Default)]
struct Seen {
    took: Vec<Duration>,
    unfinished: usize,
}

impl Seen {
    fn per_second(&self) -> f64 {
        self.took.len() as f64 / (ROUND * u32::try_from(ROUNDS).unwrap()).as_secs_f64()
    }

    /// The time within which so many of a hundred were payable.
    fn percentile(&mut self, percent: usize) -> f64 {
        self.took.sort_unstable();
        let place = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took.get(place).map_or(f64::NAN, Duration::as_secs_f64) * 1_000.0
    }
}

#[tokio::main]
async fn main() {
    // As in production.
    let sluice = Sluice::start_with(|config| {
        config.broker.retry_unit = Duration::from_secs(1);
        config.channels.timeout = CALL_TIMEOUT;
        config.channels.find_timeout = CALL_TIMEOUT * 2;
        config.channels.containment = channels::ContainmentConfig::default();
        config.concurrency = 128;
        config.store.max_connections = 16;
    })
    .await;
    let (stripe, alipay) = (sluice.scene("stripe").await, sluice.scene("alipay").await);
    let account = sluice
        .world
        .open_account(&alipay.merchant, Account::Alipay)
        .await
        .unwrap();
    // The first requests find connections, plans and caches.
    measured(&stripe.merchant.api, &alipay.merchant.api).await;

    let (mut answering, mut hanging) = (Seen::default(), Seen::default());
    for _ in 0..ROUNDS {
        sluice.world.sandbox.clear_faults().await.unwrap();
        // A circuit that opened before finds out that Alipay is back.
        tokio::time::sleep(Duration::from_secs(45)).await;
        add(
            &mut answering,
            measured(&stripe.merchant.api, &alipay.merchant.api).await,
        );
        let dial = json!({ "route": "* /alipay/*", "fault": "hang_before", "account": account });
        sluice.world.sandbox.set_fault(dial).await.unwrap();
        add(
            &mut hanging,
            measured(&stripe.merchant.api, &alipay.merchant.api).await,
        );
    }
    report(answering, hanging);
    sluice.world.sandbox.clear_faults().await.unwrap();
    sluice.stop().await;
}

fn add(to: &mut Seen, seen: Seen) {
    to.took.extend(seen.took);
    to.unfinished += seen.unfinished;
}

/// One round: Stripe's payments as fast as they come, Alipay's at a steady rate whatever becomes of them.
async fn measured(stripe: &Client, alipay: &Client) -> Seen {
    let until = Instant::now() + ROUND;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let lanes = (0..LANES).map(|_| lane(stripe, until, &seen));
    tokio::join!(join_all(lanes), flood(alipay, until));
    std::mem::take(&mut *seen.lock().await)
}

async fn lane(stripe: &Client, until: Instant, seen: &Mutex<Seen>) {
    while Instant::now() < until {
        let began = Instant::now();
        let answer = stripe.create_and_wait(&key(), &body(), WAIT_S).await.unwrap();
        let took = began.elapsed();
        let mut seen = seen.lock().await;
        if answer.status == 201 {
            seen.took.push(took);
        } else {
            seen.unfinished += 1;
        }
    }
}

async fn flood(alipay: &Client, until: Instant) {
    let body: Value = json!({ "amount": 100, "currency": "CNY", "method": "alipay", "flow": "qr_code" });
    let mut ticks = interval(Duration::from_millis(1_000 / ALIPAY_PER_S));
    while Instant::now() < until {
        ticks.tick().await;
        let (alipay, body) = (alipay.clone(), body.clone());
        tokio::spawn(async move { alipay.create(&key(), &body).await.map(drop) });
    }
}

fn key() -> String {
    Uuid::new_v4().to_string()
}

fn report(mut answering: Seen, mut hanging: Seen) {
    let row = |name: &str, seen: &mut Seen| {
        let (per_second, p50, p99) = (seen.per_second(), seen.percentile(50), seen.percentile(99));
        let unfinished = seen.unfinished;
        println!("| {name} | {per_second:.0} | {p50:.1} | {p99:.1} | {unfinished} |");
        (per_second, p99)
    };
    println!("| Alipay | Stripe payments/s | p50 ms | p99 ms | not payable in {WAIT_S} s |");
    println!("|---|---|---|---|---|");
    let before = row("answers", &mut answering);
    let after = row("hangs", &mut hanging);
    let (throughput, p99) = (before.0 / after.0, after.1 / before.1);
    println!("| ratio | {throughput:.2} | | {p99:.2} | |");
}
