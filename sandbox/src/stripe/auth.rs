//! Who is calling: a secret key for everything, or a publishable key with one intent's client secret.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::book::Book;
use super::errors::ApiError;
use super::params::Params;
use super::route::Operation;

/// A caller, known by the secret key of the account.
#[derive(Debug)]
pub struct Caller {
    /// `sk_test_…` of the account.
    pub secret_key: String,
    /// Whether the caller only showed the publishable key.
    pub is_payer: bool,
}

impl Caller {
    /// Reads the key from the `Authorization` header, or from the `key` parameter as browsers send it.
    pub fn identify(headers: &HeaderMap, params: Params<'_>) -> Result<Self, ApiError> {
        let from_header = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(key_of);
        let key = match from_header {
            Some(key) => key,
            None => params.text("key")?.map(str::to_owned).ok_or_else(|| {
                ApiError::unauthorized(
                    "You did not provide an API key. Provide it in the Authorization header, using Bearer auth \
                     (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
                )
            })?,
        };
        let account = |prefix| key.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if account("sk_test_").is_some() {
            return Ok(Self {
                secret_key: key,
                is_payer: false,
            });
        }
        if let Some(rest) = account("pk_test_") {
            return Ok(Self {
                secret_key: format!("sk_test_{rest}"),
                is_payer: true,
            });
        }
        let shown: String = key.chars().take(8).collect();
        Err(ApiError::unauthorized(format!(
            "Invalid API Key provided: {shown}****"
        )))
    }

    /// Refuses a payer everything but reading and confirming the intent whose client secret they show.
    pub fn may(&self, operation: Operation<'_>, params: Params<'_>, book: &Book) -> Result<(), ApiError> {
        if !self.is_payer {
            return Ok(());
        }
        let (Operation::ShowIntent(id) | Operation::ConfirmIntent(id)) = operation else {
            return Err(ApiError::unauthorized(
                "This API call cannot be made with a publishable API key. Please use a secret API key.",
            )
            .code("secret_key_required"));
        };
        let shown = params.required_text("client_secret")?;
        match book.intents.get(id) {
            Some(intent) if intent.client_secret == shown => Ok(()),
            Some(_) | None => Err(ApiError::no_such("payment_intent", id, "intent")),
        }
    }
}

fn key_of(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, _) = decoded.split_once(':').unwrap_or((&decoded, ""));
    Some(user.to_owned())
}
