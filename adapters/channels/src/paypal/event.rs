//! What a callback says (<https://developer.paypal.com/api/rest/webhooks/event-names/>).
//!
//! Acted upon are an order's approval, which moves no money but calls for a capture, what became of captures, and refunds that
//! carry our mark. A refund that somebody made on PayPal's pages carries the mark of its payment or none, and is not ours: a
//! person made it, and a person has to tell of it. `PAYMENT.CAPTURE.REVERSED` and the `CUSTOMER.DISPUTE.*` events mean that
//! PayPal withholds or has taken back money; they are stored and acknowledged, and people are called to look at the account,
//! as Sluice has no object for it. `CHECKOUT.ORDER.COMPLETED` says no more than the capture's own event.
//!
//! Objects that carry no mark of ours belong to other programs of the merchant's, and are never a problem however they look.

use domain::{callback::CallbackEvent, channel::IntentStatus};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    PaypalCredentials,
    status::Untranslatable,
    wire::{WireCapture, WireOrder, WireRefund, payment_id, refund_id},
};
use crate::{
    callback::{CallbackProblem, UnreadableCallback},
    redact::redact,
};

#[derive(Deserialize)]
struct Event {
    event_type: String,
    #[serde(default)]
    resource: Value,
}

/// Why the object of an event cannot be understood.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Shape(#[from] serde_json::Error),
    #[error(transparent)]
    Meaning(#[from] Untranslatable),
}

/// What a verified callback says. Kinds of events that Sluice does not act upon are [`CallbackEvent::Other`].
///
/// # Errors
/// Names what an event about a payment or refund of ours lacks, or that it is about another account than the merchant's.
pub fn translate_callback(
    credentials: &PaypalCredentials,
    body: &[u8],
) -> Result<CallbackEvent, CallbackProblem> {
    let unreadable = |event_type: &str, problem: String| UnreadableCallback {
        event_type: redact(event_type),
        problem: redact(&problem),
    };
    let Event { event_type, resource } =
        serde_json::from_slice(body).map_err(|error| unreadable("unknown", error.to_string()))?;
    let Some(about) = About::of(&event_type) else {
        return Ok(without_object(&event_type, &resource));
    };
    if !about.is_ours(&resource) {
        return Ok(CallbackEvent::Other);
    }
    check_account(credentials, about, &resource)?;
    let event = match about {
        About::Approval => approval(resource),
        About::Capture(what) => capture(resource, what),
        About::Refund => {
            read(resource).and_then(|refund: WireRefund| Ok(CallbackEvent::Refund(refund.translate(None)?)))
        }
    };
    event.map_err(|error| unreadable(&event_type, error.to_string()).into())
}

/// The events that Sluice acts upon, by the object that they show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Approval,
    Capture(What),
    Refund,
}

/// What happened to a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Completed,
    Pending,
    Denied,
}

impl About {
    fn of(event_type: &str) -> Option<Self> {
        match event_type {
            "CHECKOUT.ORDER.APPROVED" => Some(Self::Approval),
            "PAYMENT.CAPTURE.COMPLETED" => Some(Self::Capture(What::Completed)),
            "PAYMENT.CAPTURE.PENDING" => Some(Self::Capture(What::Pending)),
            "PAYMENT.CAPTURE.DENIED" | "PAYMENT.CAPTURE.DECLINED" => Some(Self::Capture(What::Denied)),
            "PAYMENT.CAPTURE.REFUNDED" => Some(Self::Refund),
            refund if refund.starts_with("PAYMENT.REFUND.") => Some(Self::Refund),
            _ => None,
        }
    }

    /// Whether the object carries our mark.
    fn is_ours(self, resource: &Value) -> bool {
        let mark = |object: &Value| object["custom_id"].as_str().map(str::to_owned);
        match self {
            Self::Approval => units(resource)
                .iter()
                .any(|unit| payment_id(mark(unit).as_deref()).is_some()),
            Self::Capture(_) => payment_id(mark(resource).as_deref()).is_some(),
            Self::Refund => refund_id(mark(resource).as_deref()).is_some(),
        }
    }

    /// The accounts that the object says are the merchant's. Of a refund, the one that pays.
    fn accounts(self, resource: &Value) -> Vec<&str> {
        let objects: Vec<(&Value, &str)> = match self {
            Self::Approval => units(resource).iter().map(|unit| (unit, "payee")).collect(),
            Self::Capture(_) => vec![(resource, "payee")],
            Self::Refund => vec![(resource, "payer")],
        };
        objects
            .into_iter()
            .filter_map(|(object, side)| object[side]["merchant_id"].as_str())
            .collect()
    }
}

fn units(order: &Value) -> &[Value] {
    order["purchase_units"].as_array().map_or(&[], Vec::as_slice)
}

/// An event that names another account than the merchant's is nobody's news here. One that names none is told by its webhook.
fn check_account(
    credentials: &PaypalCredentials,
    about: About,
    resource: &Value,
) -> Result<(), CallbackProblem> {
    let Some(merchant_id) = credentials.merchant_id() else {
        return Ok(());
    };
    let other = about
        .accounts(resource)
        .into_iter()
        .find(|account| *account != merchant_id);
    match other {
        Some(other) => {
            let shown: String = redact(other).chars().take(32).collect();
            Err(CallbackProblem::OtherAccount(format!("merchant {shown:?}")))
        }
        None => Ok(()),
    }
}

fn approval(resource: Value) -> Result<CallbackEvent, Unreadable> {
    let order: WireOrder = read(resource)?;
    Ok(CallbackEvent::Intent {
        intent: order.translate()?,
        change: IntentStatus::Approved,
    })
}

fn capture(resource: Value, what: What) -> Result<CallbackEvent, Unreadable> {
    let wire: WireCapture = read(resource)?;
    let failure = wire.failure();
    let intent = wire.intent()?;
    let change = match what {
        // The capture may have been given back since, but what came cannot have failed to come.
        What::Completed if intent.status != IntentStatus::Succeeded => {
            return Err(Untranslatable::Contradiction.into());
        }
        What::Denied if intent.received_minor > 0 => return Err(Untranslatable::Contradiction.into()),
        What::Completed => IntentStatus::Succeeded,
        What::Pending => IntentStatus::Processing,
        What::Denied => IntentStatus::Declined(failure),
    };
    Ok(CallbackEvent::Intent { intent, change })
}

fn read<T: DeserializeOwned>(resource: Value) -> Result<T, Unreadable> {
    Ok(serde_json::from_value(resource)?)
}

/// What an event says that is about no object of ours.
fn without_object(event_type: &str, resource: &Value) -> CallbackEvent {
    let mark = match event_type {
        "PAYMENT.CAPTURE.REVERSED" => &resource["custom_id"],
        dispute if dispute.starts_with("CUSTOMER.DISPUTE.") => {
            &resource["disputed_transactions"][0]["custom"]
        }
        _ => return CallbackEvent::Other,
    };
    CallbackEvent::NeedsPeople {
        payment_id: payment_id(mark.as_str()),
    }
}

#[cfg(test)]
mod tests;
