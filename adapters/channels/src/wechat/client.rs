//! The calls to WeChat Pay: the only I/O of this channel.
//!
//! One pooled connection set serves all merchants; a call takes the merchant's credentials with it. Nothing is repeated here:
//! whether to repeat is the job's decision, and WeChat Pay knows a repeat by its number.

mod connection;
mod intents;
mod refunds;

use domain::{
    channel::{CallError, Channel, ChannelRefund, Intent, IntentRef, NewIntent, NewRefund, RefundRef},
    id::RefundId,
};
use futures::future::{BoxFuture, FutureExt};

use self::connection::Connection;
use super::{CAPABILITIES, numbers, request::own_account};
use crate::{
    capabilities::Capabilities,
    channel::{Cancellation, ChannelsError, LostIntent, PaymentChannel},
    http::{Line, base_address},
    registry::{Credentials, other_channel},
};

/// WeChat Pay over HTTP.
#[derive(Debug, Clone)]
pub struct Wechat {
    line: Line,
    base: String,
}

impl Wechat {
    /// A client for the given address.
    ///
    /// # Errors
    /// The address is not one of a server.
    pub(crate) fn new(base: &str, line: Line) -> Result<Self, ChannelsError> {
        Ok(Self {
            line,
            base: base_address(base)?,
        })
    }

    /// The connection for a merchant, who has no other account than its own here.
    fn connection<'a>(
        &'a self,
        credentials: &'a Credentials,
        connected_account: Option<&str>,
    ) -> Result<Connection<'a>, CallError> {
        own_account(connected_account)?;
        match credentials {
            Credentials::Wechat(wechat) => Ok(Connection::new(self, wechat)),
            other => Err(other_channel(Channel::Wechat, other)),
        }
    }
}

impl PaymentChannel for Wechat {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn create_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewIntent,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            let account = new.connected_account.as_deref();
            self.connection(credentials, account)?.created_intent(new).await
        }
        .boxed()
    }

    fn retrieve_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent: &'a IntentRef,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            let account = intent.connected_account.as_deref();
            self.connection(credentials, account)?
                .retrieved_intent(&intent.id, intent.money)
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
            let account = lost.connected_account.as_deref();
            self.connection(credentials, account)?
                .found_intent(&numbers::of_payment(lost.payment_id), lost.money)
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
            let intent = &cancellation.intent;
            self.connection(credentials, intent.connected_account.as_deref())?
                .closed_intent(intent)
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
            let intent = &refund.intent;
            self.connection(credentials, intent.connected_account.as_deref())?
                .retrieved_refund(&intent.id, refund.refund_id)
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
}
