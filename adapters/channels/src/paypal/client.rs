//! The calls to PayPal: with what stands under it, the only I/O of this channel.
//!
//! One pooled connection set serves all merchants; a call takes the merchant's token with it.

mod certificates;
mod connection;
mod kept;
mod orders;
mod refunds;
mod tokens;

use std::{sync::Arc, time::Duration};

use domain::{
    channel::{CallError, Channel, ChannelRefund, Intent, IntentRef, NewIntent, NewRefund, RefundRef},
    id::RefundId,
};
use futures::future::{BoxFuture, FutureExt};

pub(crate) use self::certificates::{Certificates, CertificatesConfig};
use self::tokens::Tokens;
use super::{CAPABILITIES, PaypalCredentials, status::Untranslatable};
use crate::{
    capabilities::Capabilities,
    channel::{Cancellation, Capture, CapturesIntents, ChannelsError, LostIntent, PaymentChannel},
    http::{Line, base_address},
    redact::redact,
    registry::{Credentials, other_channel},
};

/// PayPal over HTTP.
#[derive(Debug, Clone)]
pub struct Paypal {
    line: Line,
    api_base: String,
    tokens: Arc<Tokens>,
}

impl Paypal {
    /// A client for the given address, which has an answer, or gives up waiting for one, within `timeout`.
    ///
    /// # Errors
    /// The address is not one of a server.
    pub(crate) fn new(api_base: &str, line: Line, timeout: Duration) -> Result<Self, ChannelsError> {
        Ok(Self {
            line,
            api_base: base_address(api_base)?,
            tokens: Arc::new(Tokens::new(timeout)),
        })
    }
}

/// There is an object, but it says something we have no word for.
fn unreadable(error: &Untranslatable) -> CallError {
    CallError::Unknown {
        message: redact(&error.to_string()),
    }
}

fn own(credentials: &Credentials) -> Result<&PaypalCredentials, CallError> {
    match credentials {
        Credentials::Paypal(paypal) => Ok(paypal),
        other => Err(other_channel(Channel::Paypal, other)),
    }
}

impl PaymentChannel for Paypal {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn create_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewIntent,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move { self.opened(own(credentials)?, new).await }.boxed()
    }

    fn retrieve_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent: &'a IntentRef,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move { self.known(own(credentials)?, intent).await }.boxed()
    }

    /// Always none. PayPal finds no order by what it was opened for. Nor is there a need: an order moves no money before it is
    /// captured, and nobody can capture one whose id nobody learned. Its payer has not seen it either, as the way there was in
    /// the answer that was lost. It ends by itself.
    fn find_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        _: &'a LostIntent,
    ) -> BoxFuture<'a, Result<Option<Intent>, CallError>> {
        std::future::ready(own(credentials).map(|_| None)).boxed()
    }

    /// Nothing is sent but a question: PayPal has no way to close an order. Whoever cancels must not capture it afterwards.
    fn cancel_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        cancellation: &'a Cancellation,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move {
            let intent = self.given_up(own(credentials)?, &cancellation.intent).await?;
            let payment_id = intent.payment_id.or(Some(cancellation.payment_id));
            Ok(Intent { payment_id, ..intent })
        }
        .boxed()
    }

    fn create_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewRefund,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        async move { self.refunded(own(credentials)?, new).await }.boxed()
    }

    fn retrieve_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        refund: &'a RefundRef,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        async move {
            self.shown_refund(own(credentials)?, &refund.id, &refund.intent.id)
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
        async move { self.found_refund(own(credentials)?, &intent.id, refund_id).await }.boxed()
    }

    fn capturing(&self) -> Option<&dyn CapturesIntents> {
        Some(self)
    }
}

impl CapturesIntents for Paypal {
    fn capture_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        capture: &'a Capture,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        async move { self.captured(own(credentials)?, capture).await }.boxed()
    }
}
