//! Closing an intent at its provider, whoever wants it closed.
//!
//! Why it is closed is noted first. A provider only says that an intent was closed; so whoever takes that news in,
//! be it this job, a callback or a query, finds here whether the payment is canceled or has expired. Then the provider
//! is asked to close it. What it answers may not be the last word: when it answers with an error, it is asked what it
//! has before anything is concluded.

use channels::{Cancellation, Credentials};
use domain::{
    channel::{CallError, Exchange, Intent, IntentRef, IntentStatus},
    id::JobId,
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Closing, Payment, PaymentEvent},
};
use failpoints::{Point, reach};
use store::{StoreError, Verdict};

use crate::{context::Context, execute::Run, jobs::change::record_of};

/// What a provider said about an intent that a job asked something of.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The intent as it stands there, if the provider showed it.
    pub seen: Option<Intent>,
    /// All that was said.
    pub exchanges: Vec<Exchange>,
    /// What becomes of a job that needs more than it was shown.
    pub otherwise: Outcome,
}

/// Notes why the payment is being closed, unless it has changed since it was read.
pub async fn note(
    context: &Context,
    run: &Run,
    payment: Payment,
    closing: Closing,
) -> Result<Verdict, StoreError> {
    // The event cannot be refused: it is about the payment alone.
    let Ok(applied) = payment.apply(PaymentEvent::ClosingBegun(closing)) else {
        return Ok(Verdict::Stale);
    };
    if !applied.changed {
        return Ok(Verdict::Written);
    }
    let record = record_of(context, run, applied).await?;
    let verdict = context.recorder.write(record).await?;
    if verdict == Verdict::Written {
        reach(Point::ClosingNoted);
    }
    Ok(verdict)
}

/// Asks the provider to close the payment's intent.
pub async fn close(
    context: &Context,
    run: &Run,
    credentials: &Credentials,
    cancellation: &Cancellation,
) -> Answer {
    let (result, exchange) = context.channels.cancel_intent(credentials, cancellation).await;
    let answer = match result {
        Ok(intent) => Answer {
            seen: Some(intent),
            exchanges: vec![exchange],
            otherwise: Outcome::retry(still_open()),
        },
        Err(error) => {
            // An attempt before this one may have had an effect that nobody was told of.
            let must_ask =
                run.is_last || !matches!(error, CallError::NotDone { .. } | CallError::Limited { .. });
            let answer = Answer {
                seen: None,
                exchanges: vec![exchange],
                otherwise: failed(error),
            };
            if must_ask {
                asked(context, credentials, &cancellation.intent, answer).await
            } else {
                answer
            }
        }
    };
    reach(Point::ClosingAnswered);
    answer
}

/// The same answer with the intent as it stands by now, if the provider shows it.
pub async fn asked(
    context: &Context,
    credentials: &Credentials,
    intent: &IntentRef,
    answer: Answer,
) -> Answer {
    let (result, exchange) = context.channels.retrieve_intent(credentials, intent).await;
    let Answer {
        mut exchanges,
        otherwise,
        ..
    } = answer;
    exchanges.push(exchange);
    match result {
        Ok(intent) => Answer {
            seen: Some(intent),
            exchanges,
            otherwise,
        },
        // The question was not let through: it is put again, before anything is concluded from what was said before.
        Err(limited @ CallError::Limited { .. }) => Answer {
            seen: None,
            exchanges,
            otherwise: failed(limited),
        },
        Err(_) => Answer {
            seen: None,
            exchanges,
            otherwise,
        },
    }
}

/// What becomes of a job whose call did not work.
pub fn failed(error: CallError) -> Outcome {
    match error {
        CallError::Limited { message, retry_after } => Outcome::Snooze {
            reason: Reason::new(ErrorClass::ProviderUnavailable, message),
            delay: retry_after,
        },
        CallError::NotDone { message, retry_after } => Outcome::Retry {
            reason: Reason::new(ErrorClass::ProviderUnavailable, message),
            after: retry_after,
        },
        CallError::Unknown { message } => Outcome::retry(Reason::new(ErrorClass::OutcomeUnknown, message)),
        error @ (CallError::Refused { .. } | CallError::Declined(_)) => {
            Outcome::Fail(Reason::new(ErrorClass::Refused, error.to_string()))
        }
    }
}

/// What is sent to close this payment's intent on behalf of a job; none while it has no intent.
pub fn cancellation(payment: &Payment, job_id: JobId) -> Option<Cancellation> {
    Some(Cancellation {
        payment_id: payment.id,
        job_id,
        intent: payment.intent()?,
    })
}

/// Whether the provider is at work on an intent, which it does not close then.
pub fn is_at_work(seen: Option<&Intent>) -> bool {
    seen.is_some_and(|intent| intent.status == IntentStatus::Processing)
}

fn still_open() -> Reason {
    let message = "asked to close the intent, the provider still shows it open";
    Reason::new(ErrorClass::OutcomeUnknown, message)
}
