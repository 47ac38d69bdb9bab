//! Stripe, by payment intents.
//!
//! Requests are typed by the async-stripe family; answers and events are read into our own few fields
//! (`wire.rs`), so that nothing Stripe adds or drops elsewhere in its large objects can make an answer
//! unreadable. An intent carries the payment's id in its metadata from the moment it exists, and so does a refund
//! the refund's and an account of a user the account's: that is how callbacks and lost answers find what they are about. Stripe copies an intent's metadata to its
//! charges, which is how lines of a statement find it. Disputes carry no mark; they name their intent.

mod account;
mod amount;
mod client;
mod credentials;
mod decline;
mod dispute;
mod error;
mod event;
mod refund;
mod request;
mod signature;
mod statement;
mod status;
mod wire;

use std::time::Duration;

use domain::{
    channel::{Channel, Flow, Method},
    currency::Currency,
};

use crate::capabilities::{
    CallbackAnswer, CallbackRefusal, CallbackRules, Capabilities, FlowRule, Need, Offer, RefundRules,
};

pub use client::{Stripe, StripeConfig};
pub(crate) use credentials::Fields as CredentialFields;
pub use credentials::StripeCredentials;
pub use event::translate_callback;
pub use signature::{SIGNATURE_HEADER, check_headers, verify_callback};

/// The metadata key under which an intent and its charges carry the id of their payment.
pub const PAYMENT_ID_KEY: &str = "sluice_payment_id";

/// Idempotency keys may be pruned once they are 24 hours old (<https://docs.stripe.com/api/idempotent_requests>).
const IDEMPOTENCY_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What Stripe takes and promises.
pub const CAPABILITIES: Capabilities = Capabilities {
    channel: Channel::Stripe,
    offers: OFFERS,
    opened_here: &[],
    currencies: amount::RULES,
    idempotency_retention: IDEMPOTENCY_RETENTION,
    refunds: RefundRules {
        idempotency_retention: IDEMPOTENCY_RETENTION,
        spacing: Duration::ZERO,
        most: None,
        window: None,
    },
    callbacks: CallbackRules {
        taken: CallbackAnswer {
            status: 200,
            content_type: "application/json",
            body: r#"{"received":true}"#,
        },
        refusal: CallbackRefusal::Problem,
        needs_credentials: false,
    },
    confirms: true,
    captures: false,
    states: true,
    connected_accounts: true,
    no_such_object: "resource_missing",
};

/// What payers can pay with. Stripe shows cards on the merchant's page, Alipay as a page of its own, and WeChat Pay as a
/// code (<https://docs.stripe.com/payments/alipay>, <https://docs.stripe.com/payments/wechat-pay>).
const OFFERS: &[Offer] = &[
    Offer {
        method: Method::Card,
        flows: &[FlowRule {
            flow: Flow::Embedded,
            needs: &[],
        }],
        currencies: None,
    },
    Offer {
        method: Method::Alipay,
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
        currencies: Some(&[
            Currency::AUD,
            Currency::CAD,
            Currency::CNY,
            Currency::EUR,
            Currency::GBP,
            Currency::HKD,
            Currency::JPY,
            Currency::MYR,
            Currency::NZD,
            Currency::SGD,
            Currency::USD,
        ]),
    },
    Offer {
        method: Method::WechatPay,
        flows: &[FlowRule {
            flow: Flow::QrCode,
            needs: &[],
        }],
        currencies: Some(&[
            Currency::AUD,
            Currency::CAD,
            Currency::CHF,
            Currency::CNY,
            Currency::DKK,
            Currency::EUR,
            Currency::GBP,
            Currency::HKD,
            Currency::JPY,
            Currency::NOK,
            Currency::SEK,
            Currency::SGD,
            Currency::USD,
        ]),
    },
];
