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
    /// `acct_…` of the account that the caller acts for, where it is not the key's own
    /// (<https://docs.stripe.com/connect/authentication>).
    connected: Option<String>,
}

impl Caller {
    /// The account's name in the double: the key, with the connected account behind it.
    pub fn account(&self) -> String {
        match &self.connected {
            None => self.secret_key.clone(),
            Some(connected) => format!("{}/{connected}", self.secret_key),
        }
    }

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
                connected: connected(headers, &key)?,
                secret_key: key,
                is_payer: false,
            });
        }
        if let Some(rest) = account("pk_test_") {
            return Ok(Self {
                connected: connected(headers, &key)?,
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

/// The account in the `Stripe-Account` header. Every name that could be one is connected, at first sight.
fn connected(headers: &HeaderMap, key: &str) -> Result<Option<String>, ApiError> {
    let Some(header) = headers.get("stripe-account") else {
        return Ok(None);
    };
    let named = header.to_str().unwrap_or_default();
    let is_account = named.strip_prefix("acct_").is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if is_account {
        return Ok(Some(named.to_owned()));
    }
    let shown: String = key.chars().take(8).collect();
    let message = format!(
        "The provided key '{shown}****' does not have access to account '{named}' (or that account does not exist). Application \
         access may have been revoked."
    );
    Err(ApiError::invalid(message).code("account_invalid").status(403))
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
