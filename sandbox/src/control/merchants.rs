//! Settings of merchants and what they received.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Filters, Refused, Shown, agrees};
use crate::merchant::Behaviour;
use crate::world::World;

/// The routes of merchants.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/merchants/{name}", put(set_merchant).get(show_merchant))
        .route("/sandbox/merchants/{name}/behaviour", post(set_behaviour))
        .route(
            "/sandbox/merchants/{name}/deliveries",
            get(show_received).delete(forget_received),
        )
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Secrets {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct MerchantSettings {
    secret: Secrets,
}

async fn set_merchant(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    body: Result<Json<MerchantSettings>, JsonRejection>,
) -> Shown {
    let Json(settings) = body?;
    let secrets = match settings.secret {
        Secrets::One(secret) => vec![secret],
        Secrets::Several(secrets) => secrets,
    };
    world
        .merchants
        .set_secrets(&name, &secrets)
        .map_err(|_| Refused::bad("a secret must be whsec_ and base64"))?;
    Ok(Json(world.merchants.summary(&name)))
}

async fn show_merchant(State(world): State<Arc<World>>, Path(name): Path<String>) -> Json<Value> {
    Json(world.merchants.summary(&name))
}

async fn set_behaviour(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    body: Result<Json<Behaviour>, JsonRejection>,
) -> Shown {
    let Json(behaviour) = body?;
    world.merchants.behave(&name, behaviour);
    Ok(Json(world.merchants.summary(&name)))
}

async fn show_received(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    Query(filters): Filters,
) -> Json<Value> {
    Json(json!(world.merchants.received(&name, |received| {
        agrees(&filters, "id", received.id.as_deref()) && agrees(&filters, "type", received.kind.as_deref())
    })))
}

async fn forget_received(State(world): State<Arc<World>>, Path(name): Path<String>) -> StatusCode {
    world.merchants.forget(&name);
    StatusCode::NO_CONTENT
}
