//! `capture_payment`: have a provider move the money that a payer has agreed to.
//!
//! That it is about to be asked for is written over the version that was read, as is the beginning of closing a payment; so
//! of a capture and a cancel at the same time, one sees the other. The provider moves the money of an intent once. When
//! its answer is lost, the next try asks under the same key; when all tries have failed, the sweep asks how the intent
//! stands, and finds it captured or has it captured again.

use channels::{Capture, Credentials};
use chrono::{DateTime, Utc};
use domain::{
    channel::{CallError, Exchange, Intent, IntentStatus, Operation},
    job::{CapturePayment, Job},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Payment, PaymentStatus},
};
use failpoints::{Point, reach};
use store::{StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{closing::failed, inquiry::Inquiry, subject::seen},
};

const OPERATION: Operation = Operation::CaptureIntent;

impl Handler for CapturePayment {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        for _ in 0..MAX_LOOKS {
            let Some(payment) = context.store.payment(self.payment_id).await? else {
                let message = format!("there is no payment {}", self.payment_id);
                return Ok(Outcome::Fail(Reason::new(ErrorClass::Internal, message)));
            };
            if !is_due(&payment) {
                return Ok(Outcome::Done);
            }
            let credentials = match context.credentials(payment.merchant_id, payment.channel).await? {
                Ok(credentials) => credentials,
                Err(reason) => return Ok(Outcome::Fail(reason)),
            };
            if let Err(limited) = context.channels.admits(payment.channel) {
                return Ok(failed(limited));
            }
            let mut inquiry = Inquiry {
                context,
                run,
                subject: payment,
            };
            let begun = context.clock.now();
            if inquiry.record_unless_changed(said("started")).await? == Verdict::Written {
                reach(Point::CapturePaymentCallNoted);
                return capture(self, &inquiry, &credentials, begun).await;
            }
        }
        Err(StoreError::Contended(self.payment_id.to_string()))
    }
}

/// Nothing is captured of a payment that is closed, or that somebody has begun to close.
fn is_due(payment: &Payment) -> bool {
    let is_open = !payment.status.is_closed() && payment.closing.is_none();
    is_open && payment.status != PaymentStatus::Succeeded && payment.intent_id.is_some()
}

async fn capture(
    job: &CapturePayment,
    inquiry: &Inquiry<'_, Payment>,
    credentials: &Credentials,
    begun: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let Inquiry {
        context,
        run,
        subject,
    } = inquiry;
    let Some(intent) = subject.intent() else {
        return Ok(Outcome::Done);
    };
    // So long after its beginning, others may be about to conclude that the capture had no effect.
    if !context.settling.may_send(begun, context.clock.now()) {
        inquiry.note(said("not_done")).await?;
        let message = "too long after the capture was begun to send it; it will be begun again";
        return Ok(Outcome::Snooze {
            reason: Reason::new(ErrorClass::TimedOut, message),
            delay: context.nap(run.snoozes),
        });
    }
    let capture = Capture {
        payment_id: subject.id,
        job_id: job.id(),
        intent,
    };
    let (result, exchange) = context.channels.capture_intent(credentials, &capture).await;
    reach(Point::CapturePaymentAnswered);
    match result {
        // Heard as news, it would be the wish for another capture, and that for the next.
        Ok(Intent {
            status: IntentStatus::Approved,
            ..
        }) => {
            // Whether the money is on its way is not known.
            let outcome = "unknown";
            inquiry.note(Exchange { outcome, ..exchange }).await?;
            let message = "asked to capture the intent, the provider still shows it as approved only";
            Ok(Outcome::retry(Reason::new(ErrorClass::OutcomeUnknown, message)))
        }
        Ok(intent) => record(inquiry, intent, exchange).await,
        // The provider has declined and did not show what that has left behind. A decline is not the end: the intent is open,
        // and its payer may agree again.
        Err(CallError::Declined(failure)) => {
            let declined = Intent {
                id: capture.intent.id,
                payment_id: Some(subject.id),
                money: subject.money,
                received_minor: 0,
                status: IntentStatus::Declined(failure),
                next_action: None,
                destination: None,
            };
            record(inquiry, declined, exchange).await
        }
        Err(error) => {
            inquiry.note(exchange).await?;
            Ok(failed(error))
        }
    }
}

async fn record(
    inquiry: &Inquiry<'_, Payment>,
    intent: Intent,
    exchange: Exchange,
) -> Result<Outcome, StoreError> {
    let recorded = inquiry.record(seen(intent), exchange).await?;
    Ok(recorded.map_or_else(Outcome::Fail, |()| Outcome::Done))
}

/// What there is to say about a capture apart from the provider's answer.
fn said(outcome: &'static str) -> Exchange {
    Exchange {
        operation: OPERATION,
        outcome,
        intent_id: None,
        error: None,
        duration_ms: 0,
    }
}
