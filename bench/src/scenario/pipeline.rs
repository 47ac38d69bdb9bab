//! Accepted → intent → paid → settled → merchant told, as much as there can be, and at half of that rate.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    load::{CONNECTIONS, Load},
    raw::Raw,
    report::{Measured, Target},
    stage::{Setting, Stage, folder},
};

/// Payments under way at once; most of them wait for their payer.
const AT_ONCE: usize = 1_024;
/// How long a payer takes.
const PAYER_TAKES: Duration = Duration::from_millis(200);
/// How long the last payments may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn play(raw: &Raw, phase: Duration) -> anyhow::Result<Measured> {
    let setting = Setting {
        workers: 1,
        merchants: 20,
        payer_takes: Some(PAYER_TAKES),
    };
    let stage = Stage::set(&setting, &folder()).await?;
    let load = Arc::new(Load::new(&stage, CONNECTIONS));
    let flights = &stage.outside.flights;

    let asking = tokio::spawn({
        let load = Arc::clone(&load);
        async move { load.under_way(AT_ONCE, phase * 3 / 2).await }
    });
    tokio::time::sleep(phase / 3).await;
    let (before, settled, began) = (stage.meter.read(), flights.settled(), Instant::now());
    tokio::time::sleep(phase).await;
    let settled = flights.settled() - settled;
    let used = stage.meter.since(&before);
    let per_second = settled as f64 / began.elapsed().as_secs_f64();
    asking.await??;
    flights.landed(PATIENCE).await?;

    flights.note_times()?;
    let (before, told) = (stage.meter.read(), flights.settled());
    load.per_second(per_second / 2.0, phase).await;
    flights.landed(PATIENCE).await?;
    let half = stage.meter.since(&before);
    let half_settled = flights.settled() - told;
    let times = flights.times().map(|times| times.percentiles());
    let p99 = times.map_or(f64::NAN, |times| times.p99_ms);
    let measured = Measured {
        scenario: "pipeline",
        targets: vec![
            Target::at_least(
                "settled per composed limit",
                0.6,
                per_second / raw.composed_limit(),
            ),
            Target::at_least(
                "settled per raw transaction",
                0.25,
                per_second / raw.transaction.per_second,
            ),
            Target::at_most("overhead at half load, p99, ms", 50.0, p99),
        ],
        facts: json!({
            "settled_per_s": per_second,
            "refused": load.refused(),
            "told_again": flights.told_again(),
            "cpu_s_per_1000": used.per_1000(settled),
            "peak_mib": used.peak_mib,
            "half_load_per_s": half_settled as f64 / half.seconds,
            "half_load_latency": times,
            "half_load_cpu_s_per_1000": half.per_1000(half_settled),
        }),
    };
    stage.clear().await?;
    Ok(measured)
}
