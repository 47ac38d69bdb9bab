//! The answers that requests for something have in common.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::problem::{Problem, ProblemKind, Refusal};

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An object and where it is to be found from now on.
pub(crate) fn located<T: Serialize>(status: StatusCode, location: String, object: &T) -> Response {
    (status, [(header::LOCATION, location)], Json(object)).into_response()
}

/// The answer to a repeat of what is done: as it stands now, and marked.
pub(crate) fn replayed(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response
        .headers_mut()
        .insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The key belongs to another request.
pub(crate) fn conflict() -> Problem {
    let detail = "This Idempotency-Key was already used with another body. Repeat the request with the same body, or \
                  use a new key for something new.";
    Problem::new(ProblemKind::IdempotencyConflict, detail)
}

/// What is asked for is not allowed as things stand: why, for programs and for people.
pub(crate) fn refused(code: String, message: String) -> Problem {
    let refusal = Refusal {
        code: Some(code),
        ..Refusal::default()
    };
    Problem::new(ProblemKind::ActionRefused, message).with_refusal(refusal)
}

/// The merchant has no such payment: it may be another's, as long as nobody can tell the two apart.
pub(crate) fn no_such_payment() -> Problem {
    not_here("payment")
}

/// The merchant has no such refund.
pub(crate) fn no_such_refund() -> Problem {
    not_here("refund")
}

/// The merchant has no such order.
pub(crate) fn no_such_order() -> Problem {
    not_here("order")
}

/// The merchant has no such wallet.
pub(crate) fn no_such_wallet() -> Problem {
    not_here("wallet")
}

/// The wallet's owner has no account at a provider.
pub(crate) fn no_such_account() -> Problem {
    let detail = "The wallet's owner has no account. One that was asked for a moment ago appears here as soon as a worker has \
                  stored it.";
    Problem::new(ProblemKind::NotFound, detail).retry_soon()
}

/// The merchant has nothing of this kind under this id.
pub(crate) fn not_here(what: &str) -> Problem {
    let detail = format!(
        "You have no {what} of this id. One that was accepted a moment ago appears here as soon as a worker has stored \
         it."
    );
    Problem::new(ProblemKind::NotFound, detail).retry_soon()
}
