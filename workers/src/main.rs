//! The `workers` program: telemetry, settings, build, run until stopped.

use anyhow::Context;
use domain::clock::SystemClock;
use runtime::{Settings, telemetry};
use workers::{Workers, WorkersConfig};

fn main() -> anyhow::Result<()> {
    runtime::run(async |stop| {
        telemetry::init_traced("workers", &Settings::from_env())?;
        failpoints::arm_from_env()?;
        runtime::install_crypto();
        let config = WorkersConfig::from_settings(Settings::from_env())?;
        let starting = stop.run_until_cancelled(Workers::start(config, SystemClock));
        let Some(started) = starting.await else {
            return Ok(());
        };
        let running = started.context("the workers cannot start")?;
        Ok(running.run_until(&stop).await?)
    })
}
