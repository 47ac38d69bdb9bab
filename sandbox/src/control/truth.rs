//! The true state of the Stripe double, for those who verify, and what its own API does not let them set.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Filters, Refused, Shown, agrees, metadata_agrees};
use crate::locking::lock;
use crate::stripe::{Account, Charge, Endpoint, Intent};
use crate::world::World;

/// The routes that show and set the double's state.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/stripe/intents", get(show_intents))
        .route("/sandbox/stripe/idempotency_keys", delete(forget_keys))
        .route("/sandbox/stripe/webhook_endpoints", post(register_endpoint))
}

async fn show_intents(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    let full = filters.get("full").is_some_and(|full| full == "true");
    let mut shown = Vec::new();
    for account in world.accounts() {
        if !agrees(&filters, "account", Some(&account.secret_key)) {
            continue;
        }
        let book = lock(&account.book);
        let wanted = book.intents.iter().filter(|intent| {
            agrees(&filters, "id", Some(&intent.id))
                && agrees(&filters, "status", Some(intent.status.name()))
                && metadata_agrees(&filters, &intent.metadata)
        });
        let mut charges: HashMap<&str, Vec<_>> = HashMap::new();
        for charge in book.charges.iter() {
            charges.entry(&charge.intent).or_default().push(charge);
        }
        for intent in wanted {
            let charges = charges
                .get(intent.id.as_str())
                .map(Vec::as_slice)
                .unwrap_or_default();
            let mut line = summary(&account, intent, charges);
            if full {
                let refunds = book.refunds.iter().filter(|refund| refund.intent == intent.id);
                line["intent"] = intent.render();
                line["charges"] = charges.iter().map(|charge| charge.render()).collect();
                line["refunds"] = refunds.map(|refund| refund.render()).collect();
            }
            shown.push(line);
        }
    }
    Json(shown.into())
}

fn summary(account: &Account, intent: &Intent, charges: &[&Charge]) -> Value {
    let refunded: i64 = charges
        .iter()
        .filter(|charge| charge.is_captured())
        .map(|charge| charge.amount_refunded)
        .sum();
    json!({
        "account": account.secret_key, "id": intent.id, "status": intent.status.name(), "amount": intent.amount,
        "amount_received": intent.amount_received, "amount_refunded": refunded, "currency": intent.currency,
        "metadata": intent.metadata,
        "charges_succeeded": charges.iter().filter(|charge| charge.failure.is_none()).count(),
        "charges_failed": charges.iter().filter(|charge| charge.failure.is_some()).count(),
    })
}

/// Forgets idempotency keys, as Stripe does a day after their first use.
async fn forget_keys(State(world): State<Arc<World>>, Query(filters): Filters) -> StatusCode {
    for account in world.accounts() {
        if agrees(&filters, "account", Some(&account.secret_key)) {
            lock(&account.book).idempotency.forget();
        }
    }
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    account: String,
    url: String,
    secret: Option<String>,
    enabled_events: Option<Vec<String>>,
}

/// Registers a receiver with a secret of the caller's choice, which Stripe's own API does not allow.
async fn register_endpoint(
    State(world): State<Arc<World>>,
    body: Result<Json<Registration>, JsonRejection>,
) -> Shown {
    let Json(wanted) = body?;
    if reqwest::Url::parse(&wanted.url).is_err() {
        return Err(Refused::bad("url is not a URL"));
    }
    let events = wanted.enabled_events.unwrap_or_else(|| vec!["*".to_owned()]);
    let endpoint = Endpoint::build(&wanted.url, events, wanted.secret);
    let shown = endpoint.render_with_secret();
    lock(&world.account(&wanted.account).book).register(endpoint);
    Ok(Json(shown))
}
