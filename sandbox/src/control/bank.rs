//! What a payer's bank does after a payment: ends refunds.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use super::Refused;
use super::effects::{change, owner_of_refund, shown};
use crate::world::World;

/// The bank's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/sandbox/stripe/refunds/{id}/settle", post(settle_refund))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundEnding {
    succeeded: bool,
}

/// Ends a pending refund, or lets one fail that had succeeded.
async fn settle_refund(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<RefundEnding>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(ending) = body?;
    let account = owner_of_refund(&world, &id)?;
    let outcome = change(&world, &account, |book, origin| {
        book.end_refund(&id, ending.succeeded, origin);
        book.show_refund(&id)
    });
    Ok(shown(outcome.await))
}
