//! The channels of a process, and the one place where every call to a provider is measured.
//!
//! Each call gives its result together with the [`Exchange`] to store: what was asked, what came of it, how
//! long it took. Storing it is the caller's, in the transaction that also records the result.

use std::{sync::Arc, time::Duration};

use domain::{
    channel::{
        AccountLink, CallError, Channel, ChannelAccount, ChannelRefund, ChannelTransfer, Exchange, Intent,
        IntentRef, NewAccount, NewAccountLink, NewIntent, NewRefund, NewTransfer, Operation, RefundRef,
        Statement,
    },
    id::{ConnectedAccountId, RefundId},
};
use failpoints::{Point, reach};
use futures::future::{BoxFuture, FutureExt};
use tokio::time::{Instant, timeout};
use tracing::{Instrument, Span, field::Empty};

use crate::{
    channel::{
        Cancellation, Capture, ChannelsError, Confirmation, LostIntent, PaymentChannel, Period,
        StatementPeriod,
    },
    containment::{Gate, Purpose, ShutCircuit, count_rejected},
    exchange::{Answered, exchange},
    registry::{ChannelsConfig, Clients, Credentials},
    standstill::Standstill,
};

/// What came of a call, and the record of it.
pub type Called<T> = (Result<T, CallError>, Exchange);

/// The channels of this process.
#[derive(Debug)]
pub struct Channels {
    clients: Clients,
    gates: Vec<Arc<Gate>>,
    standstill: Standstill,
    limits: Limits,
}

/// How long calls may take, all of their requests together.
#[derive(Debug)]
struct Limits {
    timeout: Duration,
    find_timeout: Duration,
    statement_timeout: Duration,
}

impl Limits {
    const fn of(&self, operation: Operation) -> Duration {
        match operation {
            Operation::CreateIntent
            | Operation::RetrieveIntent
            | Operation::ConfirmIntent
            | Operation::CaptureIntent
            | Operation::CancelIntent
            | Operation::CreateRefund
            | Operation::RetrieveRefund
            | Operation::CreateAccount
            | Operation::RetrieveAccount
            | Operation::CreateAccountLink
            | Operation::CreateTransfer => self.timeout,
            Operation::FindIntent
            | Operation::FindRefund
            | Operation::FindAccount
            | Operation::FindTransfer => self.find_timeout,
            Operation::Statement => self.statement_timeout,
        }
    }
}

impl Channels {
    /// Sets up every channel. Connects to nothing yet.
    ///
    /// # Errors
    /// An address is not one, or TLS is not set up.
    pub fn new(config: &ChannelsConfig) -> Result<Self, ChannelsError> {
        // There is one for every provider, in their order.
        let gates = Channel::PROVIDERS
            .iter()
            .map(|channel| Arc::new(Gate::new(*channel, &config.containment)));
        let gates: Vec<_> = gates.collect();
        let clients = Clients::new(config, |channel| Arc::clone(&gates[channel as usize]))?;
        let limits = Limits {
            timeout: config.timeout,
            find_timeout: config.find_timeout,
            statement_timeout: config.statement_timeout,
        };
        Ok(Self {
            clients,
            gates,
            standstill: Standstill::new(config.containment.open_for),
            limits,
        })
    }

    /// Has these channels paused, and no others: no call to their providers begins.
    pub fn pause(&self, channels: &[Channel]) {
        self.standstill.set(channels);
    }

    /// Whether calls may begin, those too that send nothing. For whoever has something to prepare before one.
    ///
    /// # Errors
    /// [`CallError::Limited`]: the channel is paused.
    pub fn is_going(&self, channel: Channel) -> Result<(), CallError> {
        self.standstill.check(channel)
    }

    /// Whether a request that changes something would be sent now. For whoever has something to prepare before it.
    ///
    /// # Errors
    /// [`CallError::Limited`]: the channel is paused, or the provider does not answer.
    pub fn admits(&self, channel: Channel) -> Result<(), CallError> {
        self.is_going(channel)?;
        self.gate(channel)
            .map_or(Ok(()), |gate| gate.check(Purpose::Change))
    }

    /// Whether the provider may be asked to do something now, as far as this process knows.
    pub fn is_healthy(&self, channel: Channel) -> bool {
        self.is_going(channel).is_ok() && self.gate(channel).is_none_or(Gate::is_healthy)
    }

    /// The circuits that are not closed.
    pub fn shut_circuits(&self) -> Vec<ShutCircuit> {
        self.gates.iter().flat_map(|gate| gate.shut()).collect()
    }

    /// The gate before a provider. Our own ledger has none.
    fn gate(&self, channel: Channel) -> Option<&Gate> {
        self.gates.get(channel as usize).map(Arc::as_ref)
    }

    /// [`PaymentChannel::create_intent`], measured.
    pub async fn create_intent(&self, credentials: &Credentials, new: &NewIntent) -> Called<Intent> {
        reach(Point::ProviderBeforeCreate);
        let called = self.call(credentials, Operation::CreateIntent, |channel| {
            channel.create_intent(credentials, new)
        });
        let called = called.await;
        reach(Point::ProviderCreated);
        called
    }

