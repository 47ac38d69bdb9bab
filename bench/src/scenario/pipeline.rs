//! Accepted → intent → paid → settled → merchant told, as much as there can be, at half of that rate, and at a fixed one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    load::{CONNECTIONS, Load},
    meter::Usage,
    raw::Raw,
    report::{Measured, Target},
    scenario::workers,
    stage::{Setting, Stage, folder},
};

/// Payments under way at once; most of them wait for their payer.
pub(super) const AT_ONCE: usize = 1_024;
/// Payments per second for a look at the times that does not depend on how much there can be.
const STEADY_PER_S: f64 = 250.0;
/// How long the last payments may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the pipeline does when there is always more to do.
pub(super) struct Saturated {
    /// Payments settled per second.
    pub(super) per_s: f64,
    /// How many were settled while it was measured.
    pub(super) settled: u64,
    /// What that took.
    pub(super) used: Usage,
    /// How many payments did not end.
    pub(super) left: usize,
}

/// Keeps the pipeline full, and measures once it has been for a while.
pub(super) async fn saturate(stage: &Stage, load: &Arc<Load>, phase: Duration) -> anyhow::Result<Saturated> {
    let flights = &stage.outside.flights;
    let asking = tokio::spawn({
        let load = Arc::clone(load);
        async move { load.under_way(AT_ONCE, phase * 3 / 2).await }
    });
    tokio::time::sleep(phase / 3).await;
    let (before, settled, began) = (stage.meter.read(), flights.settled(), Instant::now());
    tokio::time::sleep(phase).await;
    let settled = flights.settled() - settled;
    let (seconds, used) = (began.elapsed().as_secs_f64(), stage.meter.since(&before));
    asking.await??;
    Ok(Saturated {
        per_s: settled as f64 / seconds,
        settled,
        used,
        left: flights.landed(PATIENCE).await,
    })
}

pub(super) async fn play(raw: &Raw, phase: Duration) -> anyhow::Result<Measured> {
    let stage = Stage::set(&Setting::ordinary(workers()?), &folder()).await?;
    let load = Arc::new(Load::new(&stage, CONNECTIONS));
    let flights = &stage.outside.flights;
    let full = saturate(&stage, &load, phase).await?;

    flights.note_times()?;
    let (before, told) = (stage.meter.read(), flights.settled());
    load.per_second(full.per_s / 2.0, phase).await;
    let half_left = flights.landed(PATIENCE).await;
    let half = stage.meter.since(&before);
    let half_settled = flights.settled() - told;
    let times = flights.times().map(|times| times.percentiles());
    let p99 = times.map_or(f64::NAN, |times| times.p99_ms);
    flights.note_times()?;
    load.per_second(STEADY_PER_S, phase).await;
    let steady_left = flights.landed(PATIENCE).await;
    let steady = flights.times().map(|times| times.percentiles());
    let measured = Measured {
        scenario: "pipeline",
        targets: vec![
            Target::at_least(
                "settled per composed limit",
                0.6,
                full.per_s / raw.composed_limit(),
            ),
            Target::at_least(
                "settled per raw transaction",
                0.25,
                full.per_s / raw.transaction.per_second,
            ),
            Target::at_most("overhead at half load, p99, ms", 50.0, p99),
        ],
        facts: json!({
            "settled_per_s": full.per_s,
            "refused": load.refused(),
            "told_again": flights.told_again(),
            "unfinished_after_60_s": full.left + half_left + steady_left,
            "cpu_s_per_1000": full.used.per_1000(full.settled),
            "peak_mib": full.used.peak_mib,
            "half_load_per_s": half_settled as f64 / half.seconds,
            "half_load_latency": times,
            "half_load_cpu_s_per_1000": half.per_1000(half_settled),
            "steady_per_s": STEADY_PER_S,
            "steady_latency": steady,
        }),
    };
    stage.clear().await?;
    Ok(measured)
}
