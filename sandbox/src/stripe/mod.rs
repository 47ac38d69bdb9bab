//! The Stripe double: reads a call, finds who makes it, plays the faults that are dialled, does the work once
//! per idempotency key, answers in Stripe's format, and hands the events to delivery.

mod attempts;
mod auth;
mod book;
mod cards;
mod charges;
mod choice;
mod connected;
mod currencies;
mod delivery;
mod differences;
mod disputes;
mod endpoints;
mod errors;
mod events;
mod exchange;
mod expand;
mod family;
mod form;
mod idempotency;
mod intent_requests;
mod intents;
mod listing;
mod lists;
mod methods;
mod params;
mod refund_requests;
mod refunds;
mod route;
mod signature;

mod transactions;
mod transfers;
mod wallets;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::routing::any;

pub use book::{Account, Book, Origin};
pub use charges::Charge;
pub use choice::MethodChoice;
pub use connected::Connected;
pub use delivery::{send, sent_again};
pub use differences::{Difference, Figure};
pub use disputes::{Claim, Dispute};
pub use endpoints::Endpoint;
pub use errors::{Answered, ApiError};
pub use family::Target;
pub use intents::Intent;
pub use refunds::Refund;
pub use transfers::Transfer;

use auth::Caller;
use exchange::Request;
use form::Branch;
use params::Params;
use route::Operation;
pub use work::start_timers;
use work::{dialled_error, work};

use crate::calls::Call;
use crate::clock;
use crate::faults::{self, Admitted, Stage, Subject};
use crate::listener::Wire;
use crate::locking::lock;
use crate::world::World;

/// The routes of the double.
pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1/{*path}", any(serve))
}

/// Serves everything under `/v1`.
async fn serve(
    State(world): State<Arc<World>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let encoded = if method == Method::POST {
        &body[..]
    } else {
        uri.query().unwrap_or_default().as_bytes()
    };
    let (form, bad_form) = match Branch::parse(encoded) {
        Ok(form) => (form, None),
        Err(error) => (Branch::default(), Some(error)),
    };
    let request = Arc::new(Request {
        id: clock::object_id("req_"),
        method,
        path: uri.path().to_owned(),
        headers,
        form,
        body,
    });
    let admitted = match bad_form {
        None => admit(&world, &request),
        Some(error) => Err(error),
    };
    let (caller, admitted) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => return request.respond(&request.refuse(&error)),
    };
    let work = work(
        Arc::clone(&world),
        Arc::clone(&request),
        caller,
        admitted.dial.clone(),
        admitted.number,
    );
    let answer = {
        let request = Arc::clone(&request);
        async move { request.respond(&work.await) }
    };
    faults::play(&world, &wire, &admitted, request.as_ref(), answer).await
}

impl Stage for Request {
    fn error(&self, status: u16, code: Option<&str>) -> Response<Body> {
        self.respond(&self.refuse(&dialled_error(status, code)))
    }

    fn rate_limited(&self) -> Response<Body> {
        self.respond(&self.refuse(&ApiError::of_status(429)))
    }

    fn keeps_answers(&self) -> bool {
        true
    }
}

/// Finds the caller and the dial that strikes, and notes the call.
fn admit(world: &World, request: &Request) -> Result<(Caller, Admitted), ApiError> {
    let params = Params::of(&request.form);
    let caller = Caller::identify(&request.headers, params)?;
    let method = request.method.as_str();
    let resolved = Operation::resolve(method, &request.path);
    let template = resolved.map_or_else(
        || format!("{method} {}", request.path),
        |(_, template)| template.to_owned(),
    );
    let name = caller.account();
    let account = world.stripe.of_key(&name);
    let mut call = Call::received(method, &request.path, template, &name, &request.id);
    call.idempotency_key = request.key().map(str::to_owned);
    call.object = resolved
        .and_then(|(operation, _)| operation.id())
        .map(str::to_owned);
    let subject = subject(&lock(&account.book), params, call.object.as_deref());
    let admitted = faults::admit(world, call, subject);
    Ok((caller, admitted))
}

/// What a call is about: its own metadata and amount, else those of the intent it names.
fn subject(book: &Book, params: Params<'_>, object: Option<&str>) -> Subject {
    let named = params.text("payment_intent").ok().flatten().or(object);
    let intent = named.and_then(|id| {
        let charge = book.charges.get(id).map(|charge| charge.intent.as_str());
        let refund = book.refunds.get(id).map(|refund| refund.intent.as_str());
        book.intents.get(charge.or(refund).unwrap_or(id))
    });
    let mut metadata = intent.map(|intent| intent.metadata.clone()).unwrap_or_default();
    metadata.extend(params.metadata_entries());
    Subject {
        metadata,
        amount: params
            .integer("amount")
            .ok()
            .flatten()
            .or(intent.map(|intent| intent.amount)),
    }
}
