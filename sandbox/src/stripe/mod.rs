//! The Stripe double: reads a call, finds who makes it, plays the faults that are dialled, does the work once
//! per idempotency key, answers in Stripe's format, and hands the events to delivery.
//!
//! The work itself is done in a task of its own, because at the provider it happens whether or not the caller
//! is still waiting for the answer.

mod attempts;
mod auth;
mod book;
mod cards;
mod charges;
mod choice;
mod currencies;
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
mod table;
mod transactions;
mod work;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Response, Uri};

pub use book::{Account, Book, Origin};
pub use charges::Charge;
pub use choice::MethodChoice;
pub use differences::{Difference, Figure};
pub use disputes::{Claim, Dispute};
pub use endpoints::Endpoint;
pub use errors::{Answered, ApiError};
pub use events::Event;
pub use family::Target;
pub use intents::Intent;
pub use refunds::Refund;

use auth::Caller;
use exchange::Request;
use form::Branch;
use params::Params;
use route::Operation;
pub use work::start_timers;
use work::{dialled_error, work};

use crate::calls::Call;
use crate::clock;
use crate::faults::{Dial, Fault, Subject};
use crate::listener::Wire;
use crate::locking::lock;
use crate::world::World;

/// What a `malformed` answer carries.
const JUNK: &[u8] = b"<html>this is not JSON";

/// Serves everything under `/v1`.
pub async fn serve(
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
    match admitted {
        Ok(admitted) => play(&world, &wire, &request, admitted).await,
        Err(error) => request.respond(&request.refuse(&error)),
    }
}

/// A call that may go ahead: who makes it, the dial that strikes, and its number in the log.
struct Admitted {
    caller: Caller,
    dial: Option<Dial>,
    number: u64,
}

/// Plays what the dial says about the time before the work, or does the work.
async fn play(world: &Arc<World>, wire: &Wire, request: &Arc<Request>, admitted: Admitted) -> Response<Body> {
    let dial = admitted.dial.as_ref();
    let delay = Duration::from_millis(dial.map_or(0, |dial| dial.delay_ms));
    let error = match dial.map(|dial| dial.fault) {
        Some(Fault::HangBefore) => {
            world.hang(wire).await;
            return Response::new(Body::empty());
        }
        Some(Fault::ResetBefore) => {
            tokio::time::sleep(delay).await;
            wire.break_off();
            return Response::new(Body::empty());
        }
        Some(Fault::Error) => dialled_error(dial, 500),
        Some(Fault::RateLimit) => ApiError::of_status(429),
        Some(Fault::ErrorAfter | Fault::Slow | Fault::HangAfter | Fault::ResetAfter | Fault::Malformed)
        | None => return carry_through(world, wire, request, admitted).await,
    };
    tokio::time::sleep(delay).await;
    let status = Some(error.http_status());
    world.calls.complete(admitted.number, |call| call.status = status);
    request.respond(&request.refuse(&error))
}

/// Does the work, then plays what the dial says about the time after it.
async fn carry_through(
    world: &Arc<World>,
    wire: &Wire,
    request: &Arc<Request>,
    admitted: Admitted,
) -> Response<Body> {
    let Admitted { caller, dial, number } = admitted;
    let fault = dial.as_ref().map(|dial| dial.fault);
    let task = work(Arc::clone(world), Arc::clone(request), caller, dial, number);
    let mut answer = tokio::spawn(task).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a call ended in a panic");
        request.refuse(&ApiError::of_status(500))
    });
    match fault {
        Some(Fault::HangAfter) => {
            world.hang(wire).await;
            return Response::new(Body::empty());
        }
        Some(Fault::ResetAfter) => {
            wire.break_off();
            return Response::new(Body::empty());
        }
        Some(Fault::Malformed) => {
            answer.stored.status = 200;
            answer.stored.body = Bytes::from_static(JUNK);
        }
        Some(
            Fault::Error
            | Fault::RateLimit
            | Fault::ErrorAfter
            | Fault::Slow
            | Fault::HangBefore
            | Fault::ResetBefore,
        )
        | None => {}
    }
    world
        .calls
        .complete(number, |call| call.status = Some(answer.stored.status));
    request.respond(&answer)
}

/// Finds the caller and the dial that strikes, and notes the call.
fn admit(world: &World, request: &Request) -> Result<Admitted, ApiError> {
    let params = Params::of(&request.form);
    let caller = Caller::identify(&request.headers, params)?;
    let method = request.method.as_str();
    let resolved = Operation::resolve(method, &request.path);
    let template = resolved.map_or_else(
        || format!("{method} {}", request.path),
        |(_, template)| template.to_owned(),
    );
    let account = world.account(&caller.secret_key);
    let mut call = Call::received(
        method,
        &request.path,
        template.clone(),
        &caller.secret_key,
        &request.id,
    );
    call.idempotency_key = request.key().map(str::to_owned);
    call.object = resolved
        .and_then(|(operation, _)| operation.id())
        .map(str::to_owned);
    let subject = subject(&lock(&account.book), params, call.object.as_deref());
    let dial = if world.faults.is_empty() {
        None
    } else {
        world.faults.strike(
            &template,
            &format!("{method} {}", request.path),
            &caller.secret_key,
            &subject,
        )
    };
    call.metadata = subject.metadata;
    call.fault = dial.as_ref().map(|dial| dial.fault.name());
    let number = world.calls.note(call);
    Ok(Admitted { caller, dial, number })
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
