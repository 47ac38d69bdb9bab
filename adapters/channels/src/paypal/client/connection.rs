//! One request to PayPal and its answer: with a token, and once more with a new one when PayPal does not take it.

use std::time::Duration;

use domain::channel::CallError;
use reqwest::{Response, StatusCode, header};
use serde::de::DeserializeOwned;

use super::Paypal;
use crate::{
    http::{describe, unanswered},
    paypal::{
        PaypalCredentials,
        error::{Answer, judge},
        request::Request,
    },
    redact::redact,
};

/// The largest answer that is read, in bytes. Orders have a few thousand.
const MOST_BYTES: usize = 1 << 20;

impl Paypal {
    /// What PayPal answers to a request.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        credentials: &PaypalCredentials,
        request: Request,
    ) -> Result<T, CallError> {
        let answer = self.authorized(credentials, &request).await?;
        if !(200..300).contains(&answer.status) {
            return Err(judge(&answer));
        }
        // The parser's own words could quote the answer.
        serde_json::from_slice(&answer.body).map_err(|error| CallError::Unknown {
            message: format!(
                "the answer cannot be read at column {} (HTTP {})",
                error.column(),
                answer.status
            ),
        })
    }

    /// A request that was refused for its token was not carried out, so that it can be sent again.
    async fn authorized(
        &self,
        credentials: &PaypalCredentials,
        request: &Request,
    ) -> Result<Answer, CallError> {
        let (http, api_base) = (&self.http, self.api_base.as_str());
        let token = self.tokens.get(http, api_base, credentials).await?;
        let answer = self.send(token.expose(), request).await?;
        if answer.status != StatusCode::UNAUTHORIZED.as_u16() {
            return Ok(answer);
        }
        self.tokens.forget(credentials, &token);
        let token = self.tokens.get(http, api_base, credentials).await?;
        self.send(token.expose(), request).await
    }

    async fn send(&self, token: &str, request: &Request) -> Result<Answer, CallError> {
        let url = format!("{}{}", self.api_base, request.path);
        let mut http = self.http.request(request.method.clone(), url).bearer_auth(token);
        if let Some(change) = &request.change {
            http = http
                .header("paypal-request-id", &change.key)
                // Without it, the answer names little more than the object.
                .header("prefer", "return=representation")
                .json(&change.body);
        }
        answer(http.send().await.map_err(unanswered)?).await
    }
}

/// Reads an answer to its end.
pub(super) async fn answer(mut response: Response) -> Result<Answer, CallError> {
    let status = response.status().as_u16();
    let retry_after = seconds(&response, header::RETRY_AFTER.as_str());
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| CallError::Unknown {
            message: redact(&describe(error)),
        })?;
        let Some(chunk) = chunk else { break };
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(CallError::Unknown {
                message: format!("the answer has more than {MOST_BYTES} bytes (HTTP {status})"),
            });
        }
        body.extend_from_slice(&chunk);
    }
    tracing::debug!(status, "PayPal answered");
    Ok(Answer {
        status,
        body,
        retry_after,
    })
}

fn seconds(response: &Response, name: &str) -> Option<Duration> {
    let value = response.headers().get(name)?.to_str().ok()?;
    value.parse().ok().map(Duration::from_secs)
}
