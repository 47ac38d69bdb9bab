//! The `chaos` program: one run, and an exit code that says whether everything held.

use std::process::ExitCode;

use chaos::{
    cluster,
    config::Config,
    run::{self, Verdict},
};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // What a run has started ends with it, so leaving is enough.
    let verdict = tokio::select! {
        verdict = Box::pin(run_as_told(&config)) => verdict?,
        _ = interrupted.recv() => return Ok(ExitCode::from(130)),
        _ = terminated.recv() => return Ok(ExitCode::from(143)),
    };
    println!("{verdict}");
    Ok(if verdict.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn run_as_told(config: &Config) -> anyhow::Result<Verdict> {
    match &config.cluster {
        Some(managements) => cluster::run(config, managements).await,
        None => run::run(config).await,
    }
}
