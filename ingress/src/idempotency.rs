//! The `Idempotency-Key` header: the client's own name for what it asks for.

use axum::http::HeaderMap;
use domain::id::{IdempotencyKey, OWN_ORDER_KEYS};

use crate::problem::{Problem, ProblemKind};

const HEADER: &str = "idempotency-key";

/// The request's idempotency key.
pub(crate) fn key(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else {
        return Err(unusable(
            "Send an Idempotency-Key header: your own name for this request, the same whenever you repeat it, such as a \
             UUID.",
        ));
    };
    if values.next().is_some() {
        return Err(unusable("Send exactly one Idempotency-Key header."));
    }
    let text = value.to_str().unwrap_or_default().to_owned();
    let key = IdempotencyKey::try_from(text)
        .map_err(|invalid| unusable(format!("Send another one: {invalid}.")))?;
    if key.is_of_order() {
        let detail = format!("Send another one: keys that begin with {OWN_ORDER_KEYS} are Sluice's own.");
        return Err(unusable(detail));
    }
    Ok(key)
}

/// The key is missing or cannot be used.
pub(crate) fn unusable(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::IdempotencyKey, detail)
}
