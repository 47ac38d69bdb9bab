//! The work of a call: done once per idempotency key, under the account's lock, with its events sent out afterwards.
//!
//! Nothing here waits while the lock is held, and nothing here is undone when the caller goes away.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;

use super::auth::Caller;
use super::book::{Account, Book, Origin, Timer};
use super::delivery::send;
use super::errors::ApiError;
use super::exchange::{Answer, Request};
use super::idempotency::{Begin, StoredAnswer, check_key, fingerprint};
use super::params::Params;
use super::route::{Operation, Refusal, perform};
use crate::faults::{Dial, Fault};
use crate::locking::lock;
use crate::world::World;

/// The error a dial asks for.
pub fn dialled_error(status: u16, code: Option<&str>) -> ApiError {
    let error = ApiError::of_status(status);
    match code {
        Some(code) => error.code(code),
        None => error,
    }
}

/// Does the work of a call once per idempotency key, and sends its events out.
pub async fn work(
    world: Arc<World>,
    request: Arc<Request>,
    caller: Caller,
    dial: Option<Dial>,
    call: u64,
) -> Answer {
    let account = world.stripe.of_key(&caller.secret_key);
    if let Err(early) = claim(&request, &account) {
        world.calls.complete(call, |call| call.replayed = early.replayed);
        return early;
    }
    if let Some(dial) = dial.as_ref().filter(|dial| dial.delay_ms > 0) {
        tokio::time::sleep(Duration::from_millis(dial.delay_ms)).await;
    }
    let (answer, events, timers) = {
        let book = &mut *lock(&account.book);
        let before = book.changes();
        let answer = settle(&world, &request, &caller, dial.as_ref(), book, call);
        let effect = book.changes() != before;
        world.calls.complete(call, |call| call.effect = effect);
        (answer, book.take_fresh(), book.take_timers())
    };
    start_timers(&world, &account, timers);
    send(&world, &account, events).await;
    answer
}

/// Claims the idempotency key; an answer that is already settled ends the call here.
fn claim(request: &Request, account: &Account) -> Result<(), Answer> {
    let Some(key) = request.key() else {
        return Ok(());
    };
    check_key(key).map_err(|error| request.refuse(&error))?;
    let print = fingerprint(request.method.as_str(), &request.path, &request.body);
    match lock(&account.book).idempotency.begin(key, print) {
        Ok(Begin::Work) => Ok(()),
        Ok(Begin::Replay(stored)) => Err(Answer {
            stored,
            replayed: true,
        }),
        Err(error) => Err(request.refuse(&error)),
    }
}

/// Carries the operation out and stores its answer under the key, all under the account's lock.
fn settle(
    world: &World,
    request: &Request,
    caller: &Caller,
    dial: Option<&Dial>,
    book: &mut Book,
    call: u64,
) -> Answer {
    let origin = Origin {
        request_id: Some(request.id.clone()),
        idempotency_key: request.key().map(str::to_owned),
        base_url: world.base_url.clone(),
    };
    let outcome = carry_out(request, caller, book, &origin);
    let mut answer = match &outcome {
        Ok(value) => {
            let id = value
                .get("id")
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned);
            world
                .calls
                .complete(call, |call| call.object = id.or(call.object.take()));
            let body = format!("{value:#}\n").into();
            Answer {
                stored: StoredAnswer {
                    status: 200,
                    body,
                    request_id: request.id.clone(),
                },
                replayed: false,
            }
        }
        Err(Refusal::Parameters(error) | Refusal::Work(error)) => {
            let id = error.intent_id().map(str::to_owned);
            world
                .calls
                .complete(call, |call| call.object = id.or(call.object.take()));
            request.refuse(error)
        }
    };
    let began = !matches!(outcome, Err(Refusal::Parameters(_)));
    if let Some(dial) = dial.filter(|dial| dial.fault == Fault::ErrorAfter && began) {
        answer = request.refuse(&dialled_error(dial.status.unwrap_or(500), dial.code.as_deref()));
    }
    if let Some(key) = request.key() {
        if began {
            book.idempotency.settle(key, answer.stored.clone());
        } else {
            book.idempotency.abandon(key);
        }
    }
    answer
}

fn carry_out(
    request: &Request,
    caller: &Caller,
    book: &mut Book,
    origin: &Origin,
) -> Result<serde_json::Value, Refusal> {
    let method = request.method.as_str();
    let Some((operation, _)) = Operation::resolve(method, &request.path) else {
        let message = format!(
            "Unrecognized request URL ({method}: {}). Please see https://stripe.com/docs.",
            request.path
        );
        return Err(Refusal::Parameters(ApiError::invalid(message).status(404)));
    };
    let kind = request
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if request.method == Method::POST
        && !request.body.is_empty()
        && !kind.starts_with("application/x-www-form-urlencoded")
    {
        let message = format!(
            "The Content-Type of POST requests must be application/x-www-form-urlencoded, but it was '{kind}'."
        );
        return Err(Refusal::Parameters(ApiError::invalid(message)));
    }
    let params = Params::of(&request.form);
    caller.may(operation, params, book).map_err(Refusal::Parameters)?;
    perform(operation, params, book, origin)
}

/// Lets what the book scheduled happen after the settling time, unless the state is reset before.
pub fn start_timers(world: &Arc<World>, account: &Arc<Account>, timers: Vec<Timer>) {
    for timer in timers {
        let (world, account, epoch) = (Arc::clone(world), Arc::clone(account), world.epoch());
        tokio::spawn(async move {
            let settle = Duration::from_millis(world.config.settle_ms);
            if epoch
                .run_until_cancelled(tokio::time::sleep(settle))
                .await
                .is_none()
            {
                return;
            }
            let events = {
                let book = &mut *lock(&account.book);
                book.ring(&timer);
                book.take_fresh()
            };
            send(&world, &account, events).await;
        });
    }
}
