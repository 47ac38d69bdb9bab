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
        match self.subject(refund_id).await? {
            Ok(subject) => self.judge_seen(subject, seen.clone()).await,
            Err(judged) => Ok(judged),
        }
    }

    /// The callback does not say enough of the refund, so its provider is asked. One that it does not show yet is asked about
    /// again: that it was told is no proof of how it stands.
    pub(super) async fn judge_told(&self, refund_id: RefundId) -> Result<Judged, StoreError> {
        let subject = match self.subject(refund_id).await? {
            Ok(subject) => subject,
            Err(judged) => return Ok(judged),
        };
        let Some(known) = subject.known() else {
            return Ok(self.not_stored_yet(refund_id));
        };
        let RefundOfPayment { refund, .. } = &subject;
        let credentials = match self
            .context
            .credentials(refund.merchant_id, refund.channel)
            .await?
        {
            Ok(credentials) => credentials,
            Err(reason) => return Ok(Judged::NotTaken(Outcome::Fail(reason))),
        };
        let channels = &self.context.channels;
        let asked = channels.find_refund(&credentials, &known.intent, refund_id);
        match asked.await.0 {
            Ok(Some(seen)) => self.judge_seen(subject, seen).await,
            Ok(None) => {
                let message = format!("the provider tells of {refund_id} and does not show it yet");
                let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
                Ok(Judged::NotTaken(Outcome::retry(reason)))
            }
            Err(error) => Ok(Self::not_told("how the refund stands", &error)),
        }
    }

    /// The merchant's refund of this id, or what the callback comes to without it.
    async fn subject(&self, refund_id: RefundId) -> Result<Result<RefundOfPayment, Judged>, StoreError> {
        let store = &self.context.store;
        let refund = match store.refund(refund_id).await? {
            Some(refund) if refund.merchant_id == self.job.merchant_id => refund,
            Some(_) | None => {
                let message = format!("it names {refund_id}, which this merchant does not have");
                return Ok(Err(mismatch(message)));
            }
        };
        if is_early(&refund) {
            return Ok(Err(self.not_stored_yet(refund_id)));
        }
        Ok(match RefundOfPayment::load(store, refund).await? {
            Some(subject) => match self.of_another_account(&subject.payment) {
                Some(parked) => Err(parked),
                None => Ok(subject),
            },
            None => Err(mismatch(format!("{refund_id} is stored without its payment"))),
        })
    }

    async fn judge_seen(&self, subject: RefundOfPayment, seen: ChannelRefund) -> Result<Judged, StoreError> {
        let RefundOfPayment { refund, payment, .. } = subject;
        let payment_id = payment.id;
        let applied = match refund.apply(payment, RefundEvent::Seen(seen)) {
            Ok(applied) => applied,
            Err(error) => return Ok(mismatch(error.to_string())),
        };
        let changed = applied.changed;
        Ok(match record_of_refund(self.context, self.run, applied).await? {
            Ok(record) => Judged::About {
                payment_id,
                changed,
                record: Box::new(record),
            },
            Err(refused) => mismatch(refused.to_string()),
        })
    }

    fn not_stored_yet(&self, refund_id: RefundId) -> Judged {
        self.too_early(format!("the provider's id of {refund_id} is not stored yet"))
    }
}

/// Whether the job that had the refund made has yet to store what the provider answered. Once that job has ended without
/// an answer, the callback itself is the news.
fn is_early(refund: &Refund) -> bool {
    refund.channel_refund_id.is_none() && refund.status == RefundStatus::Pending
}
