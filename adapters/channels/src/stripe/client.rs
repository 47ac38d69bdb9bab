//! The calls to Stripe: the only I/O of this channel.
//!
//! One pooled connection set serves all merchants; a call takes the merchant's key with it.

mod connection;
mod intents;
mod pages;
mod refunds;
mod statement;

use std::time::Duration;

use domain::{
    channel::{CallError, ChannelRefund, Intent, NewIntent, NewRefund, Statement},
    id::{PaymentId, RefundId},
};
use futures::future::{BoxFuture, FutureExt};
use reqwest::{Url, redirect};

use self::{connection::Connection, pages::Bounds};
use super::{CAPABILITIES, request, wire::Untranslatable};
use crate::{
    capabilities::Capabilities,
    channel::{Cancellation, ChannelsError, Confirmation, PaymentChannel, Period, StatementPeriod},
    credentials::Credentials,
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
    config: StripeConfig,
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
            config: config.clone(),
        })
    }

    const fn connection<'a>(&'a self, credentials: &'a Credentials) -> Connection<'a> {
        match credentials {
            Credentials::Stripe(stripe) => Connection::new(self, stripe),
        }
    }

    /// How far a lost object is looked for.
    const fn find_bounds(&self, of: &'static str) -> Bounds {
        Bounds {
            of,
            timeout: self.config.find_timeout,
            page_limit: self.config.find_page_limit,
        }
    }

    /// How long a statement may be.
    const fn statement_bounds(&self) -> Bounds {
        Bounds {
            of: "lines of the statement",
            timeout: self.config.statement_timeout,
            page_limit: self.config.statement_page_limit,
        }
    }
}

/// There is an object, but it says something we have no word for.
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
        async move {
            let request = request::intents::create(new)?;
            self.connection(credentials).intent(request).await
        }
        .boxed()
    }

    fn retrieve_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent_id: &'a str,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move { self.connection(credentials).retrieved_intent(intent_id).await }.boxed()
    }

    fn find_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        payment_id: PaymentId,
        period: Period,
    ) -> BoxFuture<'a, Result<Option<Intent>, CallError>> {
        async move {
            self.connection(credentials)
                .found_intent(payment_id, period)
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
            let request = request::intents::confirm(confirmation)?;
            self.connection(credentials)
                .changed_intent(&confirmation.intent_id, request)
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
            let request = request::intents::cancel(cancellation)?;
            self.connection(credentials)
                .changed_intent(&cancellation.intent_id, request)
                .await
        }
        .boxed()
    }

    fn create_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewRefund,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        async move { self.connection(credentials).created_refund(new).await }.boxed()
    }

    fn retrieve_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        channel_refund_id: &'a str,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        async move {
            self.connection(credentials)
                .retrieved_refund(channel_refund_id)
                .await
        }
        .boxed()
    }

    fn find_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent_id: &'a str,
        refund_id: RefundId,
    ) -> BoxFuture<'a, Result<Option<ChannelRefund>, CallError>> {
        async move {
            self.connection(credentials)
                .found_refund(intent_id, refund_id)
                .await
        }
        .boxed()
    }

    fn statement<'a>(
        &'a self,
        credentials: &'a Credentials,
        period: StatementPeriod,
    ) -> BoxFuture<'a, Result<Statement, CallError>> {
        async move { self.connection(credentials).statement(period).await }.boxed()
    }
}
