//! The story of jobs that did not work at once.

use chrono::{DateTime, Utc};
use domain::{
    id::MerchantId,
    outcome::{ErrorClass, Reason},
};

use crate::{Store, StoreError, pool::answered};

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

const SELECT_GIVEN_UP: &str = "
select error_class, reason from job_failures where job_id = $1 and attempt = $2 and disposition = 'dead_letter'";

impl Store {
    /// Why this try gave the job up, if it did.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn given_up(&self, job_id: &str, attempt: u32) -> Result<Option<Reason>, StoreError> {
        let row: Option<(String, String)> = answered(
            sqlx::query_as(SELECT_GIVEN_UP)
                .bind(job_id)
                .bind(attempt.cast_signed())
                .fetch_optional(&self.pool),
        )
        .await?;
        // A class that a newer version knows is a defect to this one.
        Ok(row.map(|(class, message)| {
            Reason::new(ErrorClass::named(&class).unwrap_or(ErrorClass::Internal), message)
        }))
    }
}
