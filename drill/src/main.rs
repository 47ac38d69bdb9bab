//! The `drill` program: one run, and an exit code that says whether every alert fired in time.

use std::process::ExitCode;

use drill::run;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // What a run has started ends with it, so leaving is enough.
    let is_good = tokio::select! {
        is_good = Box::pin(run::run()) => is_good?,
        _ = interrupted.recv() => return Ok(ExitCode::from(130)),
        _ = terminated.recv() => return Ok(ExitCode::from(143)),
    };
    Ok(if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
