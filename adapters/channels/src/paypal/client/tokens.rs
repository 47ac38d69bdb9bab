//! Access tokens (<https://developer.paypal.com/api/rest/authentication/>): fetched with an app's id and secret, good for
//! hours, and called with until shortly before they end.
//!
//! A token is kept under both the id and the secret. The id alone is no secret: whoever wrote another merchant's into his own
//! settings would call with that merchant's token.

use std::time::Duration;

use domain::{channel::CallError, secret::Secret};
use reqwest::{Method, header};

use super::kept::{Fetched, Kept};
use crate::{
    containment::Purpose,
    http::{self, Line},
    paypal::{
        PaypalCredentials,
        error::{Answer, judge_token},
        wire::WireToken,
    },
    redact::redact,
};

/// How many merchants' tokens are kept.
const MOST: usize = 10_000;
/// A token is not used for the last minute, or the last tenth, of its life: a call may take a while to arrive.
const MARGIN: Duration = Duration::from_secs(60);
/// The longest life that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// The tokens of all merchants.
#[derive(Debug)]
pub(super) struct Tokens {
    kept: Kept<Secret, CallError>,
}

impl Tokens {
    /// No tokens yet; getting one takes no longer than `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            kept: Kept::new(MOST, timeout),
        }
    }

    /// A token of a merchant's, fetched if there is none that is good.
    pub(super) async fn get(
        &self,
        line: &Line,
        api_base: &str,
        purpose: Purpose,
        credentials: &PaypalCredentials,
    ) -> Result<Secret, CallError> {
        let account = credentials.account();
        let fetch = || {
            let request = line
                .request(Method::POST, format!("{api_base}/v1/oauth2/token"))
                .basic_auth(
                    credentials.client_id().expose(),
                    Some(credentials.client_secret().expose()),
                )
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body("grant_type=client_credentials");
            let line = line.clone();
            // It holds a place of the channel's, so that it ends by itself, though all who wait for it may leave.
            let fetching = tokio::spawn(async move { read(line.send(purpose, account, request).await) });
            async move { fetching.await.unwrap_or_else(|_| Err(cut_off())) }
        };
        self.kept.get(account, fetch).await
    }

    /// Drops a token that PayPal does not take any more, unless a newer one has taken its place.
    pub(super) fn forget(&self, credentials: &PaypalCredentials, token: &Secret) {
        self.kept.forget(&credentials.account(), |kept| kept == token);
    }
}

/// Whatever goes wrong here, nothing was asked of any object yet.
fn read(answered: Result<http::Answer, CallError>) -> Result<Fetched<Secret>, CallError> {
    let answer: Answer = answered.map_err(not_done)?.into();
    if answer.status != 200 {
        return Err(judge_token(&answer));
    }
    token(&answer)
}

fn token(answer: &Answer) -> Result<Fetched<Secret>, CallError> {
    // The parser's own words could quote the token.
    let token: WireToken = serde_json::from_slice(&answer.body).map_err(|_| CallError::NotDone {
        message: "no token: the answer cannot be read".into(),
        retry_after: None,
    })?;
    let life = Duration::from_secs(token.expires_in).min(LONGEST_LIFE);
    let margin = MARGIN.min(life / 10);
    Ok((Secret::new(token.access_token), life - margin))
}

fn not_done(error: CallError) -> CallError {
    match error {
        CallError::Unknown { message } => CallError::NotDone {
            message: redact(&format!("no token: {message}")),
            retry_after: None,
        },
        CallError::NotDone { .. }
        | CallError::Limited { .. }
        | CallError::Refused { .. }
        | CallError::Declined(_) => error,
    }
}

/// The process is stopping.
fn cut_off() -> CallError {
    CallError::NotDone {
        message: "no token: getting one was cut off".into(),
        retry_after: None,
    }
}
