//! Turns the operating system's wish that the process end into a token that every task can wait for.
//!
//! Nothing is ended here: whoever holds the token finishes what it started and returns. A second signal does
//! nothing: it often comes by accident, from a terminal and a supervisor at once, and every step of stopping has
//! a limit of its own. Cutting work short is what SIGKILL is for, which loses nothing either.

use std::io;

use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first SIGTERM or SIGINT.
///
/// # Errors
/// The signal handlers cannot be installed.
#[cfg(unix)]
pub fn on_signal() -> io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
        cancelled.cancel();
    });
    Ok(token)
}
