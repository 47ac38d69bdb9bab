//! What a callback about an intent does to its payment.

use domain::{
    channel::{Intent, IntentStatus},
    payment::{Payment, PaymentEvent, PaymentStatus},
};
use store::StoreError;

use super::{Intake, Judged, mismatch};
use crate::jobs::change::record_of;

impl Intake<'_> {
    pub(super) async fn judge_intent(
        &self,
        intent: &Intent,
        change: &IntentStatus,
    ) -> Result<Judged, StoreError> {
        // Other systems may share the provider's account: an intent without our mark is none of ours.
        let Some(payment_id) = intent.payment_id else {
            return Ok(Judged::Foreign);
        };
        let payment = match self.context.store.payment(payment_id).await? {
            Some(payment) if payment.merchant_id == self.job.merchant_id => payment,
            Some(_) | None => {
                let message = format!("it names {payment_id}, which this merchant does not have");
                return Ok(mismatch(message));
            }
        };
        if payment.channel != self.job.channel {
            let message = format!("it names {payment_id}, which goes through {}", payment.channel);
            return Ok(mismatch(message));
        }
        if let Some(parked) = self.of_another_account(&payment) {
            return Ok(parked);
        }
        if is_early(&payment) {
            return Ok(self.too_early(format!("the intent of {payment_id} is not stored yet")));
        }
        let event = PaymentEvent::IntentSeen {
            intent: intent.clone(),
            change: change.clone(),
        };
        let applied = match payment.apply(event) {
            Ok(applied) => applied,
            Err(error) => return Ok(mismatch(error.to_string())),
        };
        Ok(Judged::About {
            payment_id,
            changed: applied.changed,
            record: Box::new(record_of(self.context, self.run, applied).await?),
        })
    }
}

/// Whether the job that opened the intent has yet to store it. Once that job has ended without an intent, the callback
/// itself is the news.
fn is_early(payment: &Payment) -> bool {
    payment.intent_id.is_none() && payment.status == PaymentStatus::Pending
}
