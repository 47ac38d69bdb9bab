//! The record of a call: one [`Exchange`] for whatever was asked and whatever came of it.
//!
//! Its outcome is what later runs count open calls by, so the words are few: `ok`, `declined` (the provider answered with an
//! object that says that it could not do what was asked), `not_found`, `refused`, `not_done`, `unknown`.

use std::time::Duration;

use domain::{
    channel::{
        AccountLink, CallError, ChannelAccount, ChannelRefund, ChannelRefundStatus, ChannelTransfer,
        Exchange, Intent, IntentStatus, Operation, Statement,
    },
    payment::Failure,
};

use crate::redact::redact;

/// What a successful call gives, as far as its record tells of it.
pub(crate) trait Answered {
    /// The provider's id of the object that was answered.
    fn object_id(&self) -> Option<&str> {
        None
    }

    /// Why the provider could not do what was asked, though it answered with an object.
    fn failure(&self) -> Option<&Failure> {
        None
    }

    /// The call did what was asked, as far as `failure` says nothing else.
    fn outcome(&self) -> &'static str {
        "ok"
    }
}

impl Answered for Intent {
    fn object_id(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn failure(&self) -> Option<&Failure> {
        match &self.status {
            IntentStatus::Declined(failure) => Some(failure),
            IntentStatus::RequiresAction
            | IntentStatus::Approved
            | IntentStatus::Processing
            | IntentStatus::Succeeded
            | IntentStatus::Canceled => None,
        }
    }
}

impl Answered for ChannelRefund {
    fn object_id(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn failure(&self) -> Option<&Failure> {
        match &self.status {
            ChannelRefundStatus::Failed(failure) => Some(failure),
            ChannelRefundStatus::Processing | ChannelRefundStatus::Stuck | ChannelRefundStatus::Succeeded => {
                None
            }
        }
    }
}

impl Answered for ChannelAccount {
    fn object_id(&self) -> Option<&str> {
        Some(&self.id)
    }
}

impl Answered for ChannelTransfer {
    fn object_id(&self) -> Option<&str> {
        Some(&self.id)
    }
}

impl Answered for AccountLink {}

impl Answered for Statement {}

impl<T: Answered> Answered for Option<T> {
    fn object_id(&self) -> Option<&str> {
        self.as_ref().and_then(T::object_id)
    }

    fn failure(&self) -> Option<&Failure> {
        self.as_ref().and_then(T::failure)
    }

    fn outcome(&self) -> &'static str {
        self.as_ref().map_or("not_found", T::outcome)
    }
}

/// The record of a call that took so long.
pub(crate) fn exchange<T: Answered>(
    operation: Operation,
    result: &Result<T, CallError>,
    took: Duration,
) -> Exchange {
    let error = match result {
        Ok(answered) => answered
            .failure()
            .map(|failure| format!("declined: {}", failure.code)),
        Err(error) => Some(error.to_string()),
    };
    Exchange {
        operation,
        outcome: outcome(result),
        intent_id: result
            .as_ref()
            .ok()
            .and_then(Answered::object_id)
            .map(str::to_owned),
        error: error.map(|text| redact(&text)),
        duration_ms: i32::try_from(took.as_millis()).unwrap_or(i32::MAX),
    }
}

fn outcome<T: Answered>(result: &Result<T, CallError>) -> &'static str {
    match result {
        Ok(answered) if answered.failure().is_some() => "declined",
        Ok(answered) => answered.outcome(),
        Err(CallError::Declined(_)) => "declined",
        Err(CallError::Refused { .. }) => "refused",
        Err(CallError::NotDone { .. } | CallError::Limited { .. }) => "not_done",
        Err(CallError::Unknown { .. }) => "unknown",
    }
}
