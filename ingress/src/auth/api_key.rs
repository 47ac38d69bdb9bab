//! Who asks: the API key of the `Authorization` header.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use domain::{api_key::ApiKeyText, id::MerchantId};
use tracing::{Span, field::display};

use crate::{
    app::{App, Shared},
    problem::{Problem, ProblemKind},
    reads::Unanswered,
    remembered::Asking,
};

/// The merchant whose key came with the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Authenticated(pub MerchantId);

impl FromRequestParts<Shared> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
            return Err(unauthorized(
                "Send your API key as `Authorization: Bearer slk_…`.",
            ));
        };
        let presented = header.to_str().ok().and_then(bearer_token);
        let Some(key) = presented.and_then(|text| ApiKeyText::parse(text).ok()) else {
            return Err(unauthorized(
                "The Authorization header must be `Bearer` followed by an API key (slk_…).",
            ));
        };
        let merchant_id = find(app, &key).await?;
        Span::current().record("merchant_id", display(merchant_id));
        Ok(Self(merchant_id))
    }
}

/// One answer for a key that is unknown, wrong or revoked: what exactly is nobody's business.
async fn find(app: &App, key: &ApiKeyText) -> Result<MerchantId, Problem> {
    let store = app.reads.store();
    let read = |asking| async move {
        match asking {
            Asking::FirstTime => app.reads.about_stranger(store.key(key.id())).await,
            Asking::Again => app.reads.briefly(store.key(key.id())).await,
        }
    };
    match app.keys.get(&key.id().to_owned(), read).await {
        Ok(Some(stored)) if key.proves(&stored.secret_hash) && !stored.revoked => Ok(stored.merchant_id),
        Ok(Some(_) | None) => Err(unauthorized(
            "The API key is not valid: it may have been revoked, or belong to another deployment.",
        )),
        Err(Unanswered::Away) => {
            let detail =
                "The API key cannot be checked right now. Nothing was accepted; send the request again.";
            Err(Problem::new(ProblemKind::StoreUnavailable, detail))
        }
        Err(broken @ Unanswered::Broken) => Err(broken.into()),
    }
}

/// RFC 9110 has the scheme in any case.
fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorized(detail: &str) -> Problem {
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
