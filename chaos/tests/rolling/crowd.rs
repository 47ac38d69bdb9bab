//! Customers who pay all the time, and what has to be true of all their payments in the end.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::ensure;
use e2e::{
    Answer, Merchant,
    client::Client,
    scene::{body_with, key},
    wait, world,
};
use sqlx::Connection;

use crate::stage::{PATIENCE, Stage};

/// Between two requests of a customer: much shorter than ingress takes to drain, so that each connection is used then.
const PAUSE: Duration = Duration::from_millis(100);

const DEAD: [&str; 4] = [
    "dead.create_intent",
    "dead.process_callback",
    "dead.notify_merchant",
    "dead.unroutable",
];

/// What a customer saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Payments that were accepted.
    pub payments: Vec<String>,
    /// Requests that were answered well.
    pub answered: usize,
    /// Everything else, in words.
    pub failures: Vec<String>,
}

impl Seen {
    /// What several customers saw.
    pub fn of_all(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::default(), |mut whole, seen| {
            whole.payments.extend(seen.payments);
            whole.answered += seen.answered;
            whole.failures.extend(seen.failures);
            whole
        })
    }

    fn note(&mut self, what: &str, answer: anyhow::Result<Answer>) {
        match answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                self.answered += 1;
                self.payments
                    .extend(Some(answer.text("/id").to_owned()).filter(|id| !id.is_empty()));
            }
            Ok(answer) => self
                .failures
                .push(format!("{what}: {} {}", answer.status, answer.body)),
            Err(error) => self.failures.push(format!("{what}: {error:#}")),
        }
    }
}

/// Pays over a connection of its own until told to stop: now without waiting, now waiting for the end.
pub async fn keep_paying(stage: &Stage, merchant: &Merchant, enough: &AtomicBool) -> anyhow::Result<Seen> {
    let api = Client::new(world::http()?, &stage.world.ingress, &merchant.api_key);
    let paid_by_card = body_with("pm_card_visa");
    let mut seen = Seen::default();
    while !enough.load(Ordering::Relaxed) {
        seen.note("a payment", api.create(&key(), &paid_by_card).await);
        tokio::time::sleep(PAUSE).await;
        seen.note(
            "a payment with a wait",
            api.create_and_wait(&key(), &paid_by_card, 5).await,
        );
        tokio::time::sleep(PAUSE).await;
    }
    Ok(seen)
}

/// Every payment is paid: one intent, charged once, told once, and nothing is left to do anywhere.
pub async fn all_is_settled(stage: &Stage, merchant: &Merchant, payments: &[String]) -> anyhow::Result<()> {
    let distinct: BTreeSet<_> = payments.iter().collect();
    ensure!(distinct.len() == payments.len(), "two payments under one id");
    for payment in payments {
        let ask = async || merchant.api.payment(payment).await;
        let seen = wait::until(PATIENCE, ask, |seen| seen.text("/status") == "succeeded").await?;
        ensure!(seen.text("/status") == "succeeded", "{payment}: {}", seen.body);
    }
    let intents = stage.world.sandbox.intents(&merchant.account).await?;
    let charged: Vec<u32> = intents.iter().map(|intent| intent.charges_succeeded).collect();
    ensure!(charged == vec![1; payments.len()], "charges: {charged:?}");
    let told = async || told_of(stage, merchant).await;
    let told = wait::until(PATIENCE, told, |told| told.len() >= payments.len()).await?;
    ensure!(
        told.len() == payments.len(),
        "{} notifications for {} payments",
        told.len(),
        payments.len()
    );
    let left = wait::until(PATIENCE, async || left_over(stage).await, Vec::is_empty).await?;
    ensure!(left.is_empty(), "left over: {left:?}");
    Ok(())
}

/// The distinct notifications of the merchant.
async fn told_of(stage: &Stage, merchant: &Merchant) -> anyhow::Result<BTreeSet<String>> {
    let received = stage.world.sandbox.received(&merchant.name).await?;
    Ok(received.into_iter().filter_map(|told| told.id).collect())
}

async fn left_over(stage: &Stage) -> anyhow::Result<Vec<String>> {
    let mut database = sqlx::PgConnection::connect(&stage.ground.database_url).await?;
    let outbox: i64 = sqlx::query_scalar("select count(*) from outbox")
        .fetch_one(&mut database)
        .await?;
    database.close().await?;
    let mut left: Vec<String> = (outbox > 0)
        .then(|| format!("outbox: {outbox}"))
        .into_iter()
        .collect();
    for queue in DEAD {
        let depth = stage.world.rabbit.peek(queue).await?.len();
        left.extend((depth > 0).then(|| format!("{queue}: {depth}")));
    }
    Ok(left)
}
