//! The calls to Stripe: the only I/O of this channel.
//!
//! One pooled connection set serves all merchants; a call takes the merchant's key with it.

mod accounts;
mod connection;
mod intents;
mod pages;
mod refunds;
mod statement;

use domain::{
    channel::{
        AccountLink, CallError, Channel, ChannelAccount, ChannelRefund, ChannelTransfer, Intent, IntentRef,
        NewAccount, NewAccountLink, NewIntent, NewRefund, NewTransfer, RefundRef, Statement,
    },
    id::{ConnectedAccountId, RefundId},
};
use futures::future::{BoxFuture, FutureExt};

use self::{connection::Connection, pages::Bounds};
use super::{CAPABILITIES, request, wire::Untranslatable};
use crate::{
    capabilities::Capabilities,
    channel::{
        Cancellation, ChannelsError, Confirmation, ConfirmsIntents, ConnectsAccounts, GivesStatements,
        LostIntent, PaymentChannel, Period, StatementPeriod,
    },
    http::{Line, server_address},
    redact::redact,
    registry::{Credentials, other_channel},
};

/// How Stripe is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeConfig {
    /// The address of the API, without a path.
    pub api_base: String,
    /// How many pages of a hundred are looked through for a lost intent or refund.
    pub find_page_limit: u32,
    /// How many pages of a hundred lines a statement may have.
    pub statement_page_limit: u32,
}

impl Default for StripeConfig {
    fn default() -> Self {
        Self {
            api_base: "https://api.stripe.com".into(),
            find_page_limit: 20,
            statement_page_limit: 500,
        }
    }
}

/// Stripe over HTTP.
#[derive(Debug, Clone)]
pub struct Stripe {
    line: Line,
    api_base: String,
    config: StripeConfig,
}

impl Stripe {
    /// A client for the given address.
    ///
    /// # Errors
    /// The address is not one of a server.
    pub(crate) fn new(config: StripeConfig, line: Line) -> Result<Self, ChannelsError> {
        Ok(Self {
            line,
            api_base: server_address(&config.api_base)?,
            config,
        })
    }

    /// The connection for a merchant, and for the account that is paid through the merchant's own.
    fn connection<'a>(
        &'a self,
        credentials: &'a Credentials,
        connected_account: Option<&'a str>,
    ) -> Result<Connection<'a>, CallError> {
        match credentials {
            Credentials::Stripe(stripe) => Ok(Connection::new(self, stripe, connected_account)),
            other => Err(other_channel(Channel::Stripe, other)),
        }
    }

    /// How far a lost object is looked for.
    const fn find_bounds(&self, of: &'static str) -> Bounds {
        Bounds {
            of,
            page_limit: self.config.find_page_limit,
        }
    }

    /// How long a statement may be.
    const fn statement_bounds(&self) -> Bounds {
        Bounds {
            of: "lines of the statement",
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
            let account = new.connected_account.as_deref();
            self.connection(credentials, account)?.intent(request).await
        }
        .boxed()
    }

    fn retrieve_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent: &'a IntentRef,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            self.connection(credentials, intent.connected_account.as_deref())?
                .retrieved_intent(&intent.id)
                .await
        }
        .boxed()
    }

    fn find_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        lost: &'a LostIntent,
    ) -> BoxFuture<'a, Result<Option<Intent>, CallError>> {
        async move {
            self.connection(credentials, lost.connected_account.as_deref())?
                .found_intent(lost.payment_id, lost.period)
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
            let intent = &cancellation.intent;
            self.connection(credentials, intent.connected_account.as_deref())?
                .changed_intent(&intent.id, request)
                .await
        }
        .boxed()
    }

    fn create_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewRefund,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        async move {
            self.connection(credentials, new.intent.connected_account.as_deref())?
                .created_refund(new)
                .await
        }
        .boxed()
    }

    fn retrieve_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        refund: &'a RefundRef,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        async move {
            self.connection(credentials, refund.intent.connected_account.as_deref())?
                .retrieved_refund(&refund.id)
                .await
        }
        .boxed()
    }

    fn find_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent: &'a IntentRef,
        refund_id: RefundId,
    ) -> BoxFuture<'a, Result<Option<ChannelRefund>, CallError>> {
        async move {
            self.connection(credentials, intent.connected_account.as_deref())?
                .found_refund(&intent.id, refund_id)
                .await
        }
        .boxed()
    }

    fn confirming(&self) -> Option<&dyn ConfirmsIntents> {
        Some(self)
    }

    fn connecting(&self) -> Option<&dyn ConnectsAccounts> {
        Some(self)
    }

    fn stating(&self) -> Option<&dyn GivesStatements> {
        Some(self)
    }
}

impl ConfirmsIntents for Stripe {
    fn confirm_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        confirmation: &'a Confirmation,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            let request = request::intents::confirm(confirmation)?;
            let intent = &confirmation.intent;
            self.connection(credentials, intent.connected_account.as_deref())?
                .changed_intent(&intent.id, request)
                .await
        }
        .boxed()
    }
}

impl ConnectsAccounts for Stripe {
    fn create_account<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewAccount,
    ) -> BoxFuture<'a, Result<ChannelAccount, CallError>> {
        async move {
            let connection = self.connection(credentials, None)?;
            connection.account(request::accounts::create(new)?).await
        }
        .boxed()
    }

    fn retrieve_account<'a>(
        &'a self,
        credentials: &'a Credentials,
        channel_account_id: &'a str,
    ) -> BoxFuture<'a, Result<ChannelAccount, CallError>> {
        async move {
            let request = request::accounts::retrieve(channel_account_id)?;
            self.connection(credentials, None)?.account(request).await
        }
        .boxed()
    }

    fn find_account<'a>(
        &'a self,
        credentials: &'a Credentials,
        account_id: ConnectedAccountId,
        period: Period,
    ) -> BoxFuture<'a, Result<Option<ChannelAccount>, CallError>> {
        async move {
            self.connection(credentials, None)?
                .found_account(account_id, period)
                .await
        }
        .boxed()
    }

    fn create_account_link<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewAccountLink,
    ) -> BoxFuture<'a, Result<AccountLink, CallError>> {
        async move { self.connection(credentials, None)?.account_link(new).await }.boxed()
    }

    fn create_transfer<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewTransfer,
    ) -> BoxFuture<'a, Result<ChannelTransfer, CallError>> {
        async move { self.connection(credentials, None)?.created_transfer(new).await }.boxed()
    }

    fn find_transfer<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewTransfer,
    ) -> BoxFuture<'a, Result<Option<ChannelTransfer>, CallError>> {
        async move {
            self.connection(credentials, None)?
                .found_transfer(new.withdrawal_id)
                .await
        }
        .boxed()
    }
}

impl GivesStatements for Stripe {
    fn statement<'a>(
        &'a self,
        credentials: &'a Credentials,
        period: StatementPeriod,
    ) -> BoxFuture<'a, Result<Statement, CallError>> {
        async move { self.connection(credentials, None)?.statement(period).await }.boxed()
    }

    fn refund_behind<'a>(
        &'a self,
        credentials: &'a Credentials,
        object_id: &'a str,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        async move {
            self.connection(credentials, None)?
                .retrieved_refund(object_id)
                .await
        }
        .boxed()
    }
}
