//! The requests to PayPal, as values (<https://developer.paypal.com/docs/api/orders/v2/>).
//!
//! A request that changes something carries its idempotency key as `PayPal-Request-Id`
//! (<https://developer.paypal.com/api/rest/reference/idempotency/>) and depends on nothing but what it is made of, so that a
//! repeat is the same to the last letter.

use std::fmt::Display;

use domain::channel::{CallError, NewIntent, NewRefund};
use reqwest::Method;
use serde_json::{Value, json};

use super::amount;
use crate::{channel::Capture, containment::Purpose};

/// The longest description of an order, in characters.
const MOST_IN_DESCRIPTION: usize = 127;
/// The longest id of an object of PayPal's.
const MOST_IN_ID: usize = 64;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    /// The idempotency key and the body of a request that changes something.
    pub(super) change: Option<Change>,
}

/// What a request is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) key: String,
    pub(super) body: Value,
}

/// Opens an order that is captured when we ask for it, and names the payer's page.
///
/// A payment method is of no use here: the payer chooses one on PayPal's page.
pub(super) fn create_order(new: &NewIntent) -> Result<Request, CallError> {
    if new.connected_account.is_some() {
        return Err(refused(
            "connected_account_not_supported",
            &"PayPal is paid through the merchant's own account only",
        ));
    }
    let Some(return_url) = &new.return_url else {
        return Err(refused(
            "return_url_missing",
            &"PayPal has to know where the payer comes back to",
        ));
    };
    let amount = amount::to_wire(new.money).map_err(|error| refused("amount_not_taken", &error))?;
    let mut unit = json!({ "custom_id": new.payment_id.to_string(), "amount": amount });
    if let Some(description) = &new.description {
        unit["description"] = description
            .chars()
            .take(MOST_IN_DESCRIPTION)
            .collect::<String>()
            .into();
    }
    let experience = json!({
        "return_url": return_url,
        "cancel_url": return_url,
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
    });
    let body = json!({
        "intent": "CAPTURE",
        "purchase_units": [unit],
        "payment_source": { "paypal": { "experience_context": experience } },
    });
    Ok(change(
        "/v2/checkout/orders".into(),
        &[&new.payment_id, &"create_intent"],
        body,
    ))
}

/// Shows an order with its captures and refunds.
pub(super) fn order(order_id: &str) -> Result<Request, CallError> {
    Ok(show(format!("/v2/checkout/orders/{}", checked_intent(order_id)?)))
}

/// Takes the money of an approved order.
pub(super) fn capture_order(capture: &Capture) -> Result<Request, CallError> {
    let path = format!(
        "/v2/checkout/orders/{}/capture",
        checked_intent(&capture.intent.id)?
    );
    let key: [&dyn Display; 3] = [&capture.payment_id, &"capture_intent", &capture.job_id];
    Ok(change(path, &key, json!({})))
}

/// Gives money of a capture back.
pub(super) fn refund_capture(new: &NewRefund, capture_id: &str) -> Result<Request, CallError> {
    let amount = amount::to_wire(new.money).map_err(|error| refused("amount_not_taken", &error))?;
    let path = format!(
        "/v2/payments/captures/{}/refund",
        checked(capture_id, "invalid_capture_id")?
    );
    let body = json!({ "amount": amount, "custom_id": new.refund_id.to_string() });
    Ok(change(path, &[&new.refund_id, &"create_refund"], body))
}

/// Shows a refund.
pub(super) fn refund(channel_refund_id: &str) -> Result<Request, CallError> {
    Ok(show(format!(
        "/v2/payments/refunds/{}",
        checked(channel_refund_id, "invalid_refund_id")?
    )))
}

impl Request {
    /// What it does there.
    pub(super) const fn purpose(&self) -> Purpose {
        match self.change {
            Some(_) => Purpose::Change,
            None => Purpose::Question,
        }
    }
}

