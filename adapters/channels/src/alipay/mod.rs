//! Alipay.

mod client;
mod credentials;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    callback::{CallbackEvent, CallbackHead},
    channel::Channel,
};
use http::HeaderMap;

use crate::{
    callback::{CallbackProblem, SignatureRefused},
    capabilities::{CallbackAnswer, CallbackRefusal, CallbackRules, Capabilities, RefundRules},
};

pub use client::Alipay;
pub(crate) use credentials::Fields as CredentialFields;
pub use credentials::{AlipayCredentials, CallbackKeys};

/// What Alipay takes and promises.
pub const CAPABILITIES: Capabilities = Capabilities {
    channel: Channel::Alipay,
    offers: &[],
    currencies: &[],
    idempotency_retention: Duration::ZERO,
    refunds: RefundRules {
        idempotency_retention: Duration::ZERO,
        spacing: Duration::ZERO,
        most: None,
        window: None,
    },
    callbacks: CallbackRules {
        taken: CallbackAnswer {
            status: 200,
            content_type: "text/plain",
            body: "success",
        },
        refusal: CallbackRefusal::Problem,
        needs_credentials: true,
    },
    confirms: false,
    captures: false,
    states: false,
    connected_accounts: false,
    no_such_object: "",
};

/// Checks what a callback's headers tell before its body is there.
///
/// # Errors
/// Says what is wrong with the signature.
pub fn check_headers(_: &HeaderMap, _: DateTime<Utc>) -> Result<(), SignatureRefused> {
    Err(SignatureRefused::NoSecret)
}

/// Checks that Alipay signed these bytes.
///
/// # Errors
/// Says what is wrong with the signature.
pub fn verify_callback(
    _: &HeaderMap,
    _: &[u8],
    _: &CallbackKeys,
    _: DateTime<Utc>,
) -> Result<CallbackHead, SignatureRefused> {
    Err(SignatureRefused::NoSecret)
}

/// What a verified callback says.
///
/// # Errors
/// Names what it lacks.
pub fn translate_callback(_: &AlipayCredentials, _: &[u8]) -> Result<CallbackEvent, CallbackProblem> {
    Ok(CallbackEvent::Other)
}
