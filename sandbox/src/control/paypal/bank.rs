//! What becomes of money after the call that moved it: captures and refunds that end later, reversals, disputes, and
//! webhooks that tell something else than what is true.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::super::{Refused, Shown};
use super::{change, owner_of_capture, shown};
use crate::locking::lock;
use crate::paypal::{Differences, Kind, RefundEnding, RefundStatus};
use crate::world::World;

/// The routes of what happens to money.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/paypal/captures/{id}/settle", post(settle_capture))
        .route("/sandbox/paypal/captures/{id}/reverse", post(reverse))
        .route("/sandbox/paypal/captures/{id}/refunds", post(plan_refunds))
        .route("/sandbox/paypal/captures/{id}/announce", post(announce))
        .route("/sandbox/paypal/captures/{id}/dispute", post(dispute))
        .route("/sandbox/paypal/refunds/{id}/settle", post(settle_refund))
        .route("/sandbox/paypal/disputes/{id}/resolve", post(resolve))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptureSettlement {
    paid: bool,
}

/// Ends a pending capture.
async fn settle_capture(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<CaptureSettlement>, JsonRejection>,
) -> Shown {
    let Json(ending) = body?;
    let app = owner_of_capture(&world, &id)?;
    if !change(&world, &app, |book, now| {
        book.settle_capture(&id, ending.paid, now)
    })
    .await
    {
        return Err(Refused::bad("the capture is not pending"));
    }
    let book = lock(&app.book);
    let capture = book.captures.get(&id).map(|capture| book.render_capture(capture));
    Ok(Json(json!(capture)))
}

/// Takes what is left of a capture from the merchant.
async fn reverse(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Response, Refused> {
    let app = owner_of_capture(&world, &id)?;
    let outcome = change(&world, &app, |book, now| book.reverse_capture(&id, now)).await;
    Ok(shown(outcome.map(|refund| json!({ "id": id, "refund": refund }))))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundPlan {
    refunds: RefundEnding,
}

/// Says how refunds of a capture go from now on.
async fn plan_refunds(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<RefundPlan>, JsonRejection>,
) -> Shown {
    let Json(plan) = body?;
    let app = owner_of_capture(&world, &id)?;
    if let Some(capture) = lock(&app.book).captures.get_mut(&id) {
        capture.refunds_go = plan.refunds;
    }
    Ok(Json(json!({ "id": id, "refunds": plan.refunds })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Announcement {
    event_type: String,
    #[serde(default)]
    differs: Differences,
}

/// Sends a webhook about a capture, well signed, that need not be true.
async fn announce(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<Announcement>, JsonRejection>,
) -> Shown {
    let Json(told) = body?;
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| kind.name() == told.event_type && kind.name().starts_with("PAYMENT.CAPTURE."));
    let kind = kind.ok_or_else(|| Refused::bad("event_type must be a PAYMENT.CAPTURE event"))?;
    let app = owner_of_capture(&world, &id)?;
    change(&world, &app, |book, now| {
        book.emit_capture(kind, &id, Some(&told.differs), now);
    })
    .await;
    Ok(Json(json!({ "id": id, "event_type": kind.name() })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Opening {
    reason: Option<String>,
}

/// Opens a dispute about all of a capture.
async fn dispute(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Option<Json<Opening>>, JsonRejection>,
) -> Result<Response, Refused> {
    let opening = body?.map(|Json(opening)| opening).unwrap_or_default();
    let app = owner_of_capture(&world, &id)?;
    let reason = opening.reason.as_deref().unwrap_or("UNAUTHORISED");
    let outcome = change(&world, &app, |book, now| book.dispute(&id, reason, now));
    Ok(shown(outcome.await))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolution {
    won: bool,
}

/// Decides a dispute.
async fn resolve(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<Resolution>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(resolution) = body?;
    let owner = world.paypal.app_with(|book| book.disputes.get(&id).is_some());
    let app = owner.ok_or_else(|| Refused::unknown("dispute", &id))?;
    let outcome = change(&world, &app, |book, now| {
        book.resolve_dispute(&id, resolution.won, now)
    });
    Ok(shown(outcome.await))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundSettlement {
    status: RefundStatus,
}

/// Ends a pending refund, or lets one fail that had completed.
async fn settle_refund(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<RefundSettlement>, JsonRejection>,
) -> Shown {
    let Json(ending) = body?;
    let owner = world.paypal.app_with(|book| book.refunds.get(&id).is_some());
    let app = owner.ok_or_else(|| Refused::unknown("refund", &id))?;
    if !change(&world, &app, |book, now| {
        book.settle_refund(&id, ending.status, now)
    })
    .await
    {
        return Err(Refused::bad("the refund cannot end like this"));
    }
    let book = lock(&app.book);
    let refund = book.refunds.get(&id).map(|refund| book.render_refund(refund));
    Ok(Json(json!(refund)))
}
