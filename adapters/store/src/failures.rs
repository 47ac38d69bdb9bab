//! The story of jobs that did not work at once.

use chrono::{DateTime, Utc};
use domain::id::MerchantId;

/// One try of a job that did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFailure {
    /// The job.
    pub job_id: String,
    /// Its kind, as the message has it.
    pub kind: String,
    /// Which try, from 1.
    pub attempt: u32,
    /// `retry` or `dead_letter`.
    pub disposition: &'static str,
    /// The class of error.
    pub error_class: &'static str,
    /// The reason, fit for people to read.
    pub reason: String,
    /// The payment or event it was about.
    pub correlation_id: String,
    /// Whose job it was, when the message could be read.
    pub merchant_id: Option<MerchantId>,
    /// When.
    pub at: DateTime<Utc>,
}
