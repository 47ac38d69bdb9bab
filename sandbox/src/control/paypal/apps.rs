//! Apps: what a merchant sets in PayPal's dashboard.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Filters, Refused, Shown, agrees};
use crate::clock;
use crate::locking::lock;
use crate::paypal::{App, ROOT_PEM, Webhook, certificate_url};
use crate::world::World;

/// The routes of apps.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/paypal/apps/{client_id}", put(set_app).get(show_app))
        .route("/sandbox/paypal/apps/{client_id}/tokens", delete(revoke))
        .route("/sandbox/paypal/request_ids", delete(forget_ids))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receiver {
    id: Option<String>,
    url: String,
    event_types: Option<Vec<String>>,
}

/// What of an app is to change; what is left out stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    secret: Option<String>,
    merchant_id: Option<String>,
    webhook: Option<Receiver>,
    invoice_ids_repeat: Option<bool>,
    token_lifetime_s: Option<u32>,
}

async fn set_app(
    State(world): State<Arc<World>>,
    Path(client_id): Path<String>,
    body: Result<Json<Settings>, JsonRejection>,
) -> Shown {
    let Json(settings) = body?;
    let webhook = &settings.webhook;
    if webhook
        .as_ref()
        .is_some_and(|webhook| reqwest::Url::parse(&webhook.url).is_err())
    {
        return Err(Refused::bad("webhook.url is not a URL"));
    }
    let app = match (world.paypal.apps.get(&client_id), &settings.secret) {
        (Some(app), _) => app,
        (None, secret) => {
            let secret = secret.clone().unwrap_or_else(|| clock::object_id("E"));
            world.paypal.app(&client_id, &secret, &world.base_url)
        }
    };
    {
        let book = &mut *lock(&app.book);
        book.secret = settings.secret.unwrap_or_else(|| book.secret.clone());
        book.merchant_id = settings.merchant_id.unwrap_or_else(|| book.merchant_id.clone());
        book.invoice_ids_repeat = settings.invoice_ids_repeat.unwrap_or(book.invoice_ids_repeat);
        book.tokens.lifetime_s = settings
            .token_lifetime_s
            .map_or(book.tokens.lifetime_s, i64::from);
        if let Some(receiver) = settings.webhook {
            let id = receiver
                .id
                .or_else(|| book.webhook.as_ref().map(|webhook| webhook.id.clone()));
            book.webhook = Some(Webhook::build(id, &receiver.url, receiver.event_types));
        }
    }
    Ok(Json(line(&world, &app)))
}

async fn show_app(State(world): State<Arc<World>>, Path(client_id): Path<String>) -> Shown {
    let app = world.paypal.apps.get(&client_id);
    let app = app.ok_or_else(|| Refused::unknown("app", &client_id))?;
    Ok(Json(line(&world, &app)))
}

fn line(world: &World, app: &App) -> Value {
    let book = lock(&app.book);
    let webhook = book
        .webhook
        .as_ref()
        .map(|webhook| json!({ "id": webhook.id, "url": webhook.url, "event_types": webhook.event_types }));
    json!({
        "client_id": app.client_id, "secret": book.secret, "merchant_id": book.merchant_id, "webhook": webhook,
        "invoice_ids_repeat": book.invoice_ids_repeat, "token_lifetime_s": book.tokens.lifetime_s,
        "api_base": format!("{}/paypal", world.base_url), "cert_url": certificate_url(&world.base_url),
        "trusted_root_pem": ROOT_PEM,
    })
}

/// Makes the access tokens that were given out useless.
async fn revoke(State(world): State<Arc<World>>, Path(client_id): Path<String>) -> Shown {
    let app = world.paypal.apps.get(&client_id);
    let app = app.ok_or_else(|| Refused::unknown("app", &client_id))?;
    Ok(Json(json!({ "revoked": lock(&app.book).tokens.revoke() })))
}

/// Forgets request ids, as PayPal does after hours or weeks.
async fn forget_ids(State(world): State<Arc<World>>, Query(filters): Filters) -> StatusCode {
    for app in world.paypal.apps.all() {
        if agrees(&filters, "account", Some(&app.client_id)) {
            lock(&app.book).request_ids.forget();
        }
    }
    StatusCode::NO_CONTENT
}
