//! `query_payment`: ask the provider about a payment whose end it has not told.
//!
//! Either the provider shows the intent, or it surely has none, or the payment stays as it is until the next query. A
//! provider that does not answer is no failure of the job: the schedule asks again, and the payment stays in sight
//! meanwhile. So nothing is retried or parked here but for defects of our own.

use domain::{
    channel::Exchange,
    job::QueryPayment,
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Failure, PaymentEvent, PaymentStatus},
};
use failpoints::{Point, reach};
use store::{Record, StoreError};

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::{
        change::record_of,
        inquiry::{Asked, Inquiry},
    },
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
            payment,
        };
        match inquiry.ask(&credentials).await? {
            Asked::Settled => {}
            Asked::Absent(exchange) => give_up(&inquiry, exchange).await?,
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

/// The provider surely has no intent: the payment is failed, unless something happened to it meanwhile.
async fn give_up(inquiry: &Inquiry<'_>, exchange: Exchange) -> Result<(), StoreError> {
    let context = inquiry.context;
    let event = PaymentEvent::GaveUp(Failure::provider_unavailable());
    // The event cannot be refused: it is about the payment alone.
    let Ok(applied) = inquiry.payment.clone().apply(event) else {
        return Ok(());
    };
    let record = Record {
        exchanges: vec![inquiry.exchange_record(exchange)],
        ..record_of(context, inquiry.run, applied).await?
    };
    reach(Point::QueryPaymentAbsent);
    // When it changed, there is news; when it still is in review then, the next query asks again.
    context.recorder.write(record).await.map(drop)
}
