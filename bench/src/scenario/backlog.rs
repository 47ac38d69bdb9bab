//! A backlog of `BENCH_BACKLOG` jobs (1,000,000) while ingress keeps accepting: how fast it drains at its beginning and near its
//! end, and what memory the workers and the broker take.
//!
//! The jobs are copies of one that ingress has published, each under a key of its own. Draining all of them would take longer
//! than a benchmark may, so the middle is taken out by a plain consumer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use chaos::fleet::{Launch, Process};
use serde_json::json;

use crate::{
    load::{CONNECTIONS, Load},
    raw::Raw,
    report::{Measured, Target},
    settings::number,
    spool::Spool,
    stage::{PATIENCE, Setting, Stage, folder},
};

const QUEUE: &str = "jobs.create_intent";
const JOBS: u64 = 1_000_000;
/// Payments that ingress is asked for per second meanwhile.
const PER_S: f64 = 20.0;

pub(super) async fn play(_: &Raw, phase: Duration) -> anyhow::Result<Measured> {
    let jobs = number("BENCH_BACKLOG", JOBS)?;
    let setting = Setting {
        workers: 1,
        merchants: 20,
        payer_takes: None,
    };
    let mut stage = Stage::set(&setting, &folder()).await?;
    let load = Arc::new(Load::new(&stage, CONNECTIONS));
    let launch = stop_workers(&mut stage).await?;
    let spool = Spool::open(&stage.ground.amqp_url, QUEUE).await?;
    load.as_fast_as_accepted(Duration::from_millis(1)).await?;
    let filling = Instant::now();
    spool.fill(jobs).await?;
    let filled_s = filling.elapsed().as_secs_f64();

    let first = drain(&mut stage, &launch, &load, phase).await?;
    stop_workers(&mut stage).await?;
    spool.shorten_to(jobs / 10).await?;
    let last = drain(&mut stage, &launch, &load, phase).await?;
    let workers_mib = first.workers_mib.max(last.workers_mib);
    let measured = Measured {
        scenario: "backlog",
        targets: vec![
            Target::at_least(
                "drain rate at the end per that at the beginning",
                0.9,
                last.per_s / first.per_s,
            ),
            Target::at_most("peak memory of workers, MiB", 150.0, workers_mib),
        ],
        facts: json!({
            "jobs": jobs,
            "filled_in_s": filled_s,
            "first_per_s": first.per_s,
            "last_per_s": last.per_s,
            "broker_mib_first": first.broker_mib,
            "broker_mib_last": last.broker_mib,
            "refused": load.refused(),
        }),
    };
    spool.close().await?;
    stage.clear().await?;
    Ok(measured)
}

struct Drained {
    per_s: f64,
    workers_mib: f64,
    broker_mib: f64,
}

/// Starts the workers, and counts the intents that they open while ingress is asked for more.
async fn drain(
    stage: &mut Stage,
    launch: &Launch,
    load: &Arc<Load>,
    phase: Duration,
) -> anyhow::Result<Drained> {
    let mut workers = Process::start(launch.clone())?;
    workers.ready(PATIENCE).await?;
    stage
        .meter
        .watch("workers-1", workers.id().context("a process has an id")?);
    stage.processes.push(workers);
    tokio::time::sleep(phase / 4).await;
    let (before, opened) = (stage.meter.read(), stage.outside.intents());
    load.per_second(PER_S, phase).await;
    let used = stage.meter.since(&before);
    let memory = |name: &str| used.peak_mib.get(name).copied().unwrap_or_default();
    Ok(Drained {
        per_s: (stage.outside.intents() - opened) as f64 / used.seconds,
        workers_mib: memory("workers-1"),
        broker_mib: memory("rabbitmq"),
    })
}

/// Asks the workers to stop, and gives what they were started with.
async fn stop_workers(stage: &mut Stage) -> anyhow::Result<Launch> {
    let mut workers = stage
        .processes
        .pop()
        .context("workers are the last of the processes")?;
    workers.terminate().await?;
    workers.wait(PATIENCE).await?;
    Ok(workers.launch.clone())
}
