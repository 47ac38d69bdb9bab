//! The `Idempotency-Key` header: the client's own name for what it asks for.

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::id::IdempotencyKey;

use crate::{
    app::Shared,
    problem::{Problem, ProblemKind},
};

const HEADER: &str = "idempotency-key";

/// The request's idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct Idempotency(pub IdempotencyKey);

impl FromRequestParts<Shared> for Idempotency {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let problem = |detail: String| Problem::new(ProblemKind::IdempotencyKey, detail);
        let Some(value) = values.next() else {
            let detail = "Send an Idempotency-Key header: your own name for this request, the same whenever you repeat \
                          it, such as a UUID.";
            return Err(problem(detail.into()));
        };
        if values.next().is_some() {
            return Err(problem("Send exactly one Idempotency-Key header.".into()));
        }
        let text = value.to_str().unwrap_or_default().to_owned();
        let key = IdempotencyKey::try_from(text)
            .map_err(|invalid| problem(format!("Send another one: {invalid}.")))?;
        Ok(Self(key))
    }
}
