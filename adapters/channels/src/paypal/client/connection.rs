//! One request to PayPal and its answer: with a token, and once more with a new one when PayPal does not take it.

use domain::{channel::CallError, secret::Secret};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use super::Paypal;
use crate::paypal::{
    PaypalCredentials,
    error::{Answer, judge},
    request::Request,
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
        let token = self.token(credentials, request).await?;
        let answer = self.send(credentials, &token, request).await?;
        if answer.status != StatusCode::UNAUTHORIZED.as_u16() {
            return Ok(answer);
        }
        self.tokens.forget(credentials, &token);
        let token = self.token(credentials, request).await?;
        self.send(credentials, &token, request).await
    }

    /// A token is a part of what it is got for.
    async fn token(&self, credentials: &PaypalCredentials, request: &Request) -> Result<Secret, CallError> {
        let (line, purpose) = (&self.line, request.purpose());
        self.tokens.get(line, &self.api_base, purpose, credentials).await
    }

    async fn send(
        &self,
        credentials: &PaypalCredentials,
        token: &Secret,
        request: &Request,
    ) -> Result<Answer, CallError> {
        let url = format!("{}{}", self.api_base, request.path);
        let http = self.line.request(request.method.clone(), url);
        let mut http = http.bearer_auth(token.expose());
        if let Some(change) = &request.change {
            http = http
                .header("paypal-request-id", &change.key)
                // Without it, the answer names little more than the object.
                .header("prefer", "return=representation")
                .json(&change.body);
        }
        let sent = self.line.send(request.purpose(), credentials.account(), http);
        Ok(sent.await?.into())
    }
}
