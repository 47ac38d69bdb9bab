//! Alipay, by trades of its open platform (openapi v2, RSA2).
//!
//! A trade goes by the merchant's number, which is made of the payment's id and is the intent's id as well: for three of
//! the four flows no call is made at all, and the trade comes to exist when the payer opens the signed address. A refund
//! goes by a number made of the refund's id. Alipay knows both for ever, so a repeat needs no memory of ours.
//!
//! Nothing is taken for Alipay's word that Alipay did not sign. What moves money is done by refund alone:
//! `alipay.trade.cancel` is never called, because it gives the money of a trade that was just paid back under no number,
//! past the books. A trade that was paid never reads as one that was not: `trade.rs` and `event.rs` say how that is told.

mod answer;
mod client;
mod credentials;
mod event;
#[cfg(test)]
mod examples;
mod form;
mod keys;
mod notify;
mod refund;
mod request;
mod trade;
mod words;

use std::time::Duration;

use domain::{
    channel::{Channel, Flow, Method},
    currency::Currency,
};

use crate::capabilities::{
    CallbackAnswer, CallbackRefusal, CallbackRules, Capabilities, CurrencyRule, FlowRule, Offer, RefundRules,
};

pub use client::Alipay;
pub(crate) use credentials::Fields as CredentialFields;
pub use credentials::{AlipayCredentials, CallbackKeys};
pub use event::translate_callback;
pub use notify::{check_headers, verify_callback};

/// A number of the merchant's is used once and for ever; this is as long as anybody keeps a payment.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The code for a trade that does not exist (<https://opendocs.alipay.com/open/028woa>).
const NO_SUCH_TRADE: &str = "ACQ.TRADE_NOT_EXIST";

/// What Alipay takes and promises.
pub const CAPABILITIES: Capabilities = Capabilities {
    channel: Channel::Alipay,
    offers: &[Offer {
        method: Method::Alipay,
        flows: FLOWS,
        currencies: None,
    }],
    opened_here: &[Flow::Web, Flow::MobileWeb, Flow::App],
    // From 0.01 to 100,000,000 yuan (<https://opendocs.alipay.com/open/028r8t>, `total_amount`); the merchant's contract and
    // the payer's bank may allow less.
    currencies: &[CurrencyRule {
        currency: Currency::CNY,
        minimum_minor: 1,
        maximum_minor: 10_000_000_000,
        step_minor: 1,
    }],
    idempotency_retention: FOR_EVER,
    refunds: RefundRules {
        idempotency_retention: FOR_EVER,
        // <https://opendocs.alipay.com/open/028sm9>: at least 3 s between two refunds of one trade.
        spacing: Duration::from_secs(3),
        most: None,
        // What the merchant signed decides; the usual contract allows 12 months. One day less, as Alipay counts in its own
        // time zone.
        window: Some(Duration::from_secs(364 * 24 * 60 * 60)),
    },
    callbacks: CallbackRules {
        // Anything but exactly this is taken for a failure and sent again (<https://opendocs.alipay.com/open/203/105286>).
        taken: CallbackAnswer {
            status: 200,
            content_type: "text/plain",
            body: "success",
        },
        refusal: CallbackRefusal::Word("failure"),
        needs_credentials: true,
    },
    confirms: false,
    captures: false,
    states: false,
    connected_accounts: false,
    no_such_object: NO_SUCH_TRADE,
};

/// The ways to pay: a page, a page for phones, the wallet's app opened by the merchant's, and a code.
const FLOWS: &[FlowRule] = &[
    needing_nothing(Flow::Web),
    needing_nothing(Flow::MobileWeb),
    needing_nothing(Flow::App),
    needing_nothing(Flow::QrCode),
];

const fn needing_nothing(flow: Flow) -> FlowRule {
    FlowRule { flow, needs: &[] }
}
