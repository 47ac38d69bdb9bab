//! The probes. A process that cannot reach RabbitMQ is alive but not ready: it can only say 503. One that cannot reach
//! PostgreSQL still accepts, so that is told and changes nothing. One that is to stop says that it is not ready while it
//! still accepts, so that whoever chooses among several processes leaves it out before it is gone.
//!
//! Anybody may ask the public probe, as often as they like. So it never asks PostgreSQL itself, but tells what one task
//! has last seen.

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use runtime::Check;

use crate::app::Shared;

/// How often PostgreSQL is looked after.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The process turns.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The process can accept.
pub(crate) async fn ready(State(app): State<Shared>) -> impl IntoResponse {
    let (process, broker) = (app.process_state(), app.broker_state());
    let shown = |state: Result<(), &'static str>| state.err().unwrap_or("ok");
    let status = if process.is_ok() && broker.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let states = BTreeMap::from([
        ("process", shown(process)),
        ("rabbitmq", shown(broker)),
        ("postgresql", shown(app.store_state())),
    ]);
    (status, Json(states))
}

/// Looks after PostgreSQL for as long as ingress runs: for the probes to tell, and as a gauge.
pub(crate) async fn watch_store(app: Shared) {
    app.reads.connect().await;
    loop {
        let state = app.reads.state().await;
        metrics::gauge!("sluice_store_reachable").set(if state.is_ok() { 1.0 } else { 0.0 });
        app.note_store_state(state);
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// What the internal listener's probe asks. PostgreSQL is no condition there either.
pub(crate) async fn checks(app: Shared) -> Vec<Check> {
    let states = [("process", app.process_state()), ("rabbitmq", app.broker_state())];
    states
        .map(|(name, state)| (name, state.map_err(str::to_owned)))
        .into()
}
