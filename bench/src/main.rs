//! Measures Sluice beside the raw parts that it is made of: see `docs/performance.md`.
//!
//! `BENCH` names the scenarios, separated by commas; without it all are run. `BENCH_SECONDS` is how long each phase takes.

mod flights;
mod http;
mod latency;
mod load;
mod meter;
mod outside;
mod raw;
mod report;
mod scenario;
mod seed;
mod spool;
mod stage;

use std::{env, time::Duration};

use anyhow::Context;

use crate::{raw::Raw, report::Report, scenario::Scenario};

/// How long a phase takes when nothing else is said.
const PHASE_S: u64 = 10;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wanted = env::var("BENCH").unwrap_or_default();
    let scenarios = Scenario::named(&wanted)?;
    let phase = phase()?;
    let raw = Raw::measure(phase).await.context("the raw parts")?;
    let mut report = Report::new(raw);
    for scenario in scenarios {
        let measured = Box::pin(scenario.play(&raw, phase)).await;
        report.add(measured.with_context(|| scenario.name())?);
    }
    report.write()
}

fn phase() -> anyhow::Result<Duration> {
    let seconds = match env::var("BENCH_SECONDS") {
        Ok(seconds) => seconds
            .parse()
            .context("BENCH_SECONDS is a number of seconds, such as 10")?,
        Err(_) => PHASE_S,
    };
    Ok(Duration::from_secs(seconds))
}
