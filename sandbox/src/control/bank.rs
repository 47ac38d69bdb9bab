//! What a payer's bank does after a payment: ends refunds, opens and decides disputes.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use super::Refused;
use super::effects::{change, owner_of_dispute, owner_of_intent, owner_of_refund, shown};
use crate::stripe::Claim;
use crate::world::World;

/// The bank's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/stripe/refunds/{id}/settle", post(settle_refund))
        .route("/sandbox/stripe/intents/{id}/dispute", post(open_dispute))
        .route("/sandbox/stripe/disputes/{id}/close", post(close_dispute))
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

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Opening {
    amount: Option<i64>,
    reason: Option<String>,
    warning: bool,
}

/// Opens a dispute about what paid an intent.
async fn open_dispute(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<Opening>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(opening) = body?;
    let account = owner_of_intent(&world, &id)?;
    let claim = Claim {
        amount: opening.amount,
        reason: opening.reason.unwrap_or_else(|| "fraudulent".to_owned()),
        warning: opening.warning,
    };
    let outcome = change(&world, &account, |book, origin| book.dispute(&id, claim, origin));
    Ok(shown(outcome.await))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    won: bool,
}

/// Decides an open dispute.
async fn close_dispute(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<Decision>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(decision) = body?;
    let account = owner_of_dispute(&world, &id)?;
    let outcome = change(&world, &account, |book, origin| {
        book.close_dispute(&id, decision.won, origin)
    });
    Ok(shown(outcome.await))
}
