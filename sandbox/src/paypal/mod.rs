//! The PayPal double: OAuth, Orders v2, Payments v2 and signed webhooks under `/paypal`, on the wire as PayPal's.
//!
//! It never moves money by itself: what happens to a capture or a refund is decided when the payer approves, see
//! [`Plan`], or afterwards through the control API.

mod auth;
mod book;
mod captures;
mod crc32;
mod disputes;
mod errors;
mod events;
mod exchange;
mod ids;
mod money;
mod orders;
mod payer;
mod plan;
mod refunds;
mod request_ids;
mod requests;
mod route;
mod signing;
mod time;
mod tokens;
mod verification;
mod webhooks;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::routing::any;
use chrono::{DateTime, Utc};
use serde_json::Value;

pub use book::{App, Book, Paypal};
pub use captures::Capture;
pub use disputes::Dispute;
pub use errors::{Answered, ApiError};
pub use events::Kind;
pub use orders::Order;
pub use payer::redirect;
pub use plan::{Differences, Plan, RefundEnding};
pub use refunds::{Refund, RefundStatus};
pub use signing::ROOT_PEM;
pub use webhooks::{Webhook, certificate_url, send, sent_again};

use exchange::Request;
use money::Money;
use route::Operation;
use work::work;

use crate::calls::Call;
use crate::clock;
use crate::faults::{self, Subject};
use crate::listener::Wire;
use crate::locking::lock;
use crate::world::World;

/// The routes of the double.
pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/paypal/{*path}", any(serve))
}

/// Serves everything under `/paypal`.
async fn serve(
    State(world): State<Arc<World>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request = Arc::new(Request {
        id: ids::debug_id(),
        method,
        path: uri.path().to_owned(),
        headers,
        json: serde_json::from_slice(&body).ok(),
        body,
    });
    let caller = auth::bearer(&world, &request, clock::now());
    let (call, subject) = describe(&request, caller.as_deref().ok(), clock::now());
    let admitted = faults::admit(&world, call, subject);
    let answer = work(Arc::clone(&world), Arc::clone(&request), caller, admitted.number);
    let answer = {
        let request = Arc::clone(&request);
        async move { request.respond(answer.await) }
    };
    faults::play(&world, &wire, &admitted, request.as_ref(), answer).await
}

/// The call as it is logged, and what it is about as far as dials care.
fn describe(request: &Request, app: Option<&App>, now: DateTime<Utc>) -> (Call, Subject) {
    let method = request.method.as_str();
    let resolved = Operation::resolve(method, &request.path);
    let template = resolved.map_or_else(
        || format!("{method} {}", request.path),
        |(_, template)| template.to_owned(),
    );
    let account = match app {
        Some(app) => app.client_id.clone(),
        None => auth::basic(request)
            .map(|(client_id, _)| client_id)
            .unwrap_or_default(),
    };
    let object = resolved.and_then(|(operation, _)| operation.id());
    let mut call = Call::received(method, &request.path, template, &account, &request.id);
    call.idempotency_key = request.key().map(str::to_owned);
    call.object = object.map(str::to_owned);
    let mut subject = match (app, object) {
        (Some(app), Some(object)) => of_object(&lock(&app.book), object, now),
        _ => Subject::default(),
    };
    if let Some(body) = &request.json {
        let unit = body.pointer("/purchase_units/0").unwrap_or(body);
        let given = unit
            .get("amount")
            .and_then(|amount| Money::parse(amount, "").ok());
        subject.amount = given.map(|money| money.minor).or(subject.amount);
        for name in ["custom_id", "invoice_id"] {
            if let Some(value) = unit.get(name).and_then(Value::as_str) {
                subject.metadata.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    (call, subject)
}

/// What the object in a call's path was made with.
fn of_object(book: &Book, id: &str, now: DateTime<Utc>) -> Subject {
    let capture = book.refunds.get(id).map_or(id, |refund| refund.capture.as_str());
    let order = book
        .captures
        .get(capture)
        .map_or(id, |capture| capture.order.as_str());
    let Ok(order) = book.order(order, now) else {
        return Subject::default();
    };
    let texts =
        ["custom_id", "invoice_id"].map(|name| Some((name.to_owned(), order.unit_text(name)?.to_owned())));
    Subject {
        metadata: texts.into_iter().flatten().collect::<BTreeMap<_, _>>(),
        amount: Some(order.amount.minor),
    }
}
