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
use crate::stripe::{Book, Charge, Dispute, Endpoint, Intent, Refund};
use crate::world::World;

/// The routes that show and set the double's state.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/stripe/intents", get(show_intents))
        .route("/sandbox/stripe/refunds", get(show_refunds))
        .route("/sandbox/stripe/disputes", get(show_disputes))
        .route("/sandbox/stripe/idempotency_keys", delete(forget_keys))
        .route("/sandbox/stripe/webhook_endpoints", post(register_endpoint))
}

async fn show_intents(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    let full = filters.get("full").is_some_and(|full| full == "true");
    Json(lines(&world, &filters, |book| {
        let wanted = book.intents.iter().filter(|intent| {
            agrees(&filters, "id", Some(&intent.id))
                && agrees(&filters, "status", Some(intent.status.name()))
                && metadata_agrees(&filters, &intent.metadata)
        });
        wanted.map(|intent| intent_line(book, intent, full)).collect()
    }))
}

fn intent_line(book: &Book, intent: &Intent, full: bool) -> Value {
    let charges: Vec<&Charge> = book.charges_of(&intent.id).collect();
    let captured = charges.iter().filter(|charge| charge.is_captured());
    let refunded: i64 = captured.map(|charge| charge.amount_refunded).sum();
    let mut line = json!({
        "id": intent.id, "status": intent.status.name(), "amount": intent.amount,
        "amount_received": intent.amount_received, "amount_refunded": refunded, "currency": intent.currency,
        "metadata": intent.metadata,
        "charges_succeeded": charges.iter().filter(|charge| charge.failure.is_none()).count(),
        "charges_failed": charges.iter().filter(|charge| charge.failure.is_some()).count(),
    });
    if full {
        let refunds = charges.iter().flat_map(|charge| book.refunds_of(charge));
        line["intent"] = intent.render();
        line["charges"] = charges.iter().map(|charge| charge.render()).collect();
        line["refunds"] = refunds.map(Refund::render).collect();
    }
    line
}

async fn show_refunds(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        let wanted = book.refunds.iter().filter(|refund| {
            agrees(&filters, "id", Some(&refund.id))
                && agrees(&filters, "payment_intent", Some(&refund.intent))
                && agrees(&filters, "status", Some(refund.status.name()))
                && metadata_agrees(&filters, &refund.metadata)
        });
        wanted.map(refund_line).collect()
    }))
}

async fn show_disputes(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        let wanted = book.disputes.iter().filter(|dispute| {
            agrees(&filters, "id", Some(&dispute.id))
                && agrees(&filters, "payment_intent", Some(&dispute.intent))
                && agrees(&filters, "status", Some(dispute.status.name()))
        });
        wanted.map(dispute_line).collect()
    }))
}

/// What each account the filters name shows of its book, with the account on every line.
pub fn lines(
    world: &World,
    filters: &HashMap<String, String>,
    of_book: impl Fn(&Book) -> Vec<Value>,
) -> Value {
    let mut shown = Vec::new();
    for account in world.stripe.all() {
        if agrees(filters, "account", Some(&account.secret_key)) {
            let lines = of_book(&lock(&account.book)).into_iter();
            shown.extend(lines.map(|mut line| {
                line["account"] = account.secret_key.as_str().into();
                line
            }));
        }
    }
    shown.into()
}

fn refund_line(refund: &Refund) -> Value {
    json!({
        "id": refund.id, "payment_intent": refund.intent, "charge": refund.charge, "amount": refund.amount,
        "currency": refund.currency, "status": refund.status.name(), "failure_reason": refund.failure_reason(),
        "created": refund.created, "metadata": refund.metadata,
    })
}

fn dispute_line(dispute: &Dispute) -> Value {
    json!({
        "id": dispute.id, "payment_intent": dispute.intent, "charge": dispute.charge, "amount": dispute.amount,
        "currency": dispute.currency, "status": dispute.status.name(), "reason": dispute.reason,
        "created": dispute.created,
    })
}

/// Forgets idempotency keys, as Stripe does a day after their first use.
async fn forget_keys(State(world): State<Arc<World>>, Query(filters): Filters) -> StatusCode {
    for account in world.stripe.all() {
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
    /// Whether it is for the events of connected accounts.
    #[serde(default)]
    connect: bool,
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
    let mut endpoint = Endpoint::build(&wanted.url, events, wanted.secret);
    endpoint.connect = wanted.connect;
    let shown = endpoint.render_with_secret();
    lock(&world.stripe.of_key(&wanted.account).book).register(endpoint);
    Ok(Json(shown))
}
