//! The listener for the people and machines that run Sluice: `/metrics`, `/healthz` and `/readyz`.
//!
//! It is apart from the public listener so that metrics are never reachable from outside and so that a flood
//! of requests does not drown the probes. `/healthz` says that the process turns; `/readyz` asks what it
//! depends on. A failing dependency must never make `/healthz` fail: restarting the process would not mend
//! it.

use std::{collections::BTreeMap, io, net::SocketAddr, time::Duration};

use axum::{
    Json, Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::telemetry;

/// How long `/readyz` waits for all checks together.
const READINESS_TIMEOUT: Duration = Duration::from_secs(5);

/// How long requests under way may take once the process is to stop.
const GRACE: Duration = Duration::from_secs(2);

/// How often recorded samples are folded into histograms.
const FOLD_INTERVAL: Duration = Duration::from_secs(5);

/// One thing the process depends on: its name, and what is wrong with it if something is. The text is shown
/// to whoever reaches this listener, so it must not hold a secret.
pub type Check = (&'static str, Result<(), String>);

/// A running internal listener.
#[derive(Debug)]
pub struct InternalListener {
    address: SocketAddr,
    server: JoinSet<()>,
}

impl InternalListener {
    /// Where it listens; tells the port when the setting asked for port 0.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has ended, which it does not before the token it was started with is cancelled.
    pub async fn ended(&mut self) {
        while let Some(ended) = self.server.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the internal listener ended abnormally");
            }
        }
    }
}

/// Binds the internal listener and serves it in the background until `shutdown` is cancelled.
///
/// `readiness` is asked on every `/readyz`; the answer is 200 when all its checks are fine, else 503, with
/// the checks by name as JSON either way.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve_internal<F, R>(
    address: SocketAddr,
    readiness: F,
    shutdown: CancellationToken,
) -> io::Result<InternalListener>
where
    F: Fn() -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Vec<Check>> + Send + 'static,
{
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let routes = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(move || ready(readiness())))
        .route("/metrics", get(metrics));
    let mut server = JoinSet::new();
    server.spawn(async move {
        let folding = tokio::spawn(fold_samples(shutdown.clone()));
        let served = axum::serve(listener, routes).with_graceful_shutdown(shutdown.clone().cancelled_owned());
        let overdue = async {
            shutdown.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = served.into_future() => if let Err(error) = served {
                tracing::error!(%error, "the internal listener stopped serving");
            },
            () = overdue => tracing::warn!("a client of the internal listener was not waited for"),
        }
        folding.abort();
    });
    tracing::info!(%address, "internal listener started");
    Ok(InternalListener { address, server })
}

async fn metrics() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        telemetry::metrics_text(),
    )
}

async fn ready(checks: impl Future<Output = Vec<Check>>) -> impl IntoResponse {
    let checks = match tokio::time::timeout(READINESS_TIMEOUT, checks).await {
        Ok(checks) => checks,
        Err(_elapsed) => vec![(
            "readiness",
            Err(format!("no answer within {} s", READINESS_TIMEOUT.as_secs())),
        )],
    };
    let all_fine = checks.iter().all(|(_, result)| result.is_ok());
    let shown = |(name, result): Check| (name, result.err().unwrap_or_else(|| "ok".to_owned()));
    let status = if all_fine {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(checks.into_iter().map(shown).collect::<BTreeMap<_, _>>()),
    )
}

async fn fold_samples(shutdown: CancellationToken) {
    while shutdown
        .run_until_cancelled(tokio::time::sleep(FOLD_INTERVAL))
        .await
        .is_some()
    {
        telemetry::fold_samples();
    }
}
