//! The calls to Alipay: the only I/O of this channel.
//!
//! One pooled connection set serves all merchants; a call takes the merchant's keys with it.

mod gateway;
mod intents;
mod refunds;

use std::{fmt, sync::Arc};

use domain::{
    channel::{CallError, Channel, ChannelRefund, Intent, IntentRef, NewIntent, NewRefund, RefundRef},
    clock::{Clock, SystemClock},
    id::RefundId,
};
use futures::future::{BoxFuture, FutureExt};

use self::gateway::Gateway;
use super::{
    CAPABILITIES,
    trade::Untranslatable,
    words::{out_request_no, out_trade_no, payment_of},
};
use crate::{
    capabilities::Capabilities,
    channel::{Cancellation, ChannelsError, LostIntent, PaymentChannel},
    http::{Line, base_address},
    redact::redact,
    registry::{Credentials, other_channel},
};

/// Alipay over HTTP.
#[derive(Clone)]
pub struct Alipay {
    line: Line,
    gateway: String,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Alipay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alipay")
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

impl Alipay {
    /// A client for the gateway at the given address.
    ///
    /// # Errors
    /// The address is not one of a server.
    pub(crate) fn new(gateway: &str, line: Line) -> Result<Self, ChannelsError> {
        Ok(Self {
            line,
            gateway: base_address(gateway)?,
            clock: Arc::new(SystemClock),
        })
    }

    /// The gateway for a merchant. No account is paid through another's here.
    fn gateway<'a>(
        &'a self,
        credentials: &'a Credentials,
        connected_account: Option<&str>,
    ) -> Result<Gateway<'a>, CallError> {
        match credentials {
            Credentials::Alipay(_) if connected_account.is_some() => Err(CallError::Refused {
                code: "unsupported".into(),
                message: "Alipay has no such connected_account".into(),
            }),
            Credentials::Alipay(alipay) => Ok(Gateway::new(self, alipay)),
            other => Err(other_channel(Channel::Alipay, other)),
        }
    }
}

/// The number of an intent's trade, which is the intent's id.
fn checked(intent: &IntentRef) -> Result<&str, CallError> {
    if payment_of(&intent.id).is_some() {
        return Ok(&intent.id);
    }
    Err(CallError::Refused {
        code: "not_our_number".into(),
        message: "the intent's id is not a number of a trade of ours".into(),
    })
}

/// There is an answer, but it says something we have no word for.
fn unreadable(error: &Untranslatable) -> CallError {
    CallError::Unknown {
        message: redact(&format!("the answer cannot be understood: {error}")),
    }
}

impl PaymentChannel for Alipay {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn create_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewIntent,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            self.gateway(credentials, new.connected_account.as_deref())?
                .created_intent(new)
                .await
        }
        .boxed()
    }

    fn retrieve_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent: &'a IntentRef,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            self.gateway(credentials, intent.connected_account.as_deref())?
                .retrieved_intent(checked(intent)?, intent.money)
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
            self.gateway(credentials, lost.connected_account.as_deref())?
                .found_intent(&out_trade_no(lost.payment_id))
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
            self.gateway(credentials, intent.connected_account.as_deref())?
                .closed_intent(checked(intent)?, intent.money)
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
            checked(&new.intent)?;
            self.gateway(credentials, new.intent.connected_account.as_deref())?
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
            let number = out_request_no(refund.refund_id);
            self.gateway(credentials, refund.intent.connected_account.as_deref())?
                .retrieved_refund(checked(&refund.intent)?, &number)
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
            self.gateway(credentials, intent.connected_account.as_deref())?
                .found_refund(checked(intent)?, &out_request_no(refund_id))
                .await
        }
        .boxed()
    }
}
