//! Who asks, found out from the `Authorization` header.

mod api_key;
mod caller;

pub(crate) use caller::Caller;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use tracing::{Span, field::display};

use crate::{
    app::Shared,
    problem::{Problem, ProblemKind},
};

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
            return Err(unauthorized(
                "Send your API key as `Authorization: Bearer slk_…`.",
            ));
        };
        let shown = header.to_str().ok().and_then(bearer_token);
        let merchant_id = api_key::find(app, shown.unwrap_or_default()).await?;
        Span::current().record("merchant_id", display(merchant_id));
        Ok(Self::merchant(merchant_id))
    }
}

/// RFC 9110 has the scheme in any case.
fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorized(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unauthorized, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        assert_eq!(bearer_token("Bearer slk_1"), Some("slk_1"));
        assert_eq!(bearer_token("bearer  slk_1"), Some("slk_1"));
        assert_eq!(bearer_token("Basic slk_1"), None);
        assert_eq!(bearer_token("slk_1"), None);
    }
}