    /// [`PaymentChannel::retrieve_intent`], measured.
    pub async fn retrieve_intent(&self, credentials: &Credentials, intent: &IntentRef) -> Called<Intent> {
        self.call(credentials, Operation::RetrieveIntent, |channel| {
            channel.retrieve_intent(credentials, intent)
        })
        .await
    }

    /// [`PaymentChannel::find_intent`], measured.
    pub async fn find_intent(&self, credentials: &Credentials, lost: &LostIntent) -> Called<Option<Intent>> {
        reach(Point::ProviderBeforeFind);
        let called = self.call(credentials, Operation::FindIntent, |channel| {
            channel.find_intent(credentials, lost)
        });
        let called = called.await;
        reach(Point::ProviderFound);
        called
    }

    /// [`ConfirmsIntents::confirm_intent`](crate::ConfirmsIntents::confirm_intent), measured. A channel that has no such thing refuses it.
    pub async fn confirm_intent(
        &self,
        credentials: &Credentials,
        confirmation: &Confirmation,
    ) -> Called<Intent> {
        self.call(credentials, Operation::ConfirmIntent, |channel| {
            match channel.confirming() {
                Some(confirming) => confirming.confirm_intent(credentials, confirmation),
                None => unsupported(channel),
            }
        })
        .await
    }

    /// [`CapturesIntents::capture_intent`](crate::CapturesIntents::capture_intent), measured. A channel that has no such thing refuses it.
    pub async fn capture_intent(&self, credentials: &Credentials, capture: &Capture) -> Called<Intent> {
        self.call(credentials, Operation::CaptureIntent, |channel| {
            match channel.capturing() {
                Some(capturing) => capturing.capture_intent(credentials, capture),
                None => unsupported(channel),
            }
        })
        .await
    }

    /// [`PaymentChannel::cancel_intent`], measured.
    pub async fn cancel_intent(
        &self,
        credentials: &Credentials,
        cancellation: &Cancellation,
    ) -> Called<Intent> {
        self.call(credentials, Operation::CancelIntent, |channel| {
            channel.cancel_intent(credentials, cancellation)
        })
        .await
    }

