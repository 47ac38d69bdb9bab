//! The `sandbox` binary: reads its settings, serves, and stops on SIGTERM or SIGINT.

use anyhow::Context;
use sandbox::SandboxConfig;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let config = SandboxConfig::from_env().context("reading the settings")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let sandbox = sandbox::start(config).await.context("starting the sandbox")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("sandbox stops");
    sandbox.stop().await;
    Ok(())
}
