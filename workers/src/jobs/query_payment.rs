//! `query_payment`: ask the provider about a payment whose end it has not told.
//!
//! An intent that is known is asked about by its id. One that is not is looked for: either the provider shows it, or it
//! surely has none, or the payment stays as it is until the next query. A provider that does not answer is no failure of
//! the job: the schedule asks again, and the payment stays in sight meanwhile. So nothing is retried or parked here but
//! for defects of our own.

use channels::Credentials;
use domain::{
    channel::{Intent, IntentStatus},
    job::QueryPayment,
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Payment, PaymentStatus},
};
use store::StoreError;

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::{
        inquiry::{Asked, Inquiry},
        subject::seen,
    },
};

impl Handler for QueryPayment {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let Some(payment) = context.store.payment(self.payment_id).await? else {
            let message = format!("there is no payment {}", self.payment_id);
            return Ok(Outcome::Fail(Reason::new(ErrorClass::Internal, message)));
        };
        if !is_due(&payment) {
            return Ok(Outcome::Done);
        }
        let credentials = match context.credentials(payment.merchant_id, payment.channel).await? {
            Ok(credentials) => credentials,
            Err(reason) => {
                tracing::warn!(payment_id = %payment.id, %reason, "a payment cannot be asked about");
                return Ok(Outcome::Done);
            }
        };
        let inquiry = Inquiry {
            context,
            run,
            subject: payment,
        };
        match ask(&inquiry, &credentials).await? {
            Asked::Settled => {}
            Asked::Absent(exchange) => inquiry.give_up(exchange).await?,
            Asked::Mismatch(reason) => {
                tracing::error!(payment_id = %self.payment_id, %reason, "the provider's intent is not the payment's");
            }
            Asked::TooSoon { reason, .. } | Asked::Silent(reason) => {
                tracing::info!(payment_id = %self.payment_id, %reason, "the payment stays as it is");
            }
        }
        Ok(Outcome::Done)
    }
}

/// What its own job has yet to open is not asked about. What was closed is not claimed by the sweep either; but should
/// somebody ask, its money may have come late.
const fn is_due(payment: &Payment) -> bool {
    match payment.status {
        PaymentStatus::NeedsReview => true,
        PaymentStatus::Succeeded => false,
        PaymentStatus::Pending
        | PaymentStatus::RequiresAction
        | PaymentStatus::Processing
        | PaymentStatus::Failed
        | PaymentStatus::Canceled
        | PaymentStatus::Expired => payment.intent_id.is_some(),
    }
}

/// Whether what the payer agreed to may be what was declined since. The provider shows both alike; a new agreement is told by
/// a callback. To capture on this alone could charge somebody who was told that it failed, and has paid in another way.
fn is_old_agreement(payment: &Payment, intent: &Intent) -> bool {
    payment.status == PaymentStatus::Failed && intent.status == IntentStatus::Approved
}

async fn ask(inquiry: &Inquiry<'_, Payment>, credentials: &Credentials) -> Result<Asked, StoreError> {
    let Some(intent) = inquiry.subject.intent() else {
        return inquiry.ask(credentials).await;
    };
    let channels = &inquiry.context.channels;
    let (result, exchange) = channels.retrieve_intent(credentials, &intent).await;
    match result {
        Ok(intent) if is_old_agreement(&inquiry.subject, &intent) => {
            inquiry.note(exchange).await?;
            Ok(Asked::Settled)
        }
        Ok(intent) => inquiry.learn(seen(intent), exchange).await,
        Err(error) => inquiry.be_left_without(&error, exchange).await,
    }
}
