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
mod server;
mod settings;
mod spool;
mod stage;

use std::{env, time::Duration};

use anyhow::Context;
use tokio::runtime::Builder;

use crate::{raw::Raw, report::Report, scenario::Scenario};

/// How long a phase takes when nothing else is said.
const PHASE_S: u64 = 10;

fn main() -> anyhow::Result<()> {
    let wanted = env::var("BENCH").unwrap_or_default();
    let scenarios = Scenario::named(&wanted)?;
    let phase = Duration::from_secs(settings::number("BENCH_SECONDS", PHASE_S)?);
    // The raw parts get all there is; the world around Sluice is to take as little as it can from what it surrounds.
    let all_cores = Builder::new_multi_thread().enable_all().build()?;
    let raw = all_cores.block_on(Raw::measure(phase)).context("the raw parts")?;
    drop(all_cores);
    let one_core = Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::new(raw);
    for scenario in scenarios {
        let measured = one_core.block_on(scenario.play(&raw, phase));
        report.add(measured.with_context(|| scenario.name())?);
    }
    report.write()
}
