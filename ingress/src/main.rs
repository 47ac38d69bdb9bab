//! The `ingress` program: telemetry, settings, build, run until stopped.

use std::sync::Arc;

use domain::clock::SystemClock;
use ingress::{Config, Ingress};
use runtime::{Settings, telemetry};

fn main() -> anyhow::Result<()> {
    runtime::run(async |stop| {
        telemetry::init_traced("ingress", &Settings::from_env())?;
        failpoints::arm_from_env()?;
        let config = Config::read(Settings::from_env())?;
        runtime::install_crypto();
        let running = Ingress::start(config, Arc::new(SystemClock)).await?;
        Ok(running.run_until(stop).await?)
    })
}
