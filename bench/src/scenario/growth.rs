//! The same pipeline with few payments stored and with `BENCH_STORED` (5,000,000).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use super::pipeline::{AT_ONCE, saturate};
use crate::{
    load::{CONNECTIONS, Load},
    raw::Raw,
    report::{Measured, Target},
    seed,
    settings::number,
    stage::{PATIENCE, Setting, Stage, folder},
};

/// What is stored at first.
const FEW: u64 = 10_000;
const MANY: u64 = 5_000_000;

pub(super) async fn play(_: &Raw, phase: Duration) -> anyhow::Result<Measured> {
    let many = number("BENCH_STORED", MANY)?;
    let stage = Stage::set(&Setting::ordinary(1), &folder()).await?;
    let load = Arc::new(Load::new(&stage, CONNECTIONS));
    load.so_many(FEW, AT_ONCE).await?;
    let left = stage.outside.flights.landed(PATIENCE).await;
    let few = saturate(&stage, &load, phase).await?;
    let growing = Instant::now();
    let stored = seed::multiply(&stage.ground.database_url, many).await?;
    let grown_s = growing.elapsed().as_secs_f64();
    let many = saturate(&stage, &load, phase).await?;
    let measured = Measured {
        scenario: "growth",
        targets: vec![Target::at_least(
            "throughput with many payments stored per that with few",
            0.9,
            many.per_s / few.per_s,
        )],
        facts: json!({
            "stored": stored,
            "stored_in_s": grown_s,
            "few_per_s": few.per_s,
            "many_per_s": many.per_s,
            "few_cpu_s_per_1000": few.used.per_1000(few.settled),
            "many_cpu_s_per_1000": many.used.per_1000(many.settled),
            "unfinished": left,
            "refused": load.refused(),
        }),
    };
    stage.clear().await?;
    Ok(measured)
}
