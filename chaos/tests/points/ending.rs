//! How work ends, seen from every side.

use std::{collections::BTreeSet, fmt::Debug};

use anyhow::ensure;
use e2e::{Scene, wait};
use uuid::Uuid;

use crate::stage::{Actor, PAID, PATIENCE, Stage};

/// What is left of a payment when all is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its status.
    pub status: String,
    /// How many intents the provider has for it.
    pub intents: usize,
    /// How often money was taken.
    pub charges: u32,
    /// What its merchant was told, each notification once however often it was delivered.
    pub told: Vec<String>,
    /// Whether all that the merchant received was signed well.
    pub is_genuine: bool,
    /// How many callbacks that it was paid are in the inbox.
    pub taken_in: i64,
    /// How many messages are in the outbox, whosever they are.
    pub outbox: i64,
    /// The dead-letter queues of the jobs that were given up, each job once however often it was parked.
    pub parked: Vec<String>,
}

impl Ending {
    /// It was paid, and everybody knows.
    pub fn paid() -> Self {
        Self {
            status: "succeeded".into(),
            intents: 1,
            charges: 1,
            told: vec!["payment.succeeded".into()],
            is_genuine: true,
            taken_in: 1,
            outbox: 0,
            parked: vec![],
        }
    }

    /// The same, with a job of this kind parked.
    pub fn parking(self, kind: &str) -> Self {
        Self {
            parked: vec![format!("dead.{kind}")],
            ..self
        }
    }
}

/// Waits until the payment has ended like this and nothing is left to do anywhere, and checks that it stays so. The workers
/// are stopped then.
pub async fn ends(
    stage: &Stage,
    scene: &Scene<'_>,
    workers: &mut Actor,
    payment: &str,
    expected: &Ending,
) -> anyhow::Result<()> {
    let look = async || see(stage, scene, payment).await;
    ends_as(stage, workers, payment, expected, look).await
}

/// The same, for whatever `look` sees.
pub async fn ends_as<T: PartialEq + Debug>(
    stage: &Stage,
    workers: &mut Actor,
    what: &str,
    expected: &T,
    look: impl AsyncFn() -> anyhow::Result<T>,
) -> anyhow::Result<()> {
    let seen = wait::until(PATIENCE, &look, |seen| seen == expected).await?;
    ensure!(
        seen == *expected,
        "{what} ended otherwise.\nexpected {expected:?}\n    seen {seen:?}"
    );
    rest(stage, workers).await?;
    let seen = look().await?;
    ensure!(
        seen == *expected,
        "{what} did not stay so.\nexpected {expected:?}\n    seen {seen:?}"
    );
    Ok(())
}

/// Stops the workers once no queue has anything left for them.
pub async fn rest(stage: &Stage, workers: &mut Actor) -> anyhow::Result<()> {
    let look = async || {
        workers.stop().await?;
        let waiting = stage.waiting().await?;
        if !waiting.is_empty() {
            workers.start_and_wait().await?;
        }
        Ok(waiting)
    };
    let waiting = wait::until(PATIENCE, look, Vec::is_empty).await?;
    ensure!(waiting.is_empty(), "still in queues: {waiting:?}");
    Ok(())
}

/// What there is now.
pub async fn see(stage: &Stage, scene: &Scene<'_>, payment: &str) -> anyhow::Result<Ending> {
    let intents = scene.intents_of(payment).await?;
    let told = scene.told(payment).await?;
    let distinct: BTreeSet<_> = told.iter().map(|told| (&told.kind, &told.id)).collect();
    let id: Uuid = payment.trim_start_matches("pay_").parse()?;
    let database = &stage.database;
    let taken_in = "select count(*) from payment_callbacks where payment_id = $1 and event_type = $2";
    let taken_in = sqlx::query_scalar(taken_in).bind(id).bind(PAID);
    let outbox = sqlx::query_scalar("select count(*) from outbox");
    Ok(Ending {
        status: scene
            .merchant
            .api
            .payment(payment)
            .await?
            .text("/status")
            .to_owned(),
        intents: intents.len(),
        charges: intents.iter().map(|intent| intent.charges_succeeded).sum(),
        told: distinct.into_iter().map(|(kind, _)| kind.clone()).collect(),
        is_genuine: told.iter().all(|told| told.verified),
        taken_in: taken_in.fetch_one(database).await?,
        outbox: outbox.fetch_one(database).await?,
        parked: stage.parked().await?,
    })
}