fn show(path: String) -> Request {
    Request {
        method: Method::GET,
        path,
        change: None,
    }
}

fn change(path: String, key: &[&dyn Display], body: Value) -> Request {
    let key: Vec<String> = key.iter().map(ToString::to_string).collect();
    let change = Some(Change {
        key: key.join("/"),
        body,
    });
    Request {
        method: Method::POST,
        path,
        change,
    }
}

fn checked_intent(id: &str) -> Result<&str, CallError> {
    checked(id, "invalid_intent_id")
}

/// An id that becomes a part of a path has nothing in it that would lead elsewhere.
fn checked<'i>(id: &'i str, code: &str) -> Result<&'i str, CallError> {
    let is_plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_plain && (1..=MOST_IN_ID).contains(&id.len()) {
        Ok(id)
    } else {
        Err(refused(code, &"this is no id of PayPal's"))
    }
}

/// A request that we refuse ourselves, because PayPal would.
pub(super) fn refused(code: &str, message: &dyn Display) -> CallError {
    CallError::Refused {
        code: code.into(),
        message: message.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{currency::Currency, money::Money, payment::Payer};

    use super::*;

    fn new(description: Option<&str>) -> NewIntent {
        NewIntent {
            payment_id: "pay_1fedc3ad96208c7eaf799d250faf6052".parse().unwrap(),
            money: Money {
                amount_minor: 1999,
                currency: Currency::USD,
            },
            description: description.map(Into::into),
            payment_method: None,
            return_url: Some("https://merchant.example/back".into()),
            method: None,
            flow: None,
            payer: Payer::default(),
            expires_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            callback_url: "https://pay.example/webhooks".into(),
            connected_account: None,
            destination: None,
        }
    }

    #[test]
    fn an_order_carries_the_payment_and_the_way_back() {
        let request = create_order(&new(Some(&"é".repeat(200)))).unwrap();
        assert_eq!(
            (request.method, request.path.as_str()),
            (Method::POST, "/v2/checkout/orders")
        );
        let Change { key, body } = request.change.unwrap();
        assert_eq!(key, "pay_1fedc3ad96208c7eaf799d250faf6052/create_intent");
        assert_eq!(body["intent"], "CAPTURE");
        let unit = &body["purchase_units"][0];
        assert_eq!(unit["custom_id"], "pay_1fedc3ad96208c7eaf799d250faf6052");
        assert_eq!(unit["amount"], json!({"currency_code": "USD", "value": "19.99"}));
        assert_eq!(unit["description"].as_str().unwrap().chars().count(), 127);
        let experience = &body["payment_source"]["paypal"]["experience_context"];
        for url in ["return_url", "cancel_url"] {
            assert_eq!(experience[url], "https://merchant.example/back");
        }
        assert_eq!(create_order(&new(None)), create_order(&new(None)));
    }

    #[test]
    fn what_paypal_would_refuse_is_not_sent() {
        let code = |new: &NewIntent| match create_order(new) {
            Err(CallError::Refused { code, .. }) => code,
            other => panic!("{other:?}"),
        };
        let mut bad = new(None);
        bad.return_url = None;
        assert_eq!(code(&bad), "return_url_missing");
        let mut bad = new(None);
        bad.connected_account = Some("acct_1".into());
        assert_eq!(code(&bad), "connected_account_not_supported");
        let mut bad = new(None);
        bad.money.currency = Currency::KWD;
        assert_eq!(code(&bad), "amount_not_taken");
    }

    #[test]
    fn no_id_leads_elsewhere() {
        assert!(order("5O190127TN364715T").is_ok());
        for bad in [
            "",
            ".",
            "../x",
            "a/b",
            "a?b",
            "a%2fb",
            "a b",
            "é",
            &"A".repeat(65),
        ] {
            assert!(order(bad).is_err(), "{bad}");
            assert!(refund(bad).is_err(), "{bad}");
        }
    }
}
