//! `process_callback`: take in a provider's callback whose signature ingress has verified.
//!
//! It is taken in once, together with what it changes, in one transaction. One that comes before the worker that opened
//! the intent has stored it waits for that; one that contradicts its payment is parked for people.

use domain::{
    callback::CallbackEvent,
    id::PaymentId,
    job::ProcessCallback,
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Payment, PaymentEvent, PaymentStatus},
};
use failpoints::{Point, reach};
use store::{CallbackOutcome, CallbackRecord, Record, StoreError, Unsealable, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::change::record_of,
};

impl Handler for ProcessCallback {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let event = match read(self, context, run) {
            Ok(event) => event,
            Err(outcome) => return Ok(outcome),
        };
        reach(Point::ProcessCallbackOpened);
        match event {
            CallbackEvent::Intent { intent, change } => match intent.payment_id {
                Some(payment_id) => {
                    settle(
                        self,
                        context,
                        run,
                        payment_id,
                        PaymentEvent::IntentSeen { intent, change },
                    )
                    .await
                }
                // Other systems may share the provider's account: an intent without our mark is none of ours.
                None => ignore(self, context).await,
            },
            CallbackEvent::Refund(_) | CallbackEvent::Dispute(_) | CallbackEvent::Other => {
                ignore(self, context).await
            }
        }
    }
}

/// What the callback says, or what becomes of it when it cannot be read.
fn read(job: &ProcessCallback, context: &Context, run: &Run) -> Result<CallbackEvent, Outcome> {
    let place = ProcessCallback::place(job.channel, job.merchant_id, &job.event_id);
    let reason = |class, message: String| Reason::new(class, message);
    let body = context
        .store
        .vault()
        .open_text(&place, &job.sealed_body)
        .map_err(|error| {
            let reason = reason(
                ErrorClass::Misconfigured,
                format!("the callback's body is {error}"),
            );
            match error {
                // While keys are being rotated, the key may come with the next start of this process.
                Unsealable::UnknownKey => Outcome::Snooze {
                    reason,
                    delay: context.nap(run.snoozes),
                },
                Unsealable::Damaged => Outcome::Fail(reason),
            }
        })?;
    channels::translate_callback(job.channel, &body)
        .map_err(|error| Outcome::Fail(reason(ErrorClass::Unreadable, error.to_string())))
}

async fn ignore(job: &ProcessCallback, context: &Context) -> Result<Outcome, StoreError> {
    let callback = Some(inbox(job, context, None, CallbackOutcome::Ignored));
    context
        .recorder
        .write(Record {
            callback,
            ..Record::default()
        })
        .await?;
    Ok(Outcome::Done)
}

async fn settle(
    job: &ProcessCallback,
    context: &Context,
    run: &Run,
    payment_id: PaymentId,
    event: PaymentEvent,
) -> Result<Outcome, StoreError> {
    for _ in 0..MAX_LOOKS {
        let payment = match context.store.payment(payment_id).await? {
            Some(payment) if payment.merchant_id == job.merchant_id => payment,
            Some(_) | None => {
                let message = format!("it names {payment_id}, which this merchant does not have");
                return Ok(Outcome::Fail(Reason::new(ErrorClass::Mismatch, message)));
            }
        };
        if is_early(&payment) {
            return Ok(wait(context, run, &payment));
        }
        let applied = match payment.apply(event.clone()) {
            Ok(applied) => applied,
            Err(error) => {
                return Ok(Outcome::Fail(Reason::new(
                    ErrorClass::Mismatch,
                    error.to_string(),
                )));
            }
        };
        reach(Point::ProcessCallbackApplied);
        let outcome = if applied.changed {
            CallbackOutcome::Applied
        } else {
            CallbackOutcome::Unchanged
        };
        let callback = Some(inbox(job, context, Some(payment_id), outcome));
        let record = Record {
            callback,
            ..record_of(context, run, applied).await?
        };
        match context.recorder.write(record).await? {
            Verdict::Written | Verdict::Duplicate => return Ok(Outcome::Done),
            Verdict::Stale => {}
        }
    }
    Err(StoreError::Contended(payment_id.to_string()))
}

/// Whether the job that opened the intent has yet to store it. Once that job has ended without an intent, the callback
/// itself is the news.
fn is_early(payment: &Payment) -> bool {
    payment.intent_id.is_none() && payment.status == PaymentStatus::Pending
}

fn wait(context: &Context, run: &Run, payment: &Payment) -> Outcome {
    let message = format!("the intent of {} is not stored yet", payment.id);
    Outcome::Snooze {
        reason: Reason::new(ErrorClass::TooEarly, message),
        delay: context.nap(run.snoozes),
    }
}

fn inbox(
    job: &ProcessCallback,
    context: &Context,
    payment_id: Option<PaymentId>,
    outcome: CallbackOutcome,
) -> CallbackRecord {
    CallbackRecord {
        channel: job.channel,
        merchant_id: job.merchant_id,
        event_id: job.event_id.clone(),
        event_type: job.event_type.clone(),
        payment_id,
        outcome,
        sealed_body: job.sealed_body.clone(),
        received_at: job.received_at,
        processed_at: context.clock.now(),
    }
}
