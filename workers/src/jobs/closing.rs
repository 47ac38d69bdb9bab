//! Closing an intent at its provider, whoever wants it closed.
//!
//! Why it is closed is noted first. A provider only says that an intent was closed; so whoever takes that news in,
//! be it this job, a callback or a query, finds here whether the payment is canceled or has expired. Then the provider
//! is asked to close it. What it answers may not be the last word: when it answers with an error, it is asked what it
//! has before anything is concluded.
//!
//! Where we capture, nothing is captured once the reason is noted. But a capture that was begun before may be on its way, and
//! its intent looks open until it arrives. So the provider is not asked before that capture is over.

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

/// Asks the provider to close the payment's intent, unless a capture of it may be at work.
pub async fn close(
    context: &Context,
    run: &Run,
    credentials: &Credentials,
    cancellation: &Cancellation,
) -> Result<Answer, StoreError> {
    if let Some(otherwise) = capture_at_work(context, credentials, cancellation).await? {
        return Ok(Answer {
            seen: None,
            exchanges: Vec::new(),
            otherwise,
        });
    }
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
    Ok(answer)
}

/// What becomes of a job while a capture that was begun, and whose end is not known, may have an effect.
async fn capture_at_work(
    context: &Context,
    credentials: &Credentials,
    cancellation: &Cancellation,
) -> Result<Option<Outcome>, StoreError> {
    if !channels::capabilities(credentials.channel()).captures {
        return Ok(None);
    }
    let begun = context.store.open_capture(cancellation.payment_id).await?;
    let left = begun.and_then(|begun| context.settling.left(begun, context.clock.now()));
    Ok(left.map(|delay| {
        let message = "a capture may still be at work, so it is not closed yet";
        let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
        Outcome::Snooze { reason, delay }
    }))
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
        CallError::Limited {
            message, retry_after, ..
        } => Outcome::Snooze {
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
