//! What a callback about a refund does to it and to its payment.

use domain::{
    channel::ChannelRefund,
    refund::{Refund, RefundEvent, RefundStatus},
};
use store::StoreError;

use super::{Intake, Judged, mismatch};
use crate::jobs::change::record_of_refund;

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

/// Whether the job that had the refund made has yet to store what the provider answered. Once that job has ended without
/// an answer, the callback itself is the news.
fn is_early(refund: &Refund) -> bool {
    refund.channel_refund_id.is_none() && refund.status == RefundStatus::Pending
}
