//! What an answer means that does not say success
//! (<https://pay.weixin.qq.com/wiki/doc/apiv3/wechatpay/wechatpay3_3.shtml>).
//!
//! WeChat Pay signs its answers, errors too, to requests whose own signature it could verify; an answer of success without a
//! signature is to be taken for forged. An error may therefore come unsigned, as for a merchant that it does not know, and a
//! page of a proxy never is signed. What that is worth depends on what hangs on it, so this file says whether a refusal was
//! signed, and the calls decide. Opening an order again, asking and closing do no harm when they are misled: the payer gets
//! nothing to pay with, and a repeat is recognised by its number. A refund that is called refused is over, and its amount is
//! free for another: there, only a signed word counts.
//!
//! Above 499 nobody knows: `SYSTEM_ERROR` wants the same request again under the same number.

use std::time::Duration;

use bytes::Bytes;
use domain::channel::CallError;
use serde::Deserialize;

use crate::{callback::SignatureRefused, redact::redact};

/// The code of an order that WeChat Pay does not have, and here also of a refund.
pub(super) const NO_SUCH_OBJECT: &str = "ORDER_NOT_EXIST";
/// Its own code of a refund that it does not have
/// (<https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_4_10.shtml>).
const NO_SUCH_REFUND: &str = "RESOURCE_NOT_EXISTS";
/// How long to wait where WeChat Pay does not say: its limits are by the minute.
const REST: Duration = Duration::from_secs(60);
/// Words at least this long are values rather than words: openids, keys, serial numbers.
const VALUE_LENGTH: usize = 16;

/// An answer. No `Debug`: the body may be what somebody can pay with.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) request_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// Whether WeChat Pay signed it.
    pub(super) signed: Result<(), SignatureRefused>,
}

#[derive(Deserialize)]
struct WireError {
    code: String,
    message: Option<String>,
}

impl Answer {
    /// Whether it says success, whoever says so.
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200 | 204)
    }

    /// What it means when it does not say success, or says it unsigned: that proves nothing.
    pub(super) fn judge(&self) -> CallError {
        let unknown = |what: &str| CallError::Unknown {
            message: self.describe(what),
        };
        if self.is_success() {
            return match self.signed {
                Ok(()) => unknown("the answer cannot be read"),
                Err(refused) => unknown(&format!("the answer is not signed by WeChat Pay: {refused}")),
            };
        }
        // Whoever limits the rate, WeChat Pay or a proxy before it, has not let the request through.
        let error = serde_json::from_slice::<WireError>(&self.body).ok();
        let code = error.as_ref().map(|error| error.code.as_str());
        if self.status == 429 || code == Some("FREQUENCY_LIMITED") {
            return CallError::Limited {
                message: self.describe("too many requests"),
                retry_after: self.retry_after.unwrap_or(REST),
                is_own: false,
            };
        }
        let Some(error) = error else {
            return unknown("this is no answer of WeChat Pay's API");
        };
        let said = error.message.as_deref().unwrap_or("WeChat Pay gave no reason");
        match (self.status, error.code.as_str()) {
            (404, NO_SUCH_OBJECT | NO_SUCH_REFUND) => CallError::Refused {
                code: NO_SUCH_OBJECT.into(),
                message: self.describe(&without_values(said)),
            },
            (400..=499, code) if !is_passing(code) => CallError::Refused {
                code: redact(code).chars().take(64).collect(),
                message: self.describe(&without_values(said)),
            },
            (_, code) => unknown(&format!("{}: {}", without_values(code), without_values(said))),
        }
    }

    /// What happened, with what it takes to ask WeChat Pay's support about it.
    pub(super) fn describe(&self, what: &str) -> String {
        let unsigned = if self.signed.is_ok() { "" } else { ", unsigned" };
        let request = self
            .request_id
            .as_deref()
            .map(|id| format!(", request {id}"))
            .unwrap_or_default();
        redact(&format!("{what} (HTTP {}{unsigned}{request})", self.status))
    }
}

/// Codes that come with a status of refusal and decide nothing: the same request is to be made again.
fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "SYSTEM_ERROR" | "SYSTEMERROR" | "BIZERR_NEED_RETRY" | "BANK_ERROR"
    )
}

/// The text without what may be a value that was sent: WeChat Pay quotes openids and addresses.
fn without_values(text: &str) -> String {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "_-.:".contains(character);
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (between, from_word) = rest.split_at(start);
        let end = from_word
            .find(|character| !is_part(character))
            .unwrap_or(from_word.len());
        let (word, after) = from_word.split_at(end);
        let is_value = word.len() >= VALUE_LENGTH || word.parse::<std::net::IpAddr>().is_ok();
        cleaned.push_str(between);
        cleaned.push_str(if is_value { "[value]" } else { word });
        rest = after;
    }
    cleaned.push_str(rest);
    cleaned
}

#[cfg(test)]
mod tests;
