//! What a payer does, by hand on the page an order links to, or through the control API.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::super::Refused;
use super::{change, owner_of_order, shown};
use crate::clock;
use crate::locking::lock;
use crate::paypal::{Answered, ApiError, App, Plan, redirect};
use crate::world::World;

/// The payer's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/paypal/orders/{id}/approve", post(approve))
        .route("/sandbox/paypal/orders/{id}/cancel", post(cancel))
        .route("/sandbox/paypal/orders/{id}/expire", post(expire))
        .route(
            "/sandbox/paypal/orders/{id}/reverse_approval",
            post(reverse_approval),
        )
        .route(
            "/sandbox/paypal/checkoutnow",
            axum::routing::get(page).post(leave_page),
        )
}

/// Approves an order. The body, which may be left out, says what will become of it.
async fn approve(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Option<Json<Plan>>, JsonRejection>,
) -> Result<Response, Refused> {
    let plan = body?.map(|Json(plan)| plan).unwrap_or_default();
    let app = owner_of_order(&world, &id)?;
    let outcome = change(&world, &app, |book, now| book.approve(&id, plan, now)).await;
    Ok(shown(outcome.and_then(|_| way_back(&app, &id, true))))
}

/// Leaves the page without approving: PayPal tells nobody, and the order still waits.
async fn cancel(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Response, Refused> {
    let app = owner_of_order(&world, &id)?;
    Ok(shown(way_back(&app, &id, false)))
}

async fn expire(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Response, Refused> {
    let app = owner_of_order(&world, &id)?;
    let outcome = change(&world, &app, |book, now| book.expire(&id, now)).await;
    Ok(shown(outcome.map(|()| json!({ "id": id, "expired": true }))))
}

async fn reverse_approval(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let app = owner_of_order(&world, &id)?;
    let outcome = change(&world, &app, |book, now| book.reverse_approval(&id, now));
    Ok(shown(outcome.await))
}

fn way_back(app: &App, id: &str, approved: bool) -> Answered {
    let book = lock(&app.book);
    let order = book.order(id, clock::now())?;
    Ok(json!({ "id": id, "status": order.status.name(), "redirect": redirect(order, approved) }))
}

#[derive(Debug, Deserialize)]
struct PageQuery {
    token: String,
    ending: Option<String>,
}

async fn page(
    State(world): State<Arc<World>>,
    Query(query): Query<PageQuery>,
) -> Result<Html<String>, Refused> {
    let app = owner_of_order(&world, &query.token)?;
    let book = lock(&app.book);
    let order = book.order(&query.token, clock::now());
    let order = order.map_err(|_| Refused::unknown("order", &query.token))?;
    let (id, amount) = (&order.id, &order.amount);
    Ok(Html(format!(
        "<!doctype html><title>PayPal test page</title><h1>Pay {} {}?</h1>\
         <form method=post action='/sandbox/paypal/checkoutnow?token={id}&ending=approve'><button>Approve</button></form>\
         <form method=post action='/sandbox/paypal/checkoutnow?token={id}&ending=cancel'><button>Cancel</button></form>",
        amount.value(),
        amount.currency
    )))
}

async fn leave_page(
    State(world): State<Arc<World>>,
    Query(query): Query<PageQuery>,
) -> Result<Response, Refused> {
    let (id, app) = (&query.token, owner_of_order(&world, &query.token)?);
    let approved = match query.ending.as_deref() {
        Some("approve") => {
            let outcome = change(&world, &app, |book, now| book.approve(id, Plan::default(), now));
            if let Err(error) = outcome.await {
                return Ok(shown(Err::<_, ApiError>(error)));
            }
            true
        }
        Some("cancel") => false,
        _ => return Err(Refused::bad("ending must be approve or cancel")),
    };
    let url = lock(&app.book)
        .order(id, clock::now())
        .ok()
        .and_then(|order| redirect(order, approved));
    Ok(match url {
        Some(url) => (StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response(),
        None => shown(way_back(&app, id, approved)),
    })
}
