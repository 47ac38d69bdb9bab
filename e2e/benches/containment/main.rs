//! What a channel that hangs costs the others: Stripe's payments per second, and how long they take at half of that rate,
//! while Alipay answers and while it hangs, with the same requests for Alipay all the time.
//!
//! Both are measured in turns in one run on one machine, so that only their ratio counts. At a fixed rate a payment's time
//! counts from when it was due, so that a delay does not hide those behind it. Nothing is asserted: a figure that depends on
//! the machine belongs here and not in a test. `make bench-containment` runs it.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should say where"
)]

#[path = "../../tests/it/harness.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod harness;

use std::time::{Duration, Instant};

use e2e::{Account, Answer, client::Client, scene::body};
use futures::future::join_all;
use harness::Sluice;
use serde_json::json;
use tokio::{sync::Mutex, time::sleep_until};
use uuid::Uuid;

/// How often each side is measured.
const ROUNDS: u32 = 4;
/// How long one measurement takes.
const ROUND: Duration = Duration::from_secs(12);
/// For how long a circuit may stay open that was opened time after time.
const RECOVERY: Duration = Duration::from_secs(45);
/// How many of Stripe's payments are under way at once when they are asked for as fast as they come.
const LANES: usize = 16;
/// How many payments through Alipay are asked for in a second.
const ALIPAY_PER_S: f64 = 40.0;
/// How long a call to a provider may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client waits for its payment, in seconds.
const WAIT_S: u32 = 10;

/// What was seen of Stripe's payments: how long each took, and how many were not payable in time.
#[derive(Default)]
struct Seen {
    took: Vec<Duration>,
    unfinished: usize,
}

impl Seen {
    fn add(&mut self, answer: &Answer, took: Duration) {
        if answer.status == 201 {
            self.took.push(took);
        } else {
            self.unfinished += 1;
        }
    }

    fn per_second(&self) -> f64 {
        self.took.len() as f64 / (ROUND * ROUNDS).as_secs_f64()
    }

    /// The time within which so many of a hundred were payable.
    fn percentile(&mut self, percent: usize) -> f64 {
        self.took.sort_unstable();
        let place = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took.get(place).map_or(f64::NAN, Duration::as_secs_f64) * 1_000.0
    }
}

/// One side: as fast as they come, and at a fixed rate.
#[derive(Default)]
struct Side {
    fast: Seen,
    steady: Seen,
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
    let clients = Clients {
        stripe: stripe.merchant.api.clone(),
        alipay: alipay.merchant.api.clone(),
    };
    // The first requests find connections, plans and caches, and tell what half of the load is.
    let rate = clients.as_fast_as_they_come().await.took.len() as f64 / ROUND.as_secs_f64() / 2.0;

    let (mut answering, mut hanging) = (Side::default(), Side::default());
    for _ in 0..ROUNDS {
        sluice.world.sandbox.clear_faults().await.unwrap();
        // A circuit that opened before finds out that Alipay is back.
        tokio::time::sleep(RECOVERY).await;
        clients.measure(&mut answering, rate).await;
        let dial = json!({ "route": "* /alipay/*", "fault": "hang_before", "account": account });
        sluice.world.sandbox.set_fault(dial).await.unwrap();
        clients.measure(&mut hanging, rate).await;
    }
    report(answering, hanging, rate);
    sluice.world.sandbox.clear_faults().await.unwrap();
    sluice.stop().await;
}

struct Clients {
    stripe: Client,
    alipay: Client,
}

impl Clients {
    async fn measure(&self, side: &mut Side, rate: f64) {
        let (fast, steady) = (self.as_fast_as_they_come().await, self.at(rate).await);
        for (to, seen) in [(&mut side.fast, fast), (&mut side.steady, steady)] {
            to.took.extend(seen.took);
            to.unfinished += seen.unfinished;
        }
    }

    /// Stripe's payments one after the other in every lane, Alipay's at a steady rate whatever becomes of them.
    async fn as_fast_as_they_come(&self) -> Seen {
        let until = Instant::now() + ROUND;
        let seen = Mutex::new(Seen::default());
        let lanes = (0..LANES).map(|_| async {
            while Instant::now() < until {
                let began = Instant::now();
                let answer = ask(&self.stripe).await;
                seen.lock().await.add(&answer, began.elapsed());
            }
        });
        tokio::join!(join_all(lanes), self.flood());
        seen.into_inner()
    }

    /// So many of Stripe's payments per second, whether those before are done or not.
    async fn at(&self, rate: f64) -> Seen {
        let due = ticks(rate).map(|due| async move {
            sleep_until(due.into()).await;
            let answer = ask(&self.stripe).await;
            (answer, due.elapsed())
        });
        let (answers, ()) = tokio::join!(join_all(due), self.flood());
        let mut seen = Seen::default();
        for (answer, took) in &answers {
            seen.add(answer, *took);
        }
        seen
    }

    async fn flood(&self) {
        let body = json!({ "amount": 100, "currency": "CNY", "method": "alipay", "flow": "qr_code" });
        let (alipay, body) = (&self.alipay, &body);
        let asked = ticks(ALIPAY_PER_S).map(|due| async move {
            sleep_until(due.into()).await;
            alipay.create(&key(), body).await.unwrap();
        });
        join_all(asked).await;
    }
}

/// The moments of a round at which something is due so many times per second.
fn ticks(rate: f64) -> impl Iterator<Item = Instant> {
    let (first, between) = (Instant::now(), Duration::from_secs_f64(rate.recip()));
    (0_u32..)
        .map(move |tick| first + between * tick)
        .take_while(move |due| *due < first + ROUND)
}

async fn ask(stripe: &Client) -> Answer {
    stripe.create_and_wait(&key(), &body(), WAIT_S).await.unwrap()
}

fn key() -> String {
    Uuid::new_v4().to_string()
}

fn report(mut answering: Side, mut hanging: Side, rate: f64) {
    let row = |name: &str, side: &mut Side| {
        let Side { fast, steady } = side;
        let per_second = fast.per_second();
        let (p50, p99) = (steady.percentile(50), steady.percentile(99));
        let unfinished = fast.unfinished + steady.unfinished;
        println!("| {name} | {per_second:.0} | {p50:.1} | {p99:.1} | {unfinished} |");
        (per_second, p99)
    };
    println!("| Alipay | Stripe payments/s | p50 ms at {rate:.0}/s | p99 ms | not payable in {WAIT_S} s |");
    println!("|---|---|---|---|---|");
    let before = row("answers", &mut answering);
    let after = row("hangs", &mut hanging);
    let (throughput, p99) = (before.0 / after.0, after.1 / before.1);
    println!("| ratio | {throughput:.2} | | {p99:.2} | |");
}
