//! What follows when a job that has a provider make something is given up.

use domain::outcome::{ErrorClass, Outcome, Reason};
use failpoints::{Protection, is_missing};
use store::{Record, StoreError};

use crate::{context::Context, execute::Run, jobs::subject::Subject};

/// What to write when the job that has the provider make what `subject` needs is given up for `reason`.
///
/// # Errors
/// PostgreSQL is away.
pub async fn give_up<S: Subject>(
    context: &Context,
    run: &Run,
    subject: S,
    reason: &Reason,
) -> Result<Record, StoreError> {
    let failure = match reason.class {
        ErrorClass::OutcomeUnknown if is_missing(Protection::AskFirst) => Some(S::unavailable()),
        // The job itself is at fault; what is stored under this id belongs to another job.
        ErrorClass::Unreadable
        | ErrorClass::Invalid
        | ErrorClass::Forbidden
        | ErrorClass::Conflict
        | ErrorClass::TooEarly
        | ErrorClass::MerchantEndpoint => return Ok(Record::default()),
        ErrorClass::Refused => Some(S::refused(&reason.message)),
        // It stays in review, and is made when its provider is there again.
        ErrorClass::Misconfigured | ErrorClass::ProviderUnavailable if subject.is_owed() => None,
        ErrorClass::Misconfigured => Some(S::not_configured()),
        ErrorClass::ProviderUnavailable => Some(S::unavailable()),
        ErrorClass::OutcomeUnknown
        | ErrorClass::Mismatch
        | ErrorClass::StoreUnavailable
        | ErrorClass::Contended
        | ErrorClass::TimedOut
        | ErrorClass::Interrupted
        | ErrorClass::Internal => None,
    };
    // However this try ended: while a call has no known end, the subject is not failed.
    let news = match failure {
        Some(failure)
            if is_missing(Protection::AskFirst) || subject.open_call(&context.store).await?.is_none() =>
        {
            S::gave_up(failure)
        }
        Some(_) | None => S::lost_sight(),
    };
    // Neither can be refused: both are about the subject alone.
    Ok(subject.hear(context, run, news).await?.unwrap_or_default())
}

/// What was given up stays so. If this very try gave it up, it died before its message was parked, and people still have
/// to find it there. Whoever merely asks for the same again has begun another message, and is only answered.
///
/// # Errors
/// PostgreSQL is away.
pub async fn after_giving_up(context: &Context, run: &Run) -> Result<Outcome, StoreError> {
    let given_up = if run.is_repeat {
        context.store.given_up(&run.job_id, run.attempt).await?
    } else {
        None
    };
    Ok(given_up.map_or(Outcome::Done, Outcome::Fail))
}
