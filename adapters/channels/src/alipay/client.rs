//! The calls to Alipay: the only I/O of this channel.

use domain::{
    channel::{CallError, ChannelRefund, Intent, IntentRef, NewIntent, NewRefund, RefundRef},
    id::RefundId,
};
use futures::future::{BoxFuture, FutureExt};

use super::CAPABILITIES;
use crate::{
    capabilities::Capabilities,
    channel::{Cancellation, ChannelsError, LostIntent, PaymentChannel},
    http::HttpConfig,
    registry::Credentials,
};

/// Alipay over HTTP.
#[derive(Debug, Clone)]
pub struct Alipay {
    _http: reqwest::Client,
    _base: String,
}

impl Alipay {
    /// A client for the given address. Connects only when asked something.
    ///
    /// # Errors
    /// The address is not one of a server, or TLS is not set up.
    pub fn new(base: &str, config: &HttpConfig) -> Result<Self, ChannelsError> {
        Ok(Self {
            _http: config.client()?,
            _base: base.to_owned(),
        })
    }
}

fn missing<T: Send + 'static>() -> BoxFuture<'static, Result<T, CallError>> {
    let refused = CallError::Refused {
        code: "not_built".into(),
        message: "Alipay is not built yet".into(),
    };
    std::future::ready(Err(refused)).boxed()
}

impl PaymentChannel for Alipay {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn create_intent<'a>(
        &'a self,
        _: &'a Credentials,
        _: &'a NewIntent,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        missing()
    }

    fn retrieve_intent<'a>(
        &'a self,
        _: &'a Credentials,
        _: &'a IntentRef,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        missing()
    }

    fn find_intent<'a>(
        &'a self,
        _: &'a Credentials,
        _: &'a LostIntent,
    ) -> BoxFuture<'a, Result<Option<Intent>, CallError>> {
        missing()
    }

    fn cancel_intent<'a>(
        &'a self,
        _: &'a Credentials,
        _: &'a Cancellation,
    ) -> BoxFuture<'a, Result<Intent, CallError>> {
        missing()
    }

    fn create_refund<'a>(
        &'a self,
        _: &'a Credentials,
        _: &'a NewRefund,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        missing()
    }

    fn retrieve_refund<'a>(
        &'a self,
        _: &'a Credentials,
        _: &'a RefundRef,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>> {
        missing()
    }

    fn find_refund<'a>(
        &'a self,
        _: &'a Credentials,
        _: &'a IntentRef,
        _: RefundId,
    ) -> BoxFuture<'a, Result<Option<ChannelRefund>, CallError>> {
        missing()
    }
}
