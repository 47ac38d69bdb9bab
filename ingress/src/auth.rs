//! Who asks, found out from the `Authorization` header: an API key of a merchant, or a token of a user or an administrator.

mod api_key;
mod caller;
mod key_source;
mod public_keys;
mod token;
mod tokens;

pub(crate) use caller::Caller;
pub(crate) use public_keys::PublicKeys;
pub(crate) use tokens::Tokens;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use domain::{api_key::ApiKeyText, id::MerchantId};
use tracing::{Span, field::display};

use self::{caller::forbidden, token::Bearer};
use crate::{
    app::{App, Shared},
    problem::{Problem, ProblemKind},
    remembered::Asking,
};

/// The merchant that an administrator acts for.
const MERCHANT: HeaderName = HeaderName::from_static("sluice-merchant");

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let caller = who_asks(parts, app).await?;
        app.reads_rate.admit(&caller)?;
        Ok(caller)
    }
}

/// Who asks, whether it only reads, as whoever is a [`Caller`] to a handler, or asks for something
/// ([`crate::submission::Submission`]). How often it does is for either to count.
///
/// # Errors
/// It does not show who it is, or nobody can tell now.
pub(crate) async fn who_asks(parts: &Parts, app: &App) -> Result<Caller, Problem> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
        return Err(unauthorized(
            "Send your API key, or your token, as `Authorization: Bearer …`.",
        ));
    };
    let shown = header.to_str().ok().and_then(bearer_token);
    let caller = find(app, shown.unwrap_or_default(), &parts.headers).await?;
    let span = Span::current();
    span.record("caller", caller.role());
    if let Some(merchant_id) = caller.scope().merchant() {
        span.record("merchant_id", display(merchant_id));
    }
    Ok(caller)
}

async fn find(app: &App, shown: &str, headers: &HeaderMap) -> Result<Caller, Problem> {
    if let Ok(key) = ApiKeyText::parse(shown) {
        let merchant = api_key::find(app, &key).await?;
        names_no_other(headers, merchant)?;
        return Ok(Caller::merchant(merchant));
    }
    let is_token = shown.split('.').count() == 3;
    let Some(tokens) = app.tokens.as_ref().filter(|_| is_token) else {
        return Err(unauthorized(nothing_known(is_token)));
    };
    match tokens.bearer(shown, app.clock.now()).await? {
        Bearer::User(merchant, user) => {
            names_no_other(headers, merchant)?;
            let unknown = || unauthorized("The token's merchant_id is no merchant of this deployment.");
            check_exists(app, merchant, unknown).await?;
            Ok(Caller::user(merchant, user))
        }
        Bearer::Admin(name) => {
            let named = named_merchant(headers)?;
            if let Some(merchant) = named {
                let unknown = || merchant_header("There is no merchant of this id.");
                check_exists(app, merchant, unknown).await?;
            }
            Ok(Caller::admin(name, named))
        }
    }
}

/// What to tell somebody who shows neither a key nor a token that could be checked.
const fn nothing_known(is_token: bool) -> &'static str {
    if is_token {
        "This deployment takes no tokens, as none of its JWT_ settings is set: use an API key (slk_…)."
    } else {
        "The Authorization header must be `Bearer` followed by an API key (slk_…) or a token of this deployment's \
         identity provider."
    }
}

/// The merchant that the request names.
fn named_merchant(headers: &HeaderMap) -> Result<Option<MerchantId>, Problem> {
    let mut values = headers.get_all(MERCHANT).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let named = value.to_str().ok().and_then(|text| text.parse().ok());
    let is_only = values.next().is_none();
    named.filter(|_| is_only).map(Some).ok_or_else(|| {
        merchant_header(
            "Send one Sluice-Merchant header with a merchant's id: mer_ and 32 hexadecimal digits.",
        )
    })
}

/// Whoever belongs to a merchant acts for that one, whatever else it names: better told than done for the wrong one.
fn names_no_other(headers: &HeaderMap, own: MerchantId) -> Result<(), Problem> {
    match named_merchant(headers)? {
        Some(named) if named != own => Err(forbidden(
            "Only administrators act for a merchant that they name: leave the Sluice-Merchant header out.",
        )),
        Some(_) | None => Ok(()),
    }
}

/// Nothing is asked for in the name of a merchant that is not there: it would only be found out by a worker.
async fn check_exists(
    app: &App,
    merchant: MerchantId,
    unknown: impl FnOnce() -> Problem,
) -> Result<(), Problem> {
    let read = |asking| async move {
        let question = app.reads.merchant(merchant);
        match asking {
            Asking::FirstTime => app.reads.about_stranger(question).await,
            Asking::Again => app.reads.briefly(question).await,
        }
    };
    let found = app.merchants.get(&merchant, read).await?;
    found.ok_or_else(unknown)
}

/// RFC 9110 has the scheme in any case.
fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorized(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unauthorized, detail)
}

fn merchant_header(detail: &str) -> Problem {
    Problem::new(ProblemKind::MerchantHeader, detail)
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
