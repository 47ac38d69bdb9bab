//! A payment that nobody wants any more before an intent was opened for it: its time is over, or its order was paid or
//! canceled meanwhile.
//!
//! It is closed here alone, because its provider surely has nothing to close. While a call that opened its intent may
//! have had an effect, the provider is asked first; an intent that is found is stored, and the expiry sweep closes it.
//!
//! An order may be paid or canceled just after it was looked at. Then the payment is opened, and what it brings is given back.

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
        opening::not_sent,
        subject::Subject,
    },
};

/// Why no intent is opened for the payment as it stands; none when one is.
///
/// # Errors
/// PostgreSQL is away.
pub async fn why_not(context: &Context, payment: &Payment) -> Result<Option<Closing>, StoreError> {
    if payment.expires_at <= context.clock.now() {
        return Ok(Some(Closing::Expired));
    }
    let Some(order_id) = payment.request.order_id else {
        return Ok(None);
    };
    let order = Box::pin(context.store.order(order_id)).await?;
    let takes = order.is_none_or(|order| order.takes(payment.id));
    Ok((!takes).then_some(Closing::Canceled))
}

/// Lets the payment expire, or cancels it. `is_new` says whether this very run has stored it, which counts as the beginning
/// of a call that is now not made.
pub async fn close(
    context: &Context,
    run: &Run,
    payment: Payment,
    why: Closing,
    is_new: bool,
) -> Result<Outcome, StoreError> {
    let inquiry = Inquiry {
        context,
        run,
        subject: payment,
    };
    if is_new {
        let never_made = not_sent::<Payment>("nobody wants the payment any more");
        return record(&inquiry, why, Some(never_made)).await;
    }
    if inquiry.open_call().await?.is_none() {
        return record(&inquiry, why, None).await;
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
        Asked::Absent(exchange) => record(&inquiry, why, Some(exchange)).await,
    }
}

/// Writes that it is closed, unless it has changed since it was read: then somebody may have begun a call.
async fn record(
    inquiry: &Inquiry<'_, Payment>,
    why: Closing,
    exchange: Option<Exchange>,
) -> Result<Outcome, StoreError> {
    let Inquiry {
        context,
        run,
        subject,
    } = inquiry;
    let closed = PaymentEvent::Closed(why);
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
                "the payment changed as it was about to be closed",
            ),
            delay: context.nap(run.snoozes),
        },
    })
}
