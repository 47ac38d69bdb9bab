//! The `workers` process.

use anyhow::Context;
use domain::clock::SystemClock;
use runtime::{Settings, shutdown, telemetry};
use workers::{Workers, WorkersConfig};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("workers")?;
    failpoints::arm_from_env()?;
    runtime::install_crypto();
    let config = WorkersConfig::from_settings(Settings::from_env())?;
    let stop = shutdown::on_signal()?;
    let started = stop
        .run_until_cancelled(Workers::start(config, SystemClock))
        .await;
    let Some(mut running) = started.transpose().context("the workers cannot start")? else {
        return Ok(());
    };
    let ended_early = stop.run_until_cancelled(running.ended_early()).await.is_some();
    running.stop().await;
    anyhow::ensure!(!ended_early, "a worker ended although nobody asked it to");
    Ok(())
}
