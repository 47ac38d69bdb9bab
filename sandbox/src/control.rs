//! The control API under `/sandbox`: dials, logs and the true state. Its table is in the crate's README.

mod bank;
mod books;
mod connect;
mod effects;
mod merchants;
mod payer;
mod paypal;
mod truth;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::alipay;
use crate::callbacks::CallbackDials;
use crate::faults::Dial;
use crate::stripe;
use crate::wechat;
use crate::world::World;

/// The query of a call that shows something: each entry narrows it down.
pub type Filters = Query<HashMap<String, String>>;

/// A request the control API cannot act upon.
pub struct Refused(StatusCode, String);

impl Refused {
    /// 400: the request makes no sense.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, detail.into())
    }

    /// 409: it makes sense, but not now.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self(StatusCode::CONFLICT, detail.into())
    }

    /// 404: there is no such thing.
    pub fn unknown(what: &str, id: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("no {what} {id}"))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self::bad(rejection.body_text())
    }
}

/// What a call of the control API answers.
pub type Shown = Result<Json<Value>, Refused>;

/// The routes of the control API.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox", delete(reset))
        .route("/sandbox/health", get(health))
        .route(
            "/sandbox/faults",
            post(set_fault).get(show_faults).delete(clear_faults),
        )
        .route(
            "/sandbox/callbacks",
            post(turn_callbacks).get(show_callbacks).delete(reset_callbacks),
        )
        .route("/sandbox/events/{id}/resend", post(resend))
        .route("/sandbox/deliveries", get(show_deliveries))
        .route("/sandbox/calls", get(show_calls))
        .route("/sandbox/dropped", get(show_dropped))
        .merge(truth::routes())
        .merge(merchants::routes())
        .merge(payer::routes())
        .merge(bank::routes())
        .merge(books::routes())
        .merge(connect::routes())
        .merge(wechat::control_routes())
        .merge(paypal::routes())
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn reset(State(world): State<Arc<World>>) -> StatusCode {
    world.reset();
    StatusCode::NO_CONTENT
}

async fn set_fault(
    State(world): State<Arc<World>>,
    body: Result<Json<Dial>, JsonRejection>,
) -> Result<(StatusCode, Json<Dial>), Refused> {
    let Json(dial) = body?;
    if dial.route != "*" && !dial.route.contains(" /") {
        return Err(Refused::bad("route must be \"METHOD /path\" or \"*\""));
    }
    if dial.status.is_some_and(|status| !(400..=599).contains(&status)) {
        return Err(Refused::bad("status must be between 400 and 599"));
    }
    Ok((StatusCode::CREATED, Json(world.faults.set(dial))))
}

async fn show_faults(State(world): State<Arc<World>>) -> Json<Vec<Dial>> {
    Json(world.faults.all())
}

async fn clear_faults(State(world): State<Arc<World>>) -> StatusCode {
    world.faults.clear();
    StatusCode::NO_CONTENT
}

/// What of the callback dials is to change; what is left out stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    account: Option<String>,
    duplicate: Option<u32>,
    delay_ms: Option<u64>,
    reorder: Option<bool>,
    window_ms: Option<u64>,
    before_answer: Option<bool>,
    paused: Option<bool>,
}

impl Turn {
    fn apply(&self, dials: &mut CallbackDials) {
        dials.duplicate = self.duplicate.unwrap_or(dials.duplicate);
        dials.delay_ms = self.delay_ms.unwrap_or(dials.delay_ms);
        dials.reorder = self.reorder.unwrap_or(dials.reorder);
        dials.window_ms = self.window_ms.unwrap_or(dials.window_ms);
        dials.before_answer = self.before_answer.unwrap_or(dials.before_answer);
        dials.paused = self.paused.unwrap_or(dials.paused);
    }
}

async fn turn_callbacks(State(world): State<Arc<World>>, body: Result<Json<Turn>, JsonRejection>) -> Shown {
    let Json(turn) = body?;
    if turn.duplicate.is_some_and(|copies| !(1..=100).contains(&copies)) {
        return Err(Refused::bad("duplicate must be between 1 and 100"));
    }
    world
        .callbacks
        .turn(turn.account.clone(), |dials| turn.apply(dials));
    Ok(Json(json!(world.callbacks.board())))
}

async fn show_callbacks(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!(world.callbacks.board()))
}

async fn reset_callbacks(State(world): State<Arc<World>>) -> StatusCode {
    world.callbacks.reset_dials();
    StatusCode::NO_CONTENT
}

async fn resend(State(world): State<Arc<World>>, Path(id): Path<String>) -> Shown {
    let parcels = stripe::sent_again(&world, &id)
        .or_else(|| alipay::sent_again(&world, &id))
        .or_else(|| wechat::sent_again(&world, &id))
        .or_else(|| crate::paypal::sent_again(&world.paypal, &world.base_url, &id))
        .ok_or_else(|| Refused::unknown("event", &id))?;
    Ok(Json(json!(world.callbacks.resend(parcels).await)))
}

/// Whether a filter is absent or says exactly this.
pub fn agrees(filters: &HashMap<String, String>, name: &str, value: Option<&str>) -> bool {
    filters
        .get(name)
        .is_none_or(|wanted| value == Some(wanted.as_str()))
}

/// Whether every `metadata[key]=value` filter holds.
pub fn metadata_agrees(filters: &HashMap<String, String>, metadata: &BTreeMap<String, String>) -> bool {
    filters.iter().all(|(name, wanted)| {
        let key = name
            .strip_prefix("metadata[")
            .and_then(|rest| rest.strip_suffix(']'));
        key.is_none_or(|key| metadata.get(key) == Some(wanted))
    })
}

async fn show_deliveries(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(json!(world.callbacks.matching(|delivery| {
        agrees(&filters, "event", Some(&delivery.event))
            && agrees(&filters, "type", Some(delivery.kind))
            && agrees(&filters, "account", Some(&delivery.account))
            && agrees(&filters, "endpoint", Some(&delivery.endpoint))
    })))
}

async fn show_calls(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(json!(world.calls.matching(|call| {
        agrees(&filters, "method", Some(&call.method))
            && agrees(&filters, "path", Some(&call.path))
            && agrees(&filters, "route", Some(&call.route))
            && agrees(&filters, "account", Some(&call.account))
            && agrees(&filters, "object", call.object.as_deref())
            && agrees(&filters, "idempotency_key", call.idempotency_key.as_deref())
            && agrees(
                &filters,
                "effect",
                Some(if call.effect { "true" } else { "false" }),
            )
            && metadata_agrees(&filters, &call.metadata)
    })))
}

/// What the logs no longer show: whoever counts in them has to know.
async fn show_dropped(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({
        "calls": world.calls.dropped(), "deliveries": world.callbacks.dropped(),
        "notifications": world.merchants.dropped(),
    }))
}