    /// [`PaymentChannel::create_refund`], measured.
    pub async fn create_refund(&self, credentials: &Credentials, new: &NewRefund) -> Called<ChannelRefund> {
        reach(Point::ProviderBeforeRefund);
        let called = self.call(credentials, Operation::CreateRefund, |channel| {
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
        refund: &RefundRef,
    ) -> Called<ChannelRefund> {
        self.call(credentials, Operation::RetrieveRefund, |channel| {
            channel.retrieve_refund(credentials, refund)
        })
        .await
    }

    /// [`GivesStatements::refund_behind`](crate::GivesStatements::refund_behind), measured.
    pub async fn refund_behind(&self, credentials: &Credentials, object_id: &str) -> Called<ChannelRefund> {
        self.call(credentials, Operation::RetrieveRefund, |channel| {
            match channel.stating() {
                Some(stating) => stating.refund_behind(credentials, object_id),
                None => unsupported(channel),
            }
        })
        .await
    }

    /// [`PaymentChannel::find_refund`], measured.
    pub async fn find_refund(
        &self,
        credentials: &Credentials,
        intent: &IntentRef,
        refund_id: RefundId,
    ) -> Called<Option<ChannelRefund>> {
        self.call(credentials, Operation::FindRefund, |channel| {
            channel.find_refund(credentials, intent, refund_id)
        })
        .await
    }

    /// [`GivesStatements::statement`](crate::GivesStatements::statement), measured. It belongs to no payment, so there is no exchange to store.
    ///
    /// # Errors
    /// As for any call; a statement that is too long to be fetched within its bounds is [`CallError::Unknown`].
    pub async fn statement(
        &self,
        credentials: &Credentials,
        period: StatementPeriod,
    ) -> Result<Statement, CallError> {
        let called = self.call(credentials, Operation::Statement, |channel| {
            match channel.stating() {
                Some(stating) => stating.statement(credentials, period),
                None => unsupported(channel),
            }
        });
        called.await.0
    }

    /// [`ConnectsAccounts::create_account`](crate::ConnectsAccounts::create_account), measured.
    pub async fn create_account(
        &self,
        credentials: &Credentials,
        new: &NewAccount,
    ) -> Called<ChannelAccount> {
        reach(Point::ProviderBeforeConnect);
        let called = self.call(credentials, Operation::CreateAccount, |channel| {
            match channel.connecting() {
                Some(connecting) => connecting.create_account(credentials, new),
                None => unsupported(channel),
            }
        });
        let called = called.await;
        reach(Point::ProviderConnected);
        called
    }

    /// [`ConnectsAccounts::retrieve_account`](crate::ConnectsAccounts::retrieve_account), measured.
    pub async fn retrieve_account(
        &self,
        credentials: &Credentials,
        channel_account_id: &str,
    ) -> Called<ChannelAccount> {
        self.call(credentials, Operation::RetrieveAccount, |channel| {
            match channel.connecting() {
                Some(connecting) => connecting.retrieve_account(credentials, channel_account_id),
                None => unsupported(channel),
            }
        })
        .await
    }

    /// [`ConnectsAccounts::find_account`](crate::ConnectsAccounts::find_account), measured.
    pub async fn find_account(
        &self,
        credentials: &Credentials,
        account_id: ConnectedAccountId,
        period: Period,
    ) -> Called<Option<ChannelAccount>> {
        self.call(credentials, Operation::FindAccount, |channel| {
            match channel.connecting() {
                Some(connecting) => connecting.find_account(credentials, account_id, period),
                None => unsupported(channel),
            }
        })
        .await
    }

    /// [`ConnectsAccounts::create_account_link`](crate::ConnectsAccounts::create_account_link), measured. It changes nothing,
    /// so there is no exchange to store.
    ///
    /// # Errors
    /// As for any call.
    pub async fn create_account_link(
        &self,
        credentials: &Credentials,
        new: &NewAccountLink,
    ) -> Result<AccountLink, CallError> {
        let called = self.call(
            credentials,
            Operation::CreateAccountLink,
            |channel| match channel.connecting() {
                Some(connecting) => connecting.create_account_link(credentials, new),
                None => unsupported(channel),
            },
        );
        called.await.0
    }

    /// [`ConnectsAccounts::create_transfer`](crate::ConnectsAccounts::create_transfer), measured.
    pub async fn create_transfer(
        &self,
        credentials: &Credentials,
        new: &NewTransfer,
    ) -> Called<ChannelTransfer> {
        reach(Point::ProviderBeforeConnect);
        let called = self.call(credentials, Operation::CreateTransfer, |channel| {
            match channel.connecting() {
                Some(connecting) => connecting.create_transfer(credentials, new),
                None => unsupported(channel),
            }
        });
        let called = called.await;
        reach(Point::ProviderConnected);
        called
    }

    /// [`ConnectsAccounts::find_transfer`](crate::ConnectsAccounts::find_transfer), measured.
    pub async fn find_transfer(
        &self,
        credentials: &Credentials,
        new: &NewTransfer,
    ) -> Called<Option<ChannelTransfer>> {
        self.call(credentials, Operation::FindTransfer, |channel| {
            match channel.connecting() {
                Some(connecting) => connecting.find_transfer(credentials, new),
                None => unsupported(channel),
            }
        })
        .await
    }

    async fn call<'a, T: Answered>(
        &'a self,
        credentials: &'a Credentials,
        operation: Operation,
        ask: impl FnOnce(&'a dyn PaymentChannel) -> BoxFuture<'a, Result<T, CallError>>,
    ) -> Called<T> {
        let channel = credentials.channel();
        if let Err(paused) = self.is_going(channel) {
            count_rejected(channel, "paused");
            let result = Err(paused);
            let exchange = exchange(operation, &result, Duration::ZERO);
            return (result, exchange);
        }
        let started = Instant::now();
        let limit = self.limits.of(operation);
        let span = calling(channel, operation);
        let unseen = Unseen(Some(&span));
        let asked = timeout(limit, ask(self.clients.of(credentials)))
            .instrument(span.clone())
            .await;
        unseen.end();
        let result = asked.unwrap_or_else(|_| Err(cut_off(limit)));
        let took = started.elapsed();
        let exchange = exchange(operation, &result, took);
        let (channel, outcome) = (channel.name(), exchange.outcome);
        span.record("outcome", outcome);
        if result.is_err() {
            span.record("otel.status_code", "error");
        }
        let labels = [
            ("channel", channel),
            ("operation", operation.name()),
            ("outcome", outcome),
        ];
        metrics::counter!("sluice_channel_calls_total", &labels).increment(1);
        metrics::histogram!("sluice_channel_call_duration_seconds", &labels[..2]).record(took);
        (result, exchange)
    }
}

/// A call whose end nobody has seen yet: dropped like this, its job was cut off.
struct Unseen<'a>(Option<&'a Span>);

impl Unseen<'_> {
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        if let Some(span) = self.0 {
            span.record("outcome", "cut_off");
            span.record("otel.status_code", "error");
        }
    }
}

/// The span of a call, which is for traces alone.
fn calling(channel: Channel, operation: Operation) -> Span {
    tracing::info_span!(
        target: "traces",
        "provider call",
        otel.kind = "client",
        otel.name = format!("{channel} {}", operation.name()),
        otel.status_code = Empty,
        channel = channel.name(),
        operation = operation.name(),
        outcome = Empty,
    )
}

/// Nobody waits for it any more, and some of its requests may have had an effect.
fn cut_off(limit: Duration) -> CallError {
    CallError::Unknown {
        message: format!("the call did not end within {limit:?}"),
    }
}

/// The answer of a channel that cannot do what is asked. Its capabilities say so, so that nobody needs to ask.
fn unsupported<T: Send + 'static>(channel: &dyn PaymentChannel) -> BoxFuture<'static, Result<T, CallError>> {
    let channel = channel.capabilities().channel;
    std::future::ready(Err(CallError::Refused {
        code: "not_supported".into(),
        message: format!("{channel} has no such operation"),
    }))
    .boxed()
}
