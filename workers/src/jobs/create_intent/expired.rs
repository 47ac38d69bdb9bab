//! A payment whose time was over before an intent was opened for it.
//!
//! It is closed here alone, because its provider surely has nothing to close. While a call that opened its intent may
//! have had an effect, the provider is asked first; an intent that is found is stored, and the expiry sweep closes it.

use domain::{
    channel::Exchange,
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Closing, Payment, PaymentEvent},
};
use store::{StoreError, Verdict};

use crate::{
    context::Context,
    execute::Run,
    jobs::{
        inquiry::{Asked, Inquiry},
        subject::Subject,
    },
};

/// Lets the payment expire. `is_new` says whether this very run has stored it, which counts as the beginning of a call
/// that is now not made.
pub async fn close_unopened(
    context: &Context,
    run: &Run,
    payment: Payment,
    is_new: bool,
) -> Result<Outcome, StoreError> {
    let inquiry = Inquiry {
        context,
        run,
        subject: payment,
    };
    if is_new {
        return close(&inquiry, Some(never_made())).await;
    }
    if inquiry.open_call().await?.is_none() {
        return close(&inquiry, None).await;
    }
    let payment = &inquiry.subject;
    let credentials = match context.credentials(payment.merchant_id, payment.channel).await? {
        Ok(credentials) => credentials,
        Err(reason) => return Ok(Outcome::Fail(reason)),
    };
    match inquiry.ask(&credentials).await? {
        Asked::Settled => Ok(Outcome::Done),
        Asked::Mismatch(reason) => Ok(Outcome::Fail(reason)),
        Asked::TooSoon { reason, wait } => Ok(Outcome::Snooze { reason, delay: wait }),
        Asked::Silent(reason) => Ok(Outcome::retry(reason)),
        Asked::Absent(exchange) => close(&inquiry, Some(exchange)).await,
    }
}

/// Writes that it has expired, unless it has changed since it was read: then somebody may have begun a call.
async fn close(inquiry: &Inquiry<'_, Payment>, exchange: Option<Exchange>) -> Result<Outcome, StoreError> {
    let Inquiry {
        context,
        run,
        subject,
    } = inquiry;
    let closed = PaymentEvent::Closed(Closing::Expired);
    let mut record = match subject.clone().hear(context, run, closed).await? {
        Ok(record) => record,
        Err(problem) => return Ok(Outcome::retry(Reason::new(ErrorClass::Internal, problem))),
    };
    if let Some(exchange) = exchange {
        subject.add_exchange(&mut record, run, exchange, context.clock.now());
    }
    Ok(match context.recorder.write(record).await? {
        Verdict::Written => Outcome::Done,
        Verdict::Stale | Verdict::Duplicate => Outcome::Snooze {
            reason: Reason::new(
                ErrorClass::OutcomeUnknown,
                "the payment changed as it was about to expire",
            ),
            delay: context.nap(run.snoozes),
        },
    })
}

/// What ends the call that storing the payment had begun.
fn never_made() -> Exchange {
    Exchange {
        operation: Payment::CALL,
        outcome: "not_done",
        intent_id: None,
        error: Some("the payment had expired before its intent was opened".into()),
        duration_ms: 0,
    }
}
