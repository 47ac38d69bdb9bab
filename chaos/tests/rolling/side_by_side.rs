//! Several workers share the work, and none does what another did.

use anyhow::ensure;
use e2e::{
    scene::{body_with, key},
    world,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::{
    crowd::all_is_settled,
    stage::{Cast, Stage},
};

const PAYMENTS: usize = 80;
const AT_ONCE: usize = 20;

/// How many jobs a workers process has handled, by its own account.
async fn handled(internal_url: &str) -> anyhow::Result<f64> {
    let metrics = world::http()?
        .get(format!("{internal_url}/metrics"))
        .send()
        .await?;
    let metrics = metrics.text().await?;
    let counts = metrics
        .lines()
        .filter(|line| line.starts_with("sluice_jobs_handled_total"))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    Ok(counts.sum())
}

async fn share_a_crowd(workers: usize) -> anyhow::Result<()> {
    let cast = Cast {
        ingresses: 1,
        workers,
        settings: &[],
    };
    let stage = Stage::set(&format!("side_by_side_{workers}"), cast).await?;
    let merchant = stage.world.merchant("side-by-side").await?;
    let restless = json!({ "account": merchant.account, "duplicate": 2, "reorder": true, "window_ms": 50 });
    stage.world.sandbox.set_callbacks(restless).await?;
    let body = body_with("pm_card_visa");
    let keys: Vec<String> = (0..PAYMENTS).map(|_| key()).collect();
    let asked = stream::iter(&keys).map(|key| merchant.api.create(key, &body));
    let accepted: Vec<_> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
    let payments = accepted
        .into_iter()
        .map(|answer| Ok(answer.success()?.text("/id").to_owned()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    all_is_settled(&stage, &merchant, &payments).await?;
    for worker in &stage.workers {
        let count = handled(&worker.launch.internal_url()).await?;
        println!("{} handled {count} jobs", worker.launch.name);
        ensure!(count > 0.0, "{} took no part", worker.launch.name);
    }
    stage.strike().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_a_crowd() -> anyhow::Result<()> {
    share_a_crowd(2).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_workers_share_a_crowd() -> anyhow::Result<()> {
    share_a_crowd(4).await
}
