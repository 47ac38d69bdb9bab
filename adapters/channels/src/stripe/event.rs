//! What a callback says (<https://docs.stripe.com/api/events/types>).
//!
//! Events are written in whatever API version the merchant's endpoint is set to, so only the few fields of
//! [`wire`](super::wire), [`refund`](super::refund) and [`dispute`](super::dispute) are read. The object inside is a
//! snapshot of the moment of the event. An intent's event says by its type what happened, which may differ from the
//! snapshot: after a decline the type says failed while the intent is open again. Of a refund or a dispute the snapshot says
//! all.
//!
//! One secret signs the events of the platform's own account and of all accounts connected to it, and `account` says whose
//! an event is (<https://docs.stripe.com/connect/webhooks>). Whoever holds a connected account opens intents there with
//! whatever marks he likes, so a mark alone does not make an event news of a payment.

use domain::{
    callback::{CallbackEvent, CallbackNews},
    channel::IntentStatus,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    account::{WireAccount, WireTransfer},
    decline,
    dispute::WireDispute,
    refund::WireRefund,
    wire::{Untranslatable, WireIntent},
};
use crate::{callback::UnreadableCallback, redact::redact};

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    event_type: String,
    account: Option<String>,
}

#[derive(Deserialize)]
struct Event<T> {
    data: Data<T>,
}

#[derive(Deserialize)]
struct Data<T> {
    object: T,
}

/// Why the object of an event cannot be understood.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Shape(#[from] serde_json::Error),
    #[error(transparent)]
    Meaning(#[from] Untranslatable),
}

/// What a verified callback says, and of which connected account it is. Other kinds of events than those of payment
/// intents, refunds, disputes and connected accounts are [`CallbackEvent::Other`].
///
/// # Errors
/// Names what an event of these kinds lacks.
pub fn translate_callback(body: &[u8]) -> Result<CallbackNews, UnreadableCallback> {
    let unreadable = |event_type: &str, problem: String| UnreadableCallback {
        event_type: redact(event_type),
        problem: redact(&problem),
    };
    let Typed { event_type, account } =
        serde_json::from_slice(body).map_err(|error| unreadable("unknown", error.to_string()))?;
    let event = match About::of(&event_type) {
        Some(About::Intent(what)) => intent_event(body, what),
        Some(About::Refund) => refund_event(body),
        Some(About::Dispute) => dispute_event(body),
        Some(About::Account) => account_event(body, account.as_deref()),
        // Its object is the application that lost the account; the event itself says which one
        // (<https://docs.stripe.com/connect/webhooks>).
        Some(About::Deauthorization) => Ok(account
            .clone()
            .map_or(CallbackEvent::Other, CallbackEvent::AccountLost)),
        Some(About::Reversal) => reversal_event(body, account.as_deref()),
        None => Ok(CallbackEvent::Other),
    };
    event
        .map(|event| CallbackNews { account, event })
        .map_err(|error| unreadable(&event_type, error.to_string()))
}

fn intent_event(body: &[u8], what: What) -> Result<CallbackEvent, Unreadable> {
    let wire: WireIntent = object(body)?;
    let is_ours = wire.payment_id().is_some();
    let change = what.happened(&wire);
    match wire.translate() {
        Ok(intent) => Ok(CallbackEvent::Intent { intent, change }),
        // A merchant's account also holds intents that other programs opened, in currencies Sluice does not
        // take.
        Err(_) if !is_ours => Ok(CallbackEvent::Other),
        Err(error) => Err(error.into()),
    }
}

/// Refunds that somebody made at Stripe are not ours, even when they are of a payment of ours: a reconciliation finds them.
fn refund_event(body: &[u8]) -> Result<CallbackEvent, Unreadable> {
    let wire: WireRefund = object(body)?;
    if wire.refund_id().is_none() {
        return Ok(CallbackEvent::Other);
    }
    Ok(CallbackEvent::Refund(wire.translate()?))
}

fn dispute_event(body: &[u8]) -> Result<CallbackEvent, Unreadable> {
    let wire: WireDispute = object(body)?;
    let dispute = wire.translate()?;
    Ok(dispute.map_or(CallbackEvent::Other, CallbackEvent::Dispute))
}

/// Only what happened to an account that is connected to the merchant's own is of interest. What it shows is of the moment
/// that it is about, and says neither that nor how often the account has changed, so it is taken for a call to ask.
fn account_event(body: &[u8], account: Option<&str>) -> Result<CallbackEvent, Unreadable> {
    let wire: WireAccount = object(body)?;
    if account != Some(wire.id.as_str()) {
        return Ok(CallbackEvent::Other);
    }
    Ok(CallbackEvent::AccountTold {
        account_id: wire.account_id(),
        channel_account_id: wire.id,
    })
}

/// Only what was sent for a withdrawal of ours is of interest: what a payment sends on is taken back by its refunds. Whoever holds
/// a connected account sends what he likes from there.
fn reversal_event(body: &[u8], account: Option<&str>) -> Result<CallbackEvent, Unreadable> {
    let wire: WireTransfer = object(body)?;
    if account.is_some() || wire.withdrawal_id().is_none() {
        return Ok(CallbackEvent::Other);
    }
    Ok(CallbackEvent::TransferReversed(wire.translate()?))
}

fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body).map(|event: Event<T>| event.data.object)
}

/// The events that Sluice acts upon, by the object that they show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Intent(What),
    Refund,
    Dispute,
    Account,
    Deauthorization,
    Reversal,
}

impl About {
    fn of(event_type: &str) -> Option<Self> {
        match event_type {
            "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
                Some(Self::Refund)
            }
            "charge.dispute.created"
            | "charge.dispute.updated"
            | "charge.dispute.funds_withdrawn"
            | "charge.dispute.funds_reinstated"
            | "charge.dispute.closed" => Some(Self::Dispute),
            "account.updated" => Some(Self::Account),
            "account.application.deauthorized" => Some(Self::Deauthorization),
            "transfer.reversed" => Some(Self::Reversal),
            _ => What::of(event_type).map(Self::Intent),
        }
    }
}

/// What happened to a payment intent.
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
