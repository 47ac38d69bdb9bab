//! Deliveries to merchants: how many in a second, and what a merchant whose endpoint hangs costs the others.
//!
//! The notifications of settled payments gather while their queue is paused, and are delivered when it goes on. Then payments
//! come at a fixed rate, in turns without and with one of a hundred merchants hanging until its time-out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use e2e::console::Console;
use serde_json::{Value, json};

use crate::{
    latency::Latency,
    load::{CONNECTIONS, Load},
    raw::Raw,
    report::{Measured, Target},
    stage::{Setting, Stage, folder},
};

const MERCHANTS: usize = 100;
/// For how long notifications gather, and of how many payments a second: of 10,000 together. None of these payments ends meanwhile.
const GATHERING: Duration = Duration::from_secs(40);
const GATHERING_PER_S: f64 = 250.0;
/// Payments per second while one merchant hangs, and while none does: about a third of what the pipeline does.
const PER_S: f64 = 150.0;
/// How often each side is measured.
const ROUNDS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn play(_: &Raw, phase: Duration) -> anyhow::Result<Measured> {
    let setting = Setting {
        merchants: MERCHANTS,
        ..Setting::ordinary(1)
    };
    let stage = Stage::set(&setting, &folder()).await?;
    let load = Arc::new(Load::new(&stage, CONNECTIONS));
    let drained = drain(&stage, &load).await?;

    let (mut without, mut with) = (Latency::new()?, Latency::new()?);
    load.per_second(PER_S, phase / 2).await;
    stage.outside.flights.landed(PATIENCE).await;
    for _ in 0..ROUNDS {
        for (hangs, to) in [(false, &mut without), (true, &mut with)] {
            stage.outside.hang(hangs);
            stage.outside.flights.note_times()?;
            load.per_second(PER_S, phase).await;
            stage.outside.flights.landed(PATIENCE).await;
            if let Some(times) = stage.outside.flights.times() {
                to.merge(&times)?;
            }
        }
    }
    let (without, with) = (without.percentiles(), with.percentiles());
    let measured = Measured {
        scenario: "notify",
        targets: vec![Target::at_most(
            "p99 with one merchant hanging, per p99 without",
            1.1,
            with.p99_ms / without.p99_ms,
        )],
        facts: json!({
            "deliveries": drained,
            "refused": load.refused(),
            "others_without": without,
            "others_with_one_hanging": with,
        }),
    };
    stage.clear().await?;
    Ok(measured)
}

/// Lets notifications gather, and has them delivered.
async fn drain(stage: &Stage, load: &Arc<Load>) -> anyhow::Result<Value> {
    let flights = &stage.outside.flights;
    let console = stage.ground.console()?;
    console
        .run(&["pause", "queue", "notify_merchant", "--reason", "bench"], "")
        .await?;
    load.per_second(GATHERING_PER_S, GATHERING).await;
    // The first were told before the workers had heard of the pause.
    let gathered = flights.open() as u64;
    stage.waiting("jobs.notify_merchant", gathered).await?;
    let (before, began) = (stage.meter.read(), Instant::now());
    console
        .run(&["resume", "queue", "notify_merchant", "--reason", "bench"], "")
        .await?;
    let left = flights.landed(PATIENCE).await;
    anyhow::ensure!(left == 0, "{left} notifications were not delivered");
    let (seconds, used) = (began.elapsed().as_secs_f64(), stage.meter.since(&before));
    Ok(json!({
        "per_s": gathered as f64 / seconds,
        "cpu_s_per_1000": used.per_1000(gathered),
    }))
}
