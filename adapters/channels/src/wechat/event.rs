//! What a callback says (<https://pay.weixin.qq.com/doc/v3/merchant/4012791861>,
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012791865>).
//!
//! The signature says that WeChat Pay wrote it, not for whom: a signed callback of another merchant can be sent here by
//! anybody who got one. What is enclosed opens only with the merchant's own key, and names the account besides. Nothing of
//! it is quoted in an error, as it tells who paid.

use domain::callback::CallbackEvent;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    credentials::WechatCredentials, numbers, refund::WireRefund, resource::Resource, trade::WireTrade,
};
use crate::{
    callback::{CallbackProblem, UnreadableCallback},
    redact::redact,
};

#[derive(Deserialize)]
struct Typed {
    event_type: String,
}

#[derive(Deserialize)]
struct Notification {
    resource: Resource,
}

/// The events that Sluice acts upon, by what they enclose.
enum About {
    Trade,
    Refund,
}

impl About {
    fn of(event_type: &str) -> Option<Self> {
        match event_type {
            "TRANSACTION.SUCCESS" => Some(Self::Trade),
            "REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED" => Some(Self::Refund),
            _ => None,
        }
    }
}

/// What a verified callback says. Other kinds of events than those of orders and refunds, and whatever is not numbered as
/// ours, are [`CallbackEvent::Other`].
///
/// # Errors
/// Names what an event of these kinds lacks, or that it is about another account.
pub fn translate_callback(
    credentials: &WechatCredentials,
    body: &[u8],
) -> Result<CallbackEvent, CallbackProblem> {
    let Typed { event_type } = read("unknown", body)?;
    let Some(about) = About::of(&event_type) else {
        return Ok(CallbackEvent::Other);
    };
    let Notification { resource } = read(&event_type, body)?;
    let opened = resource
        .open(credentials.apiv3_keys())
        .map_err(|closed| unreadable(&event_type, &closed.to_string()))?;
    match about {
        About::Trade => trade_event(credentials, &event_type, &opened),
        About::Refund => refund_event(credentials, &event_type, &opened),
    }
}

fn trade_event(
    credentials: &WechatCredentials,
    event_type: &str,
    opened: &[u8],
) -> Result<CallbackEvent, CallbackProblem> {
    let trade: WireTrade = read(event_type, opened)?;
    if let Some(field) = trade.other_account(credentials) {
        return Err(other_account(field));
    }
    if numbers::payment(&trade.out_trade_no).is_none() {
        return Ok(CallbackEvent::Other);
    }
    // An event of success does not make a success of a state that is none.
    let translated = trade.translate(None);
    let intent = translated.map_err(|error| unreadable(event_type, &error.to_string()))?;
    let change = intent.status.clone();
    Ok(CallbackEvent::Intent { intent, change })
}

/// Refunds that somebody made elsewhere are not ours, even when they are of a payment of ours.
fn refund_event(
    credentials: &WechatCredentials,
    event_type: &str,
    opened: &[u8],
) -> Result<CallbackEvent, CallbackProblem> {
    let refund: WireRefund = read(event_type, opened)?;
    if refund.mchid.as_deref() != Some(credentials.mchid()) {
        return Err(other_account("mchid"));
    }
    if numbers::refund(&refund.out_refund_no).is_none() {
        return Ok(CallbackEvent::Other);
    }
    let translated = refund.translate();
    let refund = translated.map_err(|error| unreadable(event_type, &error.to_string()))?;
    Ok(CallbackEvent::Refund(refund))
}

fn other_account(field: &str) -> CallbackProblem {
    CallbackProblem::OtherAccount(format!("its {field} is not the merchant's"))
}

/// Reads JSON. The parser's own words could quote a value, so only the place is passed on.
fn read<T: DeserializeOwned>(event_type: &str, json: &[u8]) -> Result<T, CallbackProblem> {
    let mut json = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let said = error.inner().to_string();
        let missing = said
            .split(" at line")
            .next()
            .filter(|said| said.starts_with("missing field"));
        let problem = match missing {
            Some(missing) => missing.to_owned(),
            None => format!("{} is not of the kind that is asked for", error.path()),
        };
        unreadable(event_type, &problem)
    })
}

fn unreadable(event_type: &str, problem: &str) -> CallbackProblem {
    CallbackProblem::Unreadable(UnreadableCallback {
        event_type: redact(event_type),
        problem: redact(problem),
    })
}

#[cfg(test)]
mod tests;
