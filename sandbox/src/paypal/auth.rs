//! Who makes a call: an app with its secret at the token endpoint, with a token everywhere else.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::book::App;
use super::errors::{Answered, ApiError};
use super::exchange::Request;
use crate::locking::lock;
use crate::world::World;

/// The client id and secret of a Basic header.
pub fn basic(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = decoded.split_once(':')?;
    (!client_id.is_empty() && !secret.is_empty()).then(|| (client_id.to_owned(), secret.to_owned()))
}

/// The app whose token this is.
pub fn bearer(world: &World, request: &Request, now: DateTime<Utc>) -> Result<Arc<App>, ApiError> {
    let header = request
        .header("authorization")
        .ok_or_else(ApiError::unauthenticated)?;
    let token = header.strip_prefix("Bearer ").unwrap_or_default();
    let known = world.paypal.app_of_token(token, now);
    known.ok_or_else(|| ApiError::oauth(401, "invalid_token", "Token signature verification failed"))
}

/// Gives out an access token. An app is known from its first call on, and keeps the secret it showed then.
pub fn issue(world: &World, request: &Request, now: DateTime<Utc>) -> Answered {
    let refused = || ApiError::oauth(401, "invalid_client", "Client Authentication failed");
    let (client_id, secret) = basic(request).ok_or_else(refused)?;
    let grant = form_urlencoded::parse(&request.body).find(|(name, _)| name == "grant_type");
    match grant {
        Some((_, grant)) if grant == "client_credentials" => {}
        Some(_) => {
            let told = "Grant Type is NULL or not supported";
            return Err(ApiError::oauth(400, "unsupported_grant_type", told));
        }
        None => return Err(ApiError::oauth(400, "invalid_request", "Missing grant_type")),
    }
    let app = world.paypal.app(&client_id, &secret, &world.base_url);
    let book = &mut *lock(&app.book);
    if book.secret != secret {
        return Err(refused());
    }
    Ok(book.tokens.issue(now))
}
