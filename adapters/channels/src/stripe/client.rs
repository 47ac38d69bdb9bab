//! The calls to Stripe: the only I/O of this channel.
//!
//! One pooled connection set serves all merchants; a call takes the merchant's key with it. Nothing is
//! repeated here: the client library's own strategies would send keys of their own, and whether to repeat is
//! the job's decision. A request that could not connect was surely not done; one that was sent and not
//! answered is unknown.

use std::{fmt, time::Duration};

use bytes::Bytes;
use domain::{
    channel::{CallError, ChannelRefund, Intent, NewIntent, NewRefund, Statement},
    id::{PaymentId, RefundId},
};
use futures::future::{BoxFuture, FutureExt};
use reqwest::{Method, Response, Url, header, redirect};
use stripe_client_core::{CustomizableStripeRequest, CustomizedStripeRequest, StripeClient, StripeMethod};

use super::{
    CAPABILITIES,
    error::{Answer, Failed},
    request,
    wire::{Untranslatable, WireIntent, WirePage},
};
use crate::{
    capabilities::Capabilities,
    channel::{Cancellation, ChannelsError, Confirmation, PaymentChannel, Period, StatementPeriod},
    credentials::{Credentials, StripeCredentials},
    redact::redact,
};

/// How Stripe is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeConfig {
    /// The address of the API, without a path.
    pub api_base: String,
    /// How long one request may take in all.
    pub timeout: Duration,
    /// How long connecting may take. Shorter than `timeout`, so that it is known when a request was never
    /// sent.
    pub connect_timeout: Duration,
    /// How long looking for a lost intent or refund may take, all pages together.
    pub find_timeout: Duration,
    /// How many pages of a hundred are looked through for a lost intent or refund.
    pub find_page_limit: u32,
    /// How long fetching a statement may take, all pages together.
    pub statement_timeout: Duration,
    /// How many pages of a hundred lines a statement may have.
    pub statement_page_limit: u32,
}

impl Default for StripeConfig {
    fn default() -> Self {
        Self {
            api_base: "https://api.stripe.com".into(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            find_timeout: Duration::from_secs(20),
            find_page_limit: 20,
            statement_timeout: Duration::from_secs(300),
            statement_page_limit: 500,
        }
    }
}

/// Stripe over HTTP.
#[derive(Debug, Clone)]
pub struct Stripe {
    http: reqwest::Client,
    api_base: String,
    find_timeout: Duration,
    find_page_limit: u32,
}

impl Stripe {
    /// A client for the given address. Connects only when asked something.
    ///
    /// # Errors
    /// The address is not one of a server, or TLS is not set up.
    pub fn new(config: &StripeConfig) -> Result<Self, ChannelsError> {
        let bad_address = || ChannelsError::Address(config.api_base.clone());
        let url: Url = config.api_base.parse().map_err(|_| bad_address())?;
        if !matches!(url.scheme(), "http" | "https") || url.path() != "/" || url.query().is_some() {
            return Err(bad_address());
        }
        // The HTTP client panics when it finds no TLS provider.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ChannelsError::NoTls);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .timeout(config.timeout)
            .connect_timeout(config.connect_timeout)
            .pool_max_idle_per_host(64)
            .pool_idle_timeout(Duration::from_secs(60))
            .redirect(redirect::Policy::none())
            .build()?;
        let api_base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            http,
            api_base,
            find_timeout: config.find_timeout,
            find_page_limit: config.find_page_limit,
        })
    }

    const fn connection<'a>(&'a self, credentials: &'a Credentials) -> Connection<'a> {
        match credentials {
            Credentials::Stripe(stripe) => Connection {
                stripe: self,
                credentials: stripe,
            },
        }
    }
}

/// The client together with the key of one merchant.
struct Connection<'a> {
    stripe: &'a Stripe,
    credentials: &'a StripeCredentials,
}

impl fmt::Debug for Connection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl StripeClient for Connection<'_> {
    type Err = Failed;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, Failed> {
        let (request, overrides) = request.into_pieces();
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let query = request
            .query
            .filter(|query| !query.is_empty())
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let url = format!("{}/v1{}{query}", self.stripe.api_base, request.path);
        let mut http = self
            .stripe
            .http
            .request(method, url)
            .bearer_auth(self.credentials.secret_key().expose())
            .header("stripe-version", stripe_client_core::VERSION.as_str());
        if let Some(key) = overrides.request_strategy.and_then(|strategy| strategy.get_key()) {
            http = http.header("idempotency-key", key.as_str());
        }
        if let Some(body) = request.body {
            http = http
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body);
        }
        read(http.send().await?).await
    }
}

