//! What a payer does: pays an intent as the provider's browser script would, and passes or fails authentication.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Refused;
use super::effects::{change, owner_of_intent, shown};
use crate::locking::lock;
use crate::stripe::MethodChoice;
use crate::world::World;

/// The payer's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/stripe/intents/{id}/pay", post(pay))
        .route("/sandbox/stripe/intents/{id}/settle", post(settle))
        .route("/sandbox/3ds/{id}", get(page))
        .route("/sandbox/3ds/{id}/{ending}", any(authenticate))
        .route("/sandbox/stripe/wallets/{id}", get(wallet_page))
        .route("/sandbox/stripe/wallets/{id}/{ending}", any(authenticate))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    payment_method: String,
    return_url: Option<String>,
    /// Whether the payment arrives although the intent was canceled meanwhile.
    #[serde(default)]
    even_if_closed: bool,
}

async fn pay(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<Payment>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(payment) = body?;
    let account = owner_of_intent(&world, &id)?;
    let choice = MethodChoice::named(&payment.payment_method, payment.return_url);
    Ok(shown(
        change(&world, &account, |book, origin| {
            if payment.even_if_closed {
                book.pay_late(&id, &choice, origin)
            } else {
                book.confirm(&id, Some(&choice), &choice, origin)
            }
        })
        .await,
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ending {
    paid: bool,
}

/// Ends a bank debit that is in processing.
async fn settle(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Result<Json<Ending>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(ending) = body?;
    let account = owner_of_intent(&world, &id)?;
    let outcome = change(&world, &account, |book, origin| {
        book.end_debit(&id, ending.paid, origin);
        book.show_intent(&id)
    });
    Ok(shown(outcome.await))
}

async fn page(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Html<String>, Refused> {
    owner_of_intent(&world, &id)?;
    Ok(Html(format!(
        "<!doctype html><title>3-D Secure test page</title><h1>Is it you?</h1>\
         <form method=post action='/sandbox/3ds/{id}/complete'><button>Complete authentication</button></form>\
         <form method=post action='/sandbox/3ds/{id}/fail'><button>Fail authentication</button></form>"
    )))
}

/// Where Alipay's redirect and WeChat Pay's code lead.
async fn wallet_page(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<Html<String>, Refused> {
    owner_of_intent(&world, &id)?;
    Ok(Html(format!(
        "<!doctype html><title>Wallet test page</title><h1>Pay?</h1>\
         <form method=post action='/sandbox/stripe/wallets/{id}/complete'><button>Authorize test payment</button></form>\
         <form method=post action='/sandbox/stripe/wallets/{id}/fail'><button>Fail test payment</button></form>"
    )))
}

async fn authenticate(
    State(world): State<Arc<World>>,
    Path((id, ending)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let passed = match ending.as_str() {
        "complete" => true,
        "fail" => false,
        _ => return Err(Refused::bad("the last segment must be complete or fail")),
    };
    let account = owner_of_intent(&world, &id)?;
    let return_url = lock(&account.book)
        .intents
        .get(&id)
        .and_then(|intent| intent.next_action.as_ref().and_then(return_url));
    let outcome = change(&world, &account, |book, origin| {
        book.authenticated(&id, passed, origin)
    })
    .await;
    match (outcome, return_url) {
        (Ok(intent), Some(url)) => Ok(back_to(&url, &intent)),
        (outcome, _) => Ok(shown(outcome)),
    }
}

fn return_url(next_action: &Value) -> Option<String> {
    let page = next_action
        .get("redirect_to_url")
        .or_else(|| next_action.get("alipay_handle_redirect"))?;
    page.get("return_url")?.as_str().map(str::to_owned)
}

/// Sends the payer back to the shop, with the parameters the provider adds.
fn back_to(url: &str, intent: &Value) -> Response {
    let text = |name: &str| intent.get(name).and_then(Value::as_str).unwrap_or_default();
    let result = if text("status") == "requires_payment_method" {
        "failed"
    } else {
        "succeeded"
    };
    match reqwest::Url::parse(url) {
        Ok(mut url) => {
            url.query_pairs_mut()
                .append_pair("payment_intent", text("id"))
                .append_pair("payment_intent_client_secret", text("client_secret"))
                .append_pair("redirect_status", result);
            (StatusCode::SEE_OTHER, [(header::LOCATION, url.to_string())]).into_response()
        }
        Err(_) => Json(json!(intent)).into_response(),
    }
}
