//! What a callback says (<https://docs.stripe.com/api/events/types>).
//!
//! Events are written in whatever API version the merchant's endpoint is set to, so only the few fields of
//! [`wire`](super::wire) are read. The event's type says what happened; the intent inside is a snapshot of
//! that moment, and the two may differ: after a decline the type says failed while the intent is open again.

use domain::{callback::CallbackEvent, channel::IntentStatus};
use serde::Deserialize;

use super::{decline, wire::WireIntent};
use crate::{callback::UnreadableCallback, redact::redact};

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    event_type: String,
}

#[derive(Deserialize)]
struct IntentEvent {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: WireIntent,
}

/// What a verified callback says. Other kinds of events than those of payment intents are
/// [`CallbackEvent::Other`].
///
/// # Errors
/// Names what an event of a payment intent lacks.
pub fn translate_callback(body: &[u8]) -> Result<CallbackEvent, UnreadableCallback> {
    let unreadable = |event_type: &str, problem: String| UnreadableCallback {
        event_type: redact(event_type),
        problem: redact(&problem),
    };
    let Typed { event_type } =
        serde_json::from_slice(body).map_err(|error| unreadable("unknown", error.to_string()))?;
    let Some(what) = What::of(&event_type) else {
        return Ok(CallbackEvent::Other);
    };
    let event: IntentEvent =
        serde_json::from_slice(body).map_err(|error| unreadable(&event_type, error.to_string()))?;
    let wire = event.data.object;
    let is_ours = wire.payment_id().is_some();
    let change = what.happened(&wire);
    match wire.translate() {
        Ok(intent) => Ok(CallbackEvent::Intent { intent, change }),
        // A merchant's account also holds intents that other programs opened, in currencies Sluice does not
        // take.
        Err(_) if !is_ours => Ok(CallbackEvent::Other),
        Err(error) => Err(unreadable(&event_type, error.to_string())),
    }
}

/// The events of a payment intent that Sluice acts upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Created,
    RequiresAction,
    Processing,
    AmountCapturable,
    Succeeded,
    PaymentFailed,
    Canceled,
}

impl What {
    fn of(event_type: &str) -> Option<Self> {
        match event_type {
            "payment_intent.created" => Some(Self::Created),
            "payment_intent.requires_action" => Some(Self::RequiresAction),
            "payment_intent.processing" => Some(Self::Processing),
            "payment_intent.amount_capturable_updated" => Some(Self::AmountCapturable),
            "payment_intent.succeeded" => Some(Self::Succeeded),
            "payment_intent.payment_failed" => Some(Self::PaymentFailed),
            "payment_intent.canceled" => Some(Self::Canceled),
            _ => None,
        }
    }

    /// A new intent waits for the payer, whatever else was already done to it: that comes with events of its
    /// own.
    fn happened(self, intent: &WireIntent) -> IntentStatus {
        match self {
            Self::Created | Self::RequiresAction => IntentStatus::RequiresAction,
            Self::Processing | Self::AmountCapturable => IntentStatus::Processing,
            Self::Succeeded => IntentStatus::Succeeded,
            Self::Canceled => IntentStatus::Canceled,
            Self::PaymentFailed => {
                let error = intent.last_payment_error.clone().unwrap_or_default();
                IntentStatus::Declined(decline::failure(&error))
            }
        }
    }
}

#[cfg(test)]
mod tests;
