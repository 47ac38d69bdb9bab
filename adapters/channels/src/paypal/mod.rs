//! PayPal, by orders (API v2).
//!
//! An order is opened, the payer agrees to it on PayPal's page, and then it is captured: only that moves money, and only we ask
//! for it. The order carries the payment's id as its `custom_id` from the moment it exists, and PayPal copies it to the
//! capture; a refund carries the refund's. That is how callbacks and lost answers find their payment.
//!
//! Verifying an event needs PayPal's certificate, which is fetched from where the event says: the one place in this crate
//! where a callback leads to a call. `signature.rs` says which addresses may be asked, `certificate.rs` what is trusted.

mod amount;
mod certificate;
mod client;
mod crc32;
mod credentials;
mod decline;
mod error;
mod event;
mod request;
mod signature;
mod status;
mod wire;

use std::time::Duration;

use domain::channel::{Channel, Flow, Method};

use crate::capabilities::{
    CallbackAnswer, CallbackRefusal, CallbackRules, Capabilities, FlowRule, Need, Offer, RefundRules,
};

pub use client::Paypal;
pub(crate) use client::{Certificates, CertificatesConfig};
pub(crate) use credentials::Fields as CredentialFields;
pub use credentials::{CallbackKeys, PaypalCredentials};
pub use event::translate_callback;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What PayPal takes and promises.
///
/// Keys are kept for six hours for orders and for forty-five days for captures and refunds
/// (<https://developer.paypal.com/api/rest/reference/idempotency/>). A payment can be refunded for 180 days
/// (<https://developer.paypal.com/docs/api/payments/v2/#captures_refund>).
pub const CAPABILITIES: Capabilities = Capabilities {
    channel: Channel::Paypal,
    offers: OFFERS,
    opened_here: &[],
    currencies: amount::RULES,
    idempotency_retention: Duration::from_secs(6 * HOUR.as_secs()),
    refunds: RefundRules {
        idempotency_retention: Duration::from_secs(45 * DAY.as_secs()),
        spacing: Duration::ZERO,
        most: None,
        window: Some(Duration::from_secs(180 * DAY.as_secs())),
    },
    callbacks: CallbackRules {
        taken: CallbackAnswer {
            status: 200,
            content_type: "application/json",
            body: r#"{"received":true}"#,
        },
        refusal: CallbackRefusal::Problem,
        // They tell for which account an event has to be.
        needs_credentials: true,
    },
    confirms: false,
    captures: true,
    states: false,
    connected_accounts: false,
    no_such_object: error::NO_SUCH_OBJECT,
};

/// PayPal's page fits both kinds of browsers.
const OFFERS: &[Offer] = &[Offer {
    method: Method::Paypal,
    flows: &[
        FlowRule {
            flow: Flow::Web,
            needs: &[Need::ReturnUrl],
        },
        FlowRule {
            flow: Flow::MobileWeb,
            needs: &[Need::ReturnUrl],
        },
    ],
    currencies: None,
}];
