//! What a call that gave nothing means (<https://docs.stripe.com/api/errors>,
//! <https://docs.stripe.com/error-low-level>).
//!
//! The only place where a failed call is judged. The question is always the same: has Stripe decided, has
//! surely nothing happened, or can nobody tell? Whatever did not come from Stripe's API (a proxy's page, a
//! cut connection) tells nothing. What Stripe and the network say is shown to people later, so it leaves here
//! redacted.

use std::{fmt, time::Duration};

use bytes::Bytes;
use domain::channel::{CallError, Intent, IntentStatus};
use stripe_client_core::StripeClientErr;

use super::{
    decline,
    wire::{WireError, WireErrorEnvelope, WireIntent},
};
use crate::redact::redact;

/// How long to wait where Stripe does not say: its limits are by the second (<https://docs.stripe.com/rate-limits>).
const REST: Duration = Duration::from_secs(1);

/// The code of a request that an intent's state forbids.
pub(super) const UNEXPECTED_STATE: &str = "payment_intent_unexpected_state";

/// A call that gave no readable answer of success.
pub(super) enum Failed {
    /// There is no answer.
    Unanswered(CallError),
    /// There is an answer that says success and cannot be read.
    Undecodable(String),
    /// There is an answer that does not say success.
    Answered(Answer),
}

/// An answer that does not say success. No `Debug`: the body may hold a client secret.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) request_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// Stripe gave the answer it had stored for this idempotency key.
    pub(super) is_replay: bool,
}

/// Stripe's types of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorKind {
    Api,
    Card,
    Idempotency,
    InvalidRequest,
    Unlisted,
}

impl StripeClientErr for Failed {
    fn deserialize_err(message: impl fmt::Display) -> Self {
        Self::Undecodable(message.to_string())
    }
}

impl Failed {
    /// The same where a key may be kept from a whole part of Stripe's API, as from Connect: Stripe's own codes for that are many.
    pub(super) fn permitted(self) -> CallError {
        let is_forbidden = matches!(&self, Self::Answered(answer) if answer.status == 403);
        match CallError::from(self) {
            CallError::Refused { message, .. } if is_forbidden => CallError::Refused {
                code: CallError::NOT_PERMITTED.into(),
                message,
            },
            error => error,
        }
    }

    /// The intent that the failed request left behind, if it tells: after a decline it is open, and after a
    /// request that came too late its state is the answer.
    pub(super) fn intent_left(&self) -> Option<Intent> {
        let Self::Answered(answer) = self else { return None };
        let error = answer.error()?;
        let wire: WireIntent = serde_json::from_value(error.payment_intent.clone()?).ok()?;
        let intent = wire.translate().ok()?;
        if error.kind() == ErrorKind::Card {
            return Some(declined(intent, &error));
        }
        Some(intent).filter(|intent| error.code() == Some(UNEXPECTED_STATE) && is_beyond(intent))
    }
}

/// Whether an intent has left the states in which it can still be confirmed or given up.
pub(super) const fn is_beyond(intent: &Intent) -> bool {
    match intent.status {
        IntentStatus::Processing | IntentStatus::Succeeded | IntentStatus::Canceled => true,
        IntentStatus::RequiresAction | IntentStatus::Declined(_) | IntentStatus::Approved => false,
    }
}

/// An open intent whose last attempt to pay met this error.
fn declined(intent: Intent, error: &WireError) -> Intent {
    match intent.status {
        IntentStatus::RequiresAction | IntentStatus::Declined(_) | IntentStatus::Approved => Intent {
            status: IntentStatus::Declined(decline::failure(&error.decline)),
            ..intent
        },
        IntentStatus::Processing | IntentStatus::Succeeded | IntentStatus::Canceled => intent,
    }
}

impl From<Failed> for CallError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Unanswered(error) => error,
            Failed::Undecodable(message) => Self::Unknown {
                message: redact(&format!("the answer cannot be read: {message}")),
            },
            Failed::Answered(answer) => judge(&answer),
        }
    }
}

fn judge(answer: &Answer) -> CallError {
    let unknown = |what: &str| CallError::Unknown {
        message: answer.describe(what),
    };
    let limited = |what: &str| CallError::Limited {
        message: answer.describe(what),
        retry_after: answer.retry_after.unwrap_or(REST),
        is_own: false,
    };
    let error = answer.error();
    // Whatever the status: an earlier request of ours reached Stripe under this key. It may still be at work, or it may
    // be over and differ from this one, as when another release sent it. What it did is to be asked, not guessed.
    if let Some(error) = error
        .as_ref()
        .filter(|error| error.kind() == ErrorKind::Idempotency)
    {
        return unknown(error.message());
    }
    // Whoever limits the rate, Stripe or a proxy before it, has not let the request through.
    if answer.status == 429 {
        return limited("too many requests");
    }
    let Some(error) = error else {
        return unknown("this is no answer of Stripe's API");
    };
    let refused = |code: &str, message: &str| CallError::Refused {
        code: redact(code),
        message: answer.describe(message),
    };
    match (answer.status, error.kind()) {
        // Stripe quotes the key here. Nothing else it says about it helps.
        (401, _) => refused(CallError::NOT_AUTHENTICATED, "the secret key is not accepted"),
        (400 | 402, ErrorKind::Card) => CallError::Declined(decline::failure(&error.decline)),
        (400 | 402 | 403 | 404, ErrorKind::InvalidRequest | ErrorKind::Card) => {
            refused(error.code().unwrap_or(&error.kind), error.message())
        }
        // Another request holds the object; ours was not begun.
        (409, _) if error.code() == Some("lock_timeout") => limited(error.message()),
        (
            _,
            ErrorKind::Api
            | ErrorKind::Card
            | ErrorKind::Idempotency
            | ErrorKind::InvalidRequest
            | ErrorKind::Unlisted,
        ) => unknown(error.message()),
    }
}

impl Answer {
    fn error(&self) -> Option<WireError> {
        serde_json::from_slice::<WireErrorEnvelope>(&self.body)
            .ok()
            .map(|envelope| envelope.error)
    }

    /// What happened, with what it takes to ask Stripe's support about it.
    fn describe(&self, what: &str) -> String {
        let replay = if self.is_replay { ", replayed" } else { "" };
        let request = self
            .request_id
            .as_deref()
            .map(|id| format!(", request {id}"))
            .unwrap_or_default();
        redact(&format!("{what} (HTTP {}{replay}{request})", self.status))
    }
}

impl WireError {
    fn kind(&self) -> ErrorKind {
        match self.kind.as_str() {
            "api_error" => ErrorKind::Api,
            "card_error" => ErrorKind::Card,
            "idempotency_error" => ErrorKind::Idempotency,
            "invalid_request_error" => ErrorKind::InvalidRequest,
            _ => ErrorKind::Unlisted,
        }
    }

    fn code(&self) -> Option<&str> {
        self.decline.code.as_deref()
    }

    fn message(&self) -> &str {
        self.decline.message.as_deref().unwrap_or("Stripe gave no reason")
    }
}

#[cfg(test)]
mod tests;
