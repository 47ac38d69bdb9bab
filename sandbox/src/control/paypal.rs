//! The control API of the PayPal double: its apps, what payers and banks do, and the true state.

mod apps;
mod bank;
mod payer;
mod truth;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use chrono::{DateTime, Utc};

use super::Refused;
use crate::clock;
use crate::locking::lock;
use crate::paypal::{Answered, App, Book, send};
use crate::world::World;

/// All routes under `/sandbox/paypal`.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .merge(apps::routes())
        .merge(bank::routes())
        .merge(payer::routes())
        .merge(truth::routes())
}

fn owner_of_order(world: &World, id: &str) -> Result<Arc<App>, Refused> {
    let owner = world.paypal.app_with(|book| book.orders.get(id).is_some());
    owner.ok_or_else(|| Refused::unknown("order", id))
}

fn owner_of_capture(world: &World, id: &str) -> Result<Arc<App>, Refused> {
    let owner = world.paypal.app_with(|book| book.captures.get(id).is_some());
    owner.ok_or_else(|| Refused::unknown("capture", id))
}

/// Changes an app's book and hands out the events that follow.
async fn change<T>(
    world: &Arc<World>,
    app: &Arc<App>,
    change: impl FnOnce(&mut Book, DateTime<Utc>) -> T,
) -> T {
    let (outcome, events) = {
        let book = &mut *lock(&app.book);
        let outcome = change(book, clock::now());
        (outcome, book.take_fresh())
    };
    send(world, app, events).await;
    outcome
}

/// The object, or the provider's own error.
fn shown(outcome: Answered) -> Response {
    match outcome {
        Ok(object) => Json(object).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(error.envelope("sandbox"))).into_response()
        }
    }
}
