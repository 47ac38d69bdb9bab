//! `query_refund`: ask the provider about a refund whose end it has not told.
//!
//! One whose call was never answered is looked for; one that the provider has taken is asked about by its id. As with
//! payments, a provider that does not answer is no failure of the job: the schedule asks again. A refund that Sluice owes
//! by itself, of a payment that came too late, is made here when the provider had been away.

use channels::Credentials;
use domain::{
    job::QueryRefund,
    outcome::{ErrorClass, Outcome, Reason},
    refund::{Refund, RefundEvent, RefundStatus},
};
use store::StoreError;

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::{
        inquiry::{Asked, Inquiry},
        opening::{give_up, open},
        people,
        subject::{RefundOfPayment, Subject},
    },
};

impl Handler for QueryRefund {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let missing = |what: String| Outcome::Fail(Reason::new(ErrorClass::Internal, what));
        let Some(refund) = context.store.refund(self.refund_id).await? else {
            return Ok(missing(format!("there is no refund {}", self.refund_id)));
        };
        if !is_due(&refund) {
            return Ok(Outcome::Done);
        }
        let Some(subject) = RefundOfPayment::load(&context.store, refund).await? else {
            return Ok(missing(format!("there is no payment {}", self.payment_id)));
        };
        if subject.is_owed() && subject.is_in_review() {
            return Box::pin(make_again(context, run, subject)).await;
        }
        let (merchant_id, channel) = (subject.refund.merchant_id, subject.refund.channel);
        let credentials = match context.credentials(merchant_id, channel).await? {
            Ok(credentials) => credentials,
            Err(reason) => {
                tracing::warn!(refund_id = %self.refund_id, %reason, "a refund cannot be asked about");
                return Ok(Outcome::Done);
            }
        };
        let inquiry = Inquiry {
            context,
            run,
            subject,
        };
        match Box::pin(ask(&inquiry, &credentials)).await? {
            Asked::Settled => {}
            Asked::Absent(exchange) => inquiry.give_up(exchange).await?,
            Asked::Mismatch(reason) => {
                tracing::error!(refund_id = %self.refund_id, %reason, "the provider's refund is not this refund's");
            }
            Asked::TooSoon { reason, .. } | Asked::Silent(reason) => {
                tracing::info!(refund_id = %self.refund_id, %reason, "the refund stays as it is");
            }
        }
        Ok(Outcome::Done)
    }
}

/// Has the provider make a refund that nobody would ask for again: it is asked what it has, and called when it has
/// nothing. Only its own refusal ends such a refund; until then the schedule comes back.
async fn make_again(context: &Context, run: &Run, subject: RefundOfPayment) -> Result<Outcome, StoreError> {
    match open(context, run, subject.clone(), false).await? {
        Outcome::Fail(reason) if reason.class == ErrorClass::Refused => {
            if let Some(subject) = subject.again(&context.store).await? {
                let record = give_up(context, run, subject, &reason).await?;
                // When it changed, there is news; when it still is in review then, the next query calls again.
                context.recorder.write(record).await?;
            }
            Ok(Outcome::Done)
        }
        Outcome::Fail(reason) | Outcome::Retry { reason, .. } => {
            tracing::info!(refund_id = %subject.refund.id, %reason, "the refund of a late payment still waits");
            Ok(Outcome::Done)
        }
        outcome @ (Outcome::Done | Outcome::Snooze { .. }) => Ok(outcome),
    }
}

/// What its own job has not called for yet is not asked about; and once it has succeeded, only a callback can tell that
/// it failed after all.
const fn is_due(refund: &Refund) -> bool {
    match refund.status {
        RefundStatus::NeedsReview | RefundStatus::Processing => true,
        RefundStatus::Pending | RefundStatus::Succeeded | RefundStatus::Failed => false,
    }
}

async fn ask(inquiry: &Inquiry<'_, RefundOfPayment>, credentials: &Credentials) -> Result<Asked, StoreError> {
    let Some(refund) = inquiry.subject.known() else {
        return inquiry.ask(credentials).await;
    };
    let channels = &inquiry.context.channels;
    let (result, exchange) = channels.retrieve_refund(credentials, &refund).await;
    match result {
        Ok(seen) => {
            people::call_to_refund(inquiry.subject.refund.channel, &seen);
            inquiry.learn(RefundEvent::Seen(seen), exchange).await
        }
        Err(error) => inquiry.be_left_without(&error, exchange).await,
    }
}
