//! How a handler's run ended and what becomes of the job.

use std::{fmt, time::Duration};

/// What kind of trouble it was: a small set, for grouping, alerting and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The message is not a job we can read.
    Unreadable,
    /// The request cannot be carried out as it stands: a field of it is wrong.
    Invalid,
    /// Whoever published the job may not act for that merchant.
    Forbidden,
    /// The same idempotency key came with another request.
    Conflict,
    /// The provider refused the request as wrong.
    Refused,
    /// The provider could not be reached, or asked us to wait; nothing was done.
    ProviderUnavailable,
    /// The provider's answer never came or made no sense.
    OutcomeUnknown,
    /// A callback names another intent, amount or currency than the payment.
    Mismatch,
    /// Something that has to come first has not come yet.
    TooEarly,
    /// The merchant's endpoint did not take the notification.
    MerchantEndpoint,
    /// Settings are missing, such as a channel's credentials.
    Misconfigured,
    /// PostgreSQL did not answer.
    StoreUnavailable,
    /// Others changed the same thing again and again, such as a wallet.
    Contended,
    /// The handler took longer than its contract allows.
    TimedOut,
    /// The process was told to stop before the handler had ended.
    Interrupted,
    /// A defect of ours: a panic or a broken invariant.
    Internal,
}

impl ErrorClass {
    /// Every class.
    pub const ALL: [Self; 16] = [
        Self::Unreadable,
        Self::Invalid,
        Self::Forbidden,
        Self::Conflict,
        Self::Refused,
        Self::ProviderUnavailable,
        Self::OutcomeUnknown,
        Self::Mismatch,
        Self::TooEarly,
        Self::MerchantEndpoint,
        Self::Misconfigured,
        Self::StoreUnavailable,
        Self::Contended,
        Self::TimedOut,
        Self::Interrupted,
        Self::Internal,
    ];

    /// The class of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// The name used in headers, tables and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Invalid => "invalid",
            Self::Forbidden => "forbidden",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Mismatch => "mismatch",
            Self::TooEarly => "too_early",
            Self::MerchantEndpoint => "merchant_endpoint",
            Self::Misconfigured => "misconfigured",
            Self::StoreUnavailable => "store_unavailable",
            Self::Contended => "contended",
            Self::TimedOut => "timed_out",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
        }
    }
}

/// Why a run did not end well. Shown to people in headers and tables: never put a secret or personal data into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The kind of trouble.
    pub class: ErrorClass,
    /// What happened, in one sentence.
    pub message: String,
}

impl Reason {
    /// A reason from its class and one sentence.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.name(), self.message)
    }
}

/// What a handler answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done and durable.
    Done,
    /// It may work later. Uses up an attempt.
    Retry {
        /// Why it did not work.
        reason: Reason,
        /// How long the other side asked us to wait, at least.
        after: Option<Duration>,
    },
    /// Not now, through no fault of the job. Uses up no attempt.
    Snooze {
        /// Why not now.
        reason: Reason,
        /// How long to wait.
        delay: Duration,
    },
    /// Trying again is useless: a person has to look.
    Fail(Reason),
}

impl Outcome {
    /// A retry after the delay of the job's own schedule.
    pub const fn retry(reason: Reason) -> Self {
        Self::Retry { reason, after: None }
    }
}

/// What becomes of a job, once its outcome was held against its retry schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// Acknowledge it.
    Complete,
    /// Send it again as the next attempt.
    Retry {
        /// Why.
        reason: Reason,
        /// After how long, on average.
        delay: Duration,
        /// Never sooner than this: the other side asked for it.
        at_least: Duration,
    },
    /// Send it again as the same attempt.
    Snooze {
        /// Why.
        reason: Reason,
        /// After how long.
        delay: Duration,
    },
    /// Put it into its dead-letter queue.
    DeadLetter(Reason),
}

impl Disposition {
    /// The name used in metrics and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Complete => "done",
            Self::Retry { .. } => "retry",
            Self::Snooze { .. } => "snooze",
            Self::DeadLetter(_) => "dead_letter",
        }
    }

    /// Why, unless it is complete.
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Complete => None,
            Self::Retry { reason, .. } | Self::Snooze { reason, .. } | Self::DeadLetter(reason) => {
                Some(reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_name() {
        for class in ErrorClass::ALL {
            assert_eq!(ErrorClass::named(class.name()), Some(class));
        }
        // The last class says how many there are; none of them may be missing.
        assert_eq!(ErrorClass::ALL.len(), ErrorClass::Internal as usize + 1);
        assert_eq!(ErrorClass::named("misunderstood"), None);
    }
}