async fn read(response: Response) -> Result<Bytes, Failed> {
    let status = response.status();
    let text = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let request_id = text("request-id");
    let retry_after = text("retry-after")
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    let is_replay = text("idempotent-replayed").as_deref() == Some("true");
    tracing::debug!(status = status.as_u16(), request_id, is_replay, "Stripe answered");
    let body = response
        .bytes()
        .await
        .map_err(|error| Failed::NoAnswer(describe(error)))?;
    if status.is_success() {
        Ok(body)
    } else {
        Err(Failed::Answered(Answer {
            status: status.as_u16(),
            body,
            request_id,
            retry_after,
            is_replay,
        }))
    }
}

impl From<reqwest::Error> for Failed {
    fn from(error: reqwest::Error) -> Self {
        // A request that could not be built was not sent either.
        if error.is_connect() || error.is_builder() {
            Self::NotSent(describe(error))
        } else {
            Self::NoAnswer(describe(error))
        }
    }
}

/// The error with its causes; the first alone says only that a request failed.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

impl Connection<'_> {
    async fn intent(&self, request: CustomizableStripeRequest<WireIntent>) -> Result<Intent, CallError> {
        match request.send(self).await {
            Ok(wire) => wire.translate().map_err(|error| unreadable(&error)),
            Err(failed) => failed.intent_left().ok_or_else(|| failed.into()),
        }
    }

    async fn find_in_time(&self, payment_id: PaymentId, period: Period) -> Result<Option<Intent>, CallError> {
        let limit = self.stripe.find_timeout;
        let found = tokio::time::timeout(limit, self.find(payment_id, period)).await;
        found.unwrap_or_else(|_| {
            let message = format!("not all intents were looked through within {limit:?}");
            Err(CallError::Unknown { message })
        })
    }

    async fn find(&self, payment_id: PaymentId, period: Period) -> Result<Option<Intent>, CallError> {
        let mut after = None;
        for _ in 0..self.stripe.find_page_limit {
            let page: WirePage = request::list(period, after).send(self).await?;
            let last_id = page.data.last().map(|intent| intent.id.clone());
            if let Some(wire) = page
                .data
                .into_iter()
                .find(|intent| intent.payment_id() == Some(payment_id))
            {
                return wire.translate().map(Some).map_err(|error| unreadable(&error));
            }
            match last_id {
                Some(last_id) if page.has_more => after = Some(last_id),
                Some(_) | None => return Ok(None),
            }
        }
        let looked_at = i64::from(self.stripe.find_page_limit) * request::PAGE_SIZE;
        Err(CallError::Unknown {
            message: format!("not among the newest {looked_at} intents, and there are more"),
        })
    }
}

/// There is an intent, but it says something we have no word for.
fn unreadable(error: &Untranslatable) -> CallError {
    CallError::Unknown {
        message: redact(&error.to_string()),
    }
}

impl PaymentChannel for Stripe {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn create_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewIntent,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move { self.connection(credentials).intent(request::create(new)?).await }.boxed()
    }

    fn retrieve_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent_id: &'a str,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            self.connection(credentials)
                .intent(request::retrieve(intent_id)?)
                .await
        }
        .boxed()
    }

    fn find_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        payment_id: PaymentId,
        period: Period,
    ) -> BoxFuture<'a, Result<Option<Intent>, CallError>> {
        async move {
            self.connection(credentials)
                .find_in_time(payment_id, period)
                .await
        }
        .boxed()
    }

    fn confirm_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        confirmation: &'a Confirmation,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            self.connection(credentials)
                .intent(request::confirm(confirmation)?)
                .await
        }
        .boxed()
    }

    fn cancel_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        cancellation: &'a Cancellation,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            self.connection(credentials)
                .intent(request::cancel(cancellation)?)
                .await
        }
        .boxed()
    }

    fn create_refund<'a>(
        &'a self,
        _credentials: &'a Credentials,
        _new: &'a NewRefund,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        not_yet()
    }

    fn retrieve_refund<'a>(
        &'a self,
        _credentials: &'a Credentials,
        _channel_refund_id: &'a str,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        not_yet()
    }

    fn find_refund<'a>(
        &'a self,
        _credentials: &'a Credentials,
        _intent_id: &'a str,
        _refund_id: RefundId,
    ) -> BoxFuture<'a, Result<Option<ChannelRefund>, CallError>> {
        not_yet()
    }

    fn statement<'a>(
        &'a self,
        _credentials: &'a Credentials,
        _period: StatementPeriod,
    ) -> BoxFuture<'a, Result<Statement, CallError>> {
        not_yet()
    }
}

fn not_yet<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, CallError>> {
    let message = "not built yet".into();
    async {
        Err(CallError::NotDone {
            message,
            retry_after: None,
        })
    }
    .boxed()
}
