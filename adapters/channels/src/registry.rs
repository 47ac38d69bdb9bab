//! The channels of a process, and the one place where every call to a provider is measured.
//!
//! Each call gives its result together with the [`Exchange`] to store: what was asked, what came of it, how
//! long it took. Storing it is the caller's, in the transaction that also records the result.

use std::time::Duration;

use domain::{
    channel::{CallError, Channel, Exchange, Intent, IntentStatus, NewIntent},
    id::PaymentId,
};
use failpoints::{Point, reach};
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    channel::{Cancellation, ChannelsError, Confirmation, PaymentChannel, Period},
    credentials::Credentials,
    redact::redact,
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
    /// How long looking for a lost intent may take, all pages together.
    pub find_timeout: Duration,
    /// How many pages of a provider's list are looked through for a lost intent.
    pub find_page_limit: u32,
}

impl Default for ChannelsConfig {
    fn default() -> Self {
        let StripeConfig {
            api_base,
            timeout,
            connect_timeout,
            find_timeout,
            find_page_limit,
        } = StripeConfig::default();
        Self {
            stripe_api_base: api_base,
            timeout,
            connect_timeout,
            find_timeout,
            find_page_limit,
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

/// What a successful call gives: an intent, or none.
trait Answered {
    fn intent(&self) -> Option<&Intent>;
}

impl Answered for Intent {
    fn intent(&self) -> Option<&Intent> {
        Some(self)
    }
}

impl Answered for Option<Intent> {
    fn intent(&self) -> Option<&Intent> {
        self.as_ref()
    }
}

fn exchange<T: Answered>(operation: &'static str, result: &Result<T, CallError>, took: Duration) -> Exchange {
    let intent = result.as_ref().ok().and_then(Answered::intent);
    let error = match (result, intent.map(|intent| &intent.status)) {
        (Ok(_), Some(IntentStatus::Declined(failure))) => Some(format!("declined: {}", failure.code)),
        (Ok(_), _) => None,
        (Err(error), _) => Some(error.to_string()),
    };
    Exchange {
        operation,
        outcome: outcome(result),
        intent_id: intent.map(|intent| intent.id.clone()),
        error: error.map(|text| redact(&text)),
        duration_ms: i32::try_from(took.as_millis()).unwrap_or(i32::MAX),
    }
}

fn outcome<T: Answered>(result: &Result<T, CallError>) -> &'static str {
    match result {
        Ok(answered) => match answered.intent().map(|intent| &intent.status) {
            Some(IntentStatus::Declined(_)) => "declined",
            Some(
                IntentStatus::RequiresAction
                | IntentStatus::Processing
                | IntentStatus::Succeeded
                | IntentStatus::Canceled,
            ) => "ok",
            None => "not_found",
        },
        Err(CallError::Declined(_)) => "declined",
        Err(CallError::Refused { .. }) => "refused",
        Err(CallError::NotDone { .. }) => "not_done",
        Err(CallError::Unknown { .. }) => "unknown",
    }
}
