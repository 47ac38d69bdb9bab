//! What a callback about a refund does to it and to its payment.

use domain::{
    channel::ChannelRefund,
    id::RefundId,
    outcome::{ErrorClass, Outcome, Reason},
    refund::{Refund, RefundEvent, RefundStatus},
};
use store::StoreError;

use super::{Intake, Judged, mismatch};
use crate::jobs::{change::record_of_refund, subject::RefundOfPayment};

impl Intake<'_> {
    pub(super) async fn judge_refund(&self, seen: &ChannelRefund) -> Result<Judged, StoreError> {
        // Somebody made it at the provider: a reconciliation finds it.
        let Some(refund_id) = seen.refund_id else {
            return Ok(Judged::Foreign);
        };
        let store = &self.context.store;
        let refund = match store.refund(refund_id).await? {
            Some(refund) if refund.merchant_id == self.job.merchant_id => refund,
            Some(_) | None => {
                let message = format!("it names {refund_id}, which this merchant does not have");
                return Ok(mismatch(message));
            }
        };
        if is_early(&refund) {
            return Ok(self.too_early(format!("the provider's id of {refund_id} is not stored yet")));
        }
        let payment_id = refund.payment_id;
        let Some(payment) = store.payment(payment_id).await? else {
            return Ok(mismatch(format!("{refund_id} is stored without its payment")));
        };
        if let Some(parked) = self.of_another_account(&payment) {
            return Ok(parked);
        }
        let applied = match refund.apply(payment, RefundEvent::Seen(seen.clone())) {
            Ok(applied) => applied,
            Err(error) => return Ok(mismatch(error.to_string())),
        };
        Ok(Judged::About {
            payment_id,
            changed: applied.changed,
            record: Box::new(record_of_refund(self.context, self.run, applied).await?),
        })
    }
}

impl Intake<'_> {
    /// The callback does not say enough of the refund, so its provider is asked. One that it does not show yet is asked about
    /// again: that it was told is no proof of how it stands.
    pub(super) async fn judge_told(&self, refund_id: RefundId) -> Result<Judged, StoreError> {
        let (store, channels) = (&self.context.store, &self.context.channels);
        let refund = match store.refund(refund_id).await? {
            Some(refund) if refund.merchant_id == self.job.merchant_id => refund,
            // Somebody made it at the provider: its number is none of ours, though it looks like one.
            Some(_) | None => return Ok(Judged::Foreign),
        };
        let credentials = match self
            .context
            .credentials(refund.merchant_id, refund.channel)
            .await?
        {
            Ok(credentials) => credentials,
            Err(reason) => return Ok(Judged::NotTaken(Outcome::Fail(reason))),
        };
        let subject = RefundOfPayment::load(store, refund).await?;
        let Some(known) = subject.and_then(|subject| subject.known()) else {
            return Ok(self.too_early(format!("the provider's id of {refund_id} is not stored yet")));
        };
        let asked = channels.find_refund(&credentials, &known.intent, refund_id);
        match asked.await.0 {
            Ok(Some(seen)) => self.judge_refund(&seen).await,
            Ok(None) => {
                let message = format!("the provider tells of {refund_id} and does not show it yet");
                let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
                Ok(Judged::NotTaken(Outcome::retry(reason)))
            }
            Err(error) => Ok(Self::not_told("how the refund stands", &error)),
        }
    }
}

/// Whether the job that had the refund made has yet to store what the provider answered. Once that job has ended without
/// an answer, the callback itself is the news.
fn is_early(refund: &Refund) -> bool {
    refund.channel_refund_id.is_none() && refund.status == RefundStatus::Pending
}
