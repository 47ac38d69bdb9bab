//! Processes that are told to stop while a server is away: they end in time all the same.

use std::net::SocketAddr;

use anyhow::Context;
use chaos::fleet::{Launch, Process};
use e2e::proxy::Proxy;
use futures::future::try_join_all;
use reqwest::Url;

use crate::stage::{Cast, PATIENCE, Stage, stop};

const CAST: Cast<'_> = Cast {
    ingresses: 1,
    workers: 1,
    settings: &[],
};

/// How a server is away.
#[derive(Debug, Clone, Copy)]
enum Away {
    /// It refuses.
    Gone,
    /// It takes what it gets and says nothing.
    Silent,
}

/// The same process, which reaches the server of one setting over a wire of its own.
async fn over_a_wire(launch: &Launch, setting: &str) -> anyhow::Result<(Launch, Proxy)> {
    let mut url: Url = launch.environment[setting].parse()?;
    let host = url.host_str().context("a host")?.to_owned();
    let server: Vec<SocketAddr> = tokio::net::lookup_host((host, url.port().context("a port")?))
        .await?
        .collect();
    let wire = Proxy::start(*server.first().context("an address")?).await?;
    let rewritten = url.set_host(Some(&wire.address().ip().to_string())).is_ok()
        && url.set_port(Some(wire.address().port())).is_ok();
    anyhow::ensure!(rewritten, "{setting} cannot be led over a wire");
    Ok((launch.clone().with(setting, url.as_str()), wire))
}

/// Stops one process of its own while the server of `setting` is away.
async fn stops(launch: &Launch, setting: &str, away: Away) -> anyhow::Result<()> {
    let (launch, wire) = over_a_wire(launch, setting).await?;
    let mut process = Process::start(launch)?;
    process.ready(PATIENCE).await?;
    match away {
        Away::Gone => wire.cut(),
        Away::Silent => wire.stall(),
    }
    let begun = std::time::Instant::now();
    let stopped = stop(&mut process).await;
    println!(
        "{} without {setting} ({away:?}): {} ms",
        process.launch.name,
        begun.elapsed().as_millis()
    );
    stopped.with_context(|| format!("{setting}, {away:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_ends_in_time_without_its_servers() -> anyhow::Result<()> {
    let mut stage = Stage::set("servers_away", CAST).await?;
    let (mut ingress, mut workers) = (stage.ingresses.remove(0), stage.workers.remove(0));
    // Their successors listen where they did.
    stop(&mut ingress).await?;
    stop(&mut workers).await?;
    for setting in ["AMQP_URL", "DATABASE_URL"] {
        for away in [Away::Gone, Away::Silent] {
            try_join_all([&ingress, &workers].map(|process| stops(&process.launch, setting, away))).await?;
        }
    }
    drop((ingress, workers));
    stage.strike().await
}
