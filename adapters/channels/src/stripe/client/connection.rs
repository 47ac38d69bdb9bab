//! One request to Stripe and its answer, with the key of one merchant.
//!
//! Nothing is repeated here: the client library's own strategies would send keys of their own, and whether to repeat is the
//! job's decision. A request that could not connect was surely not done; one that was sent and not answered is unknown.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use reqwest::{Method, header};
use stripe_client_core::{CustomizedStripeRequest, StripeClient, StripeMethod};

use super::Stripe;
use crate::{
    containment::Purpose,
    stripe::{
        StripeCredentials,
        error::{Answer, Failed},
    },
};

/// The client together with the key of one merchant.
pub(super) struct Connection<'a> {
    pub(super) stripe: &'a Stripe,
    credentials: &'a StripeCredentials,
    /// The account that is paid through the merchant's own (<https://docs.stripe.com/connect/authentication>).
    connected_account: Option<&'a str>,
    /// The last answer was one that Stripe had stored for the request's key.
    has_replayed: AtomicBool,
}

impl fmt::Debug for Connection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl<'a> Connection<'a> {
    pub(super) const fn new(
        stripe: &'a Stripe,
        credentials: &'a StripeCredentials,
        connected_account: Option<&'a str>,
    ) -> Self {
        Self {
            stripe,
            credentials,
            connected_account,
            has_replayed: AtomicBool::new(false),
        }
    }

    /// Whether the last answer shows the moment of an earlier request instead of this one.
    pub(super) fn has_replayed(&self) -> bool {
        self.has_replayed.load(Ordering::Relaxed)
    }
}

impl StripeClient for Connection<'_> {
    type Err = Failed;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, Failed> {
        let (request, overrides) = request.into_pieces();
        let (purpose, method) = match request.method {
            StripeMethod::Get => (Purpose::Question, Method::GET),
            StripeMethod::Post => (Purpose::Change, Method::POST),
            StripeMethod::Delete => (Purpose::Change, Method::DELETE),
        };
        let query = request
            .query
            .filter(|query| !query.is_empty())
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let url = format!("{}/v1{}{query}", self.stripe.api_base, request.path);
        let line = &self.stripe.line;
        let mut http = line
            .request(method, url)
            .bearer_auth(self.credentials.secret_key().expose())
            .header("stripe-version", stripe_client_core::VERSION.as_str());
        if let Some(account) = self.connected_account {
            http = http.header("stripe-account", account);
        }
        if let Some(key) = overrides.request_strategy.and_then(|strategy| strategy.get_key()) {
            http = http.header("idempotency-key", key.as_str());
        }
        if let Some(body) = request.body {
            http = http
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body);
        }
        let sent = line.send(purpose, self.credentials.account(), http);
        let answer = sent.await.map_err(Failed::Unanswered)?;
        let is_replay = answer.text("idempotent-replayed").as_deref() == Some("true");
        self.has_replayed.store(is_replay, Ordering::Relaxed);
        let (status, request_id) = (answer.status, answer.text("request-id"));
        tracing::debug!(status = status.as_u16(), request_id, is_replay, "Stripe answered");
        if status.is_success() {
            return Ok(answer.body);
        }
        Err(Failed::Answered(Answer {
            status: status.as_u16(),
            request_id,
            retry_after: answer.retry_after(),
            is_replay,
            body: answer.body,
        }))
    }
}
