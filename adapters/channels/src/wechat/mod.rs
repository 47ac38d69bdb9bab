//! WeChat Pay, by its API v3 for merchants (<https://wechatpay-api.gitbook.io/wechatpay-api-v3>).
//!
//! An order carries our payment's id as its number, and a refund the refund's, so that everything can be asked for and every
//! callback finds its payment without a lookup; see `numbers.rs`. Requests are signed with the merchant's key and answers and
//! callbacks with WeChat Pay's: `signature.rs` judges both. Whether an answer that is no success says anything is in
//! `error.rs` and, for refunds, where only signed words count, in `client/refunds.rs`.

mod client;
mod credentials;
mod der;
mod error;
mod event;
mod keys;
mod numbers;
mod prepaid;
mod refund;
mod request;
mod resource;
mod signature;
mod trade;

use std::time::Duration;

use domain::{
    channel::{Channel, Flow, Method},
    currency::Currency,
};

use crate::capabilities::{
    CallbackAnswer, CallbackRefusal, CallbackRules, Capabilities, CurrencyRule, FlowRule, Need, Offer,
    RefundRules,
};

pub use client::Wechat;
pub(crate) use credentials::Fields as CredentialFields;
pub use credentials::{CallbackKeys, WechatCredentials};
pub use event::translate_callback;
pub use signature::{check_headers, verify_callback};

/// A year. Numbers are recognised for as long as the account exists, which no setting can say; and payments can be refunded
/// within a year.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What WeChat Pay takes and promises.
pub const CAPABILITIES: Capabilities = Capabilities {
    channel: Channel::Wechat,
    offers: OFFERS,
    opened_here: &[],
    // One fen is the least. There is no most but that of the payer's bank; WeChat Pay's own library for Java keeps an amount
    // in 32 bits.
    currencies: &[CurrencyRule {
        currency: Currency::CNY,
        minimum_minor: 1,
        maximum_minor: 2_147_483_647,
        step_minor: 1,
    }],
    idempotency_retention: YEAR,
    // <https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_1_9.shtml>
    refunds: RefundRules {
        idempotency_retention: YEAR,
        spacing: Duration::from_secs(60),
        most: Some(50),
        window: Some(YEAR),
    },
    // <https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_4_5.shtml>: a 200 needs no body, and one with FAIL in it
    // would count as success all the same.
    callbacks: CallbackRules {
        taken: CallbackAnswer {
            status: 200,
            content_type: "application/json",
            body: r#"{"code":"SUCCESS"}"#,
        },
        refusal: CallbackRefusal::CodeAndMessage,
        needs_credentials: true,
    },
    confirms: false,
    captures: false,
    states: false,
    connected_accounts: false,
    no_such_object: error::NO_SUCH_OBJECT,
};

/// The ways to pay, the first by a code that is scanned.
const OFFERS: &[Offer] = &[Offer {
    method: Method::WechatPay,
    flows: &[
        FlowRule {
            flow: Flow::QrCode,
            needs: &[],
        },
        FlowRule {
            flow: Flow::InApp,
            needs: &[Need::PayerOpenid],
        },
        FlowRule {
            flow: Flow::MobileWeb,
            needs: &[Need::PayerIp],
        },
        FlowRule {
            flow: Flow::App,
            needs: &[],
        },
    ],
    currencies: None,
}];

#[cfg(test)]
mod tests;
