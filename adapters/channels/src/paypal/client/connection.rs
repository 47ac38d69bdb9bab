//! One request to PayPal and its answer: with a token, and once more with a new one when PayPal does not take it.

use domain::channel::CallError;
use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;

use super::Paypal;
use crate::{
    http::exchange,
    paypal::{
        PaypalCredentials,
        error::{Answer, judge},
        request::Request,
    },
};

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
        answer(http).await
    }
}

/// What a request is answered.
pub(super) async fn answer(http: RequestBuilder) -> Result<Answer, CallError> {
    let answer = exchange(http).await?;
    let status = answer.status.as_u16();
    tracing::debug!(status, "PayPal answered");
    Ok(Answer {
        status,
        retry_after: answer.retry_after(),
        body: answer.body,
    })
}
