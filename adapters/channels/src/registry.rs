//! The channels of a process, and the one place where every call to a provider is measured.
//!
//! Each call gives its result together with the [`Exchange`] to store: what was asked, what came of it, how
//! long it took. Storing it is the caller's, in the transaction that also records the result.

use std::time::Duration;

use domain::{
    channel::{CallError, Channel, ChannelRefund, Exchange, Intent, NewIntent, NewRefund, Statement},
    id::{PaymentId, RefundId},
};
use failpoints::{Point, reach};
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    channel::{Cancellation, ChannelsError, Confirmation, PaymentChannel, Period, StatementPeriod},
    credentials::Credentials,
    exchange::{Answered, exchange},
    stripe::{Stripe, StripeConfig},
};

/// How the providers are reached. One time-out holds for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelsConfig {
    /// The address of Stripe's API, without a path.
    pub stripe_api_base: String,
    /// How long one request to a provider may take in all.
    pub timeout: Duration,
    /// How long connecting may take; shorter than `timeout`.
    pub connect_timeout: Duration,
    /// How long looking for a lost intent or refund may take, all pages together.
    pub find_timeout: Duration,
    /// How many pages of a provider's list are looked through for a lost intent or refund.
    pub find_page_limit: u32,
    /// How long fetching a statement may take, all pages together.
    pub statement_timeout: Duration,
    /// How many pages a statement may have.
    pub statement_page_limit: u32,
}

impl Default for ChannelsConfig {
    fn default() -> Self {
        let StripeConfig {
            api_base,
            timeout,
            connect_timeout,
            find_timeout,
            find_page_limit,
            statement_timeout,
            statement_page_limit,
        } = StripeConfig::default();
        Self {
            stripe_api_base: api_base,
            timeout,
            connect_timeout,
            find_timeout,
            find_page_limit,
            statement_timeout,
            statement_page_limit,
        }
    }
}

/// What came of a call, and the record of it.
pub type Called<T> = (Result<T, CallError>, Exchange);

/// The channels of this process.
#[derive(Debug)]
pub struct Channels {
    stripe: Stripe,
}

impl Channels {
    /// Sets up every channel. Connects to nothing yet.
    ///
    /// # Errors
    /// An address is not one, or TLS is not set up.
    pub fn new(config: &ChannelsConfig) -> Result<Self, ChannelsError> {
        let stripe = Stripe::new(&StripeConfig {
            api_base: config.stripe_api_base.clone(),
            timeout: config.timeout,
            connect_timeout: config.connect_timeout,
            find_timeout: config.find_timeout,
            find_page_limit: config.find_page_limit,
            statement_timeout: config.statement_timeout,
            statement_page_limit: config.statement_page_limit,
        })?;
        Ok(Self { stripe })
    }

    /// A channel itself. Calls made on it directly are neither measured nor recorded.
    pub const fn get(&self, channel: Channel) -> &dyn PaymentChannel {
        match channel {
            Channel::Stripe => &self.stripe,
        }
    }

    /// [`PaymentChannel::create_intent`], measured.
    pub async fn create_intent(&self, credentials: &Credentials, new: &NewIntent) -> Called<Intent> {
        reach(Point::ProviderBeforeCreate);
        let called = self.call(credentials, "create_intent", |channel| {
            channel.create_intent(credentials, new)
        });
        let called = called.await;
        reach(Point::ProviderCreated);
        called
    }

    /// [`PaymentChannel::retrieve_intent`], measured.
    pub async fn retrieve_intent(&self, credentials: &Credentials, intent_id: &str) -> Called<Intent> {
        self.call(credentials, "retrieve_intent", |channel| {
            channel.retrieve_intent(credentials, intent_id)
        })
        .await
    }

    /// [`PaymentChannel::find_intent`], measured.
    pub async fn find_intent(
        &self,
        credentials: &Credentials,
        payment_id: PaymentId,
        period: Period,
    ) -> Called<Option<Intent>> {
        reach(Point::ProviderBeforeFind);
        let called = self.call(credentials, "find_intent", |channel| {
            channel.find_intent(credentials, payment_id, period)
        });
        let called = called.await;
        reach(Point::ProviderFound);
        called
    }

    /// [`PaymentChannel::confirm_intent`], measured.
    pub async fn confirm_intent(
        &self,
        credentials: &Credentials,
        confirmation: &Confirmation,
    ) -> Called<Intent> {
        self.call(credentials, "confirm_intent", |channel| {
            channel.confirm_intent(credentials, confirmation)
        })
        .await
    }

    /// [`PaymentChannel::cancel_intent`], measured.
    pub async fn cancel_intent(
        &self,
        credentials: &Credentials,
        cancellation: &Cancellation,
    ) -> Called<Intent> {
        self.call(credentials, "cancel_intent", |channel| {
            channel.cancel_intent(credentials, cancellation)
        })
        .await
    }

    /// [`PaymentChannel::create_refund`], measured.
    pub async fn create_refund(&self, credentials: &Credentials, new: &NewRefund) -> Called<ChannelRefund> {
        reach(Point::ProviderBeforeRefund);
        let called = self.call(credentials, "create_refund", |channel| {
            channel.create_refund(credentials, new)
        });
        let called = called.await;
        reach(Point::ProviderRefunded);
        called
    }

    /// [`PaymentChannel::retrieve_refund`], measured.
    pub async fn retrieve_refund(
        &self,
        credentials: &Credentials,
        channel_refund_id: &str,
    ) -> Called<ChannelRefund> {
        self.call(credentials, "retrieve_refund", |channel| {
            channel.retrieve_refund(credentials, channel_refund_id)
        })
        .await
    }

    /// [`PaymentChannel::find_refund`], measured.
    pub async fn find_refund(
        &self,
        credentials: &Credentials,
        intent_id: &str,
        refund_id: RefundId,
    ) -> Called<Option<ChannelRefund>> {
        self.call(credentials, "find_refund", |channel| {
            channel.find_refund(credentials, intent_id, refund_id)
        })
        .await
    }

    /// [`PaymentChannel::statement`], measured. It belongs to no payment, so there is no exchange to store.
    ///
    /// # Errors
    /// As for any call; a statement that is too long to be fetched within its bounds is [`CallError::Unknown`].
    pub async fn statement(
        &self,
        credentials: &Credentials,
        period: StatementPeriod,
    ) -> Result<Statement, CallError> {
        let called = self.call(credentials, "statement", |channel| {
            channel.statement(credentials, period)
        });
        called.await.0
    }

    async fn call<'a, T: Answered>(
        &'a self,
        credentials: &'a Credentials,
        operation: &'static str,
        ask: impl FnOnce(&'a dyn PaymentChannel) -> BoxFuture<'a, Result<T, CallError>>,
    ) -> Called<T> {
        let channel = credentials.channel();
        let started = Instant::now();
        let result = ask(self.get(channel)).await;
        let took = started.elapsed();
        let exchange = exchange(operation, &result, took);
        let (channel, outcome) = (channel.name(), exchange.outcome);
        let labels = [
            ("channel", channel),
            ("operation", operation),
            ("outcome", outcome),
        ];
        metrics::counter!("sluice_channel_calls_total", &labels).increment(1);
        metrics::histogram!("sluice_channel_call_duration_seconds", &labels[..2]).record(took);
        (result, exchange)
    }
}
