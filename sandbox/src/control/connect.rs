//! What happens to accounts that platforms opened for others, and what is there: accounts and transfers.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::effects::{change, owner_of_connected};
use super::truth::lines;
use super::{Filters, Refused, agrees, metadata_agrees};
use crate::locking::lock;
use crate::stripe::{Connected, Transfer};
use crate::world::World;

/// The routes of connected accounts.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/stripe/accounts", get(show_accounts))
        .route("/sandbox/stripe/accounts/{id}/complete", post(complete))
        .route("/sandbox/stripe/accounts/{id}/require", post(require))
        .route("/sandbox/stripe/accounts/{id}/reject", post(reject))
        .route("/sandbox/stripe/accounts/{id}/deauthorize", post(deauthorize))
        .route(
            "/sandbox/stripe/onboarding/{id}/{secret}",
            get(page).post(complete_page),
        )
        .route("/sandbox/stripe/transfers", get(show_transfers))
}

/// Its owner tells all that is asked.
async fn complete(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Response, Refused> {
    update(&world, &id, Connected::complete).await
}

async fn complete_page(
    State(world): State<Arc<World>>,
    Path((id, _)): Path<(String, String)>,
) -> Result<Response, Refused> {
    update(&world, &id, Connected::complete).await
}

/// The page that a link leads to.
async fn page(
    State(world): State<Arc<World>>,
    Path((id, _)): Path<(String, String)>,
) -> Result<Html<&'static str>, Refused> {
    owner_of_connected(&world, &id)?;
    Ok(Html(
        "<!doctype html><title>Onboarding test page</title><h1>Who are you?</h1>\
         <form method=post><button>Tell all that is asked</button></form>",
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirements {
    names: Vec<String>,
    /// Whether they were due before, so that the account loses what it had.
    #[serde(default)]
    late: bool,
}

/// More is asked of an account's owner.
async fn require(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<Requirements>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(Requirements { names, late }) = body?;
    update(&world, &id, |account| account.require(names, late)).await
}

/// Stripe refuses its owner for good.
async fn reject(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Response, Refused> {
    update(&world, &id, Connected::reject).await
}

/// Its owner takes the account from the platform, which sees it no more and is told so.
async fn deauthorize(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Response, Refused> {
    let platform = owner_of_connected(&world, &id)?;
    lock(&platform.book).accounts.remove(&id);
    let application = json!({ "id": "ca_sandbox", "object": "application", "name": "Sandbox" });
    let own = world.stripe.of_key(&format!("{}/{id}", platform.secret_key));
    change(&world, &own, |book, origin| {
        book.emit("account.application.deauthorized", &application, None, origin);
    })
    .await;
    Ok(Json(application).into_response())
}

/// Changes an account in its platform's book, and tells of it as an event of the account itself.
async fn update(world: &Arc<World>, id: &str, how: impl FnOnce(&mut Connected)) -> Result<Response, Refused> {
    let platform = owner_of_connected(world, id)?;
    let object = {
        let book = &mut *lock(&platform.book);
        let account = book
            .accounts
            .get_mut(id)
            .ok_or_else(|| Refused::unknown("account", id))?;
        how(account);
        account.render()
    };
    let own = world.stripe.of_key(&format!("{}/{id}", platform.secret_key));
    change(world, &own, |book, origin| {
        book.emit("account.updated", &object, None, origin);
    })
    .await;
    Ok(Json(object).into_response())
}

async fn show_accounts(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        let wanted = book.accounts.iter().filter(|account| {
            agrees(&filters, "id", Some(&account.id)) && metadata_agrees(&filters, &account.metadata)
        });
        wanted.map(Connected::render).collect()
    }))
}

async fn show_transfers(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        let wanted = book.transfers.iter().filter(|transfer| {
            agrees(&filters, "id", Some(&transfer.id))
                && agrees(&filters, "destination", Some(&transfer.destination))
                && agrees(&filters, "transfer_group", transfer.transfer_group.as_deref())
                && metadata_agrees(&filters, &transfer.metadata)
        });
        wanted.map(Transfer::render).collect()
    }))
}
