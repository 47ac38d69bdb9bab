//! `expire_payment`: close a payment that was not paid in time.
//!
//! Only what the provider has closed expires here; what it shows paid was paid in time. What a payer has agreed to and we have
//! not captured was not paid. As with queries, a provider that does not answer, or is at work on the payment, is no failure
//! of the job: the payment is claimed again later, and stays in sight meanwhile.

use domain::{
    job::{ExpirePayment, Job},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Closing, Payment, PaymentStatus},
};
use store::{StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{
        closing::{self, Answer},
        inquiry::Inquiry,
        subject::seen,
    },
};

impl Handler for ExpirePayment {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        for _ in 0..MAX_LOOKS {
            let Some(payment) = context.store.payment(self.payment_id).await? else {
                let message = format!("there is no payment {}", self.payment_id);
                return Ok(Outcome::Fail(Reason::new(ErrorClass::Internal, message)));
            };
            let cancellation = closing::cancellation(&payment, self.id());
            let Some(cancellation) = cancellation.filter(|_| is_due(context, &payment)) else {
                return Ok(Outcome::Done);
            };
            let credentials = match context.credentials(payment.merchant_id, payment.channel).await? {
                Ok(credentials) => credentials,
                Err(reason) => {
                    tracing::warn!(payment_id = %payment.id, %reason, "an expired payment cannot be closed");
                    return Ok(Outcome::Done);
                }
            };
            if closing::note(context, run, payment.clone(), Closing::Expired).await? == Verdict::Written {
                let answer = closing::close(context, run, &credentials, &cancellation).await?;
                return Box::pin(record(context, run, payment, answer)).await;
            }
        }
        Err(StoreError::Contended(self.payment_id.to_string()))
    }
}

/// It may have been paid or closed since it was claimed.
fn is_due(context: &Context, payment: &Payment) -> bool {
    let is_open = match payment.status {
        PaymentStatus::RequiresAction | PaymentStatus::Failed => true,
        PaymentStatus::Processing => channels::capabilities(payment.channel).captures,
        PaymentStatus::Pending
        | PaymentStatus::NeedsReview
        | PaymentStatus::Canceled
        | PaymentStatus::Expired
        | PaymentStatus::Succeeded => false,
    };
    is_open && payment.expires_at <= context.clock.now()
}

/// Writes what the provider said, and what that does to the payment as it stands by now.
async fn record(
    context: &Context,
    run: &Run,
    payment: Payment,
    answer: Answer,
) -> Result<Outcome, StoreError> {
    let inquiry = Inquiry {
        context,
        run,
        subject: payment,
    };
    let Answer {
        seen: shown,
        mut exchanges,
        ..
    } = answer;
    // It was the last exchange that showed the intent; those before changed nothing.
    let showing = shown.and_then(|intent| Some((intent, exchanges.pop()?)));
    for exchange in exchanges {
        inquiry.note(exchange).await?;
    }
    if let Some((intent, exchange)) = showing
        && let Err(reason) = inquiry.record(seen(intent), exchange).await?
    {
        let payment_id = inquiry.subject.id;
        tracing::error!(%payment_id, %reason, "the provider's intent is not the payment's");
    }
    Ok(Outcome::Done)
}
