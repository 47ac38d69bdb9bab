//! The requests to Stripe, typed by its own schema wherever that writes the same request the same way each time.
//!
//! Every request that changes something carries a key that is derived from what it is for; see
//! [`channel`](crate::channel) for which repeats share one. Stripe refuses a key that comes back with other
//! parameters, so a request must be a function of the payment or refund alone: nothing of this moment or this process
//! may enter it.

pub(super) mod accounts;
pub(super) mod intents;
pub(super) mod refunds;
pub(super) mod statement;

use std::fmt;

use domain::channel::CallError;
use stripe_client_core::{CustomizableStripeRequest, IdempotencyKey, RequestBuilder, RequestStrategy};

/// How many objects one page of a list holds: the most Stripe gives.
pub(super) const PAGE_SIZE: i64 = 100;

/// A request, or why it cannot be written.
type Request<T> = Result<CustomizableStripeRequest<T>, CallError>;

/// A request under the idempotency key that these parts make.
fn keyed<T>(request: RequestBuilder, parts: &[&dyn fmt::Display]) -> Request<T> {
    let key = parts
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("/");
    let key = IdempotencyKey::new(key).map_err(|error| refused("invalid_idempotency_key", &error))?;
    Ok(request
        .customize()
        .request_strategy(RequestStrategy::Idempotent(key)))
}

/// A request that only asks.
fn asked<T>(request: RequestBuilder) -> CustomizableStripeRequest<T> {
    request.customize().request_strategy(RequestStrategy::Once)
}

/// Ids become part of a path. One that is not an id must not reach another object.
fn checked<'i>(id: &'i str, refusal: &str) -> Result<&'i str, CallError> {
    let is_id = (1..=255).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_id {
        Ok(id)
    } else {
        Err(refused(refusal, &"this is no id of an object at Stripe"))
    }
}

pub(super) fn checked_intent(id: &str) -> Result<&str, CallError> {
    checked(id, "invalid_intent_id")
}

/// A request that we refuse ourselves, because Stripe would.
fn refused(code: &str, message: &dyn fmt::Display) -> CallError {
    CallError::Refused {
        code: code.into(),
        message: message.to_string(),
    }
}
