//! The probes. A process that cannot reach RabbitMQ is alive but not ready: it can only say 503. One that cannot reach
//! PostgreSQL still accepts, so that is told and changes nothing.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use runtime::Check;

use crate::app::Shared;

/// The process turns.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The process can accept.
pub(crate) async fn ready(State(app): State<Shared>) -> impl IntoResponse {
    let broker = app.broker_state();
    let shown = |state: Result<(), &'static str>| state.err().unwrap_or("ok");
    let status = if broker.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let states = BTreeMap::from([
        ("rabbitmq", shown(broker)),
        ("postgresql", shown(app.reads.state().await)),
    ]);
    (status, Json(states))
}

/// What the internal listener's probe asks. PostgreSQL is a gauge there and no condition.
pub(crate) async fn checks(app: Shared) -> Vec<Check> {
    let reachable = app.reads.state().await.is_ok();
    metrics::gauge!("sluice_store_reachable").set(if reachable { 1.0 } else { 0.0 });
    vec![("rabbitmq", app.broker_state().map_err(str::to_owned))]
}
