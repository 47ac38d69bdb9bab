//! `query_payment`: ask the provider about a payment whose end it has not told.
//!
//! Either the provider shows the intent, or it surely has none, or the payment stays as it is until the next query. A
//! provider that does not answer is no failure of the job: the schedule asks again, and the payment stays in sight
//! meanwhile. So nothing is retried or parked here but for defects of our own.

use domain::{
    job::QueryPayment,
    outcome::{ErrorClass, Outcome, Reason},
    payment::PaymentStatus,
};
use store::StoreError;

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::inquiry::{Asked, Inquiry},
};

impl Handler for QueryPayment {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let Some(payment) = context.store.payment(self.payment_id).await? else {
            let message = format!("there is no payment {}", self.payment_id);
            return Ok(Outcome::Fail(Reason::new(ErrorClass::Internal, message)));
        };
        if payment.status != PaymentStatus::NeedsReview {
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
        match inquiry.ask(&credentials).await? {
            Asked::Settled => {}
            Asked::Absent(exchange) => inquiry.give_up(exchange).await?,
            Asked::Mismatch(reason) => {
                tracing::error!(payment_id = %self.payment_id, %reason, "the provider's intent is not the payment's");
            }
            Asked::TooSoon { reason, .. } | Asked::Silent(reason) => {
                tracing::info!(payment_id = %self.payment_id, %reason, "the payment stays in review");
            }
        }
        Ok(Outcome::Done)
    }
}
