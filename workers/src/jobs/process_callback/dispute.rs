//! What a callback about a dispute does to it and to its payment.
//!
//! A dispute names the provider's intent and carries no mark of ours. When no payment here knows the intent, it may still
//! be ours: the intent may not be stored yet, or its payment may be in review. So its provider is asked whose it is.

use domain::{
    channel::{ChannelDispute, IntentRef},
    dispute::Dispute,
    id::{DisputeId, PaymentId},
    outcome::Outcome,
};
use store::StoreError;

use super::{Intake, Judged, mismatch};
use crate::jobs::change::record_of_dispute;

impl Intake<'_> {
    pub(super) async fn judge_dispute(&self, seen: &ChannelDispute) -> Result<Judged, StoreError> {
        let (merchant_id, channel) = (self.job.merchant_id, self.job.channel);
        let store = &self.context.store;
        // The payment first: its version guards the dispute's, so what is read after it is never older.
        let payment = store
            .payment_of_intent(merchant_id, channel, &seen.intent_id)
            .await?;
        let Some(payment) = payment else {
            return self.judge_unknown(&seen.intent_id).await;
        };
        if let Some(parked) = self.of_another_account(&payment) {
            return Ok(parked);
        }
        let dispute_id = DisputeId::derive(merchant_id, channel.name(), &seen.id);
        let stored = store.dispute(dispute_id).await?;
        let payment_id = payment.id;
        let now = self.context.clock.now();
        let applied = match Dispute::see(stored, payment, seen.clone(), now) {
            Ok(applied) => applied,
            Err(error) => return Ok(mismatch(error.to_string())),
        };
        Ok(Judged::About {
            payment_id,
            changed: applied.changed,
            record: Box::new(record_of_dispute(self.run, applied)),
        })
    }

    /// No payment of the merchant knows the intent.
    async fn judge_unknown(&self, intent_id: &str) -> Result<Judged, StoreError> {
        let (merchant_id, channel) = (self.job.merchant_id, self.job.channel);
        let credentials = match self.context.credentials(merchant_id, channel).await? {
            Ok(credentials) => credentials,
            Err(reason) => return Ok(Judged::NotTaken(Outcome::Fail(reason))),
        };
        let intent = IntentRef {
            connected_account: self.account.clone(),
            ..IntentRef::named(intent_id)
        };
        let (asked, _) = self.context.channels.retrieve_intent(&credentials, &intent).await;
        match asked {
            Ok(intent) => match intent.payment_id {
                Some(payment_id) => self.judge_early(intent_id, payment_id).await,
                None => Ok(Judged::Foreign),
            },
            Err(error) => Ok(Self::not_told("whose the disputed intent is", &error)),
        }
    }

    /// The intent carries the mark of a payment that does not know it.
    async fn judge_early(&self, intent_id: &str, payment_id: PaymentId) -> Result<Judged, StoreError> {
        let payment = self.context.store.payment(payment_id).await?;
        Ok(match payment {
            Some(payment) if payment.merchant_id != self.job.merchant_id => foreign_mark(payment_id),
            None => foreign_mark(payment_id),
            Some(payment)
                if payment
                    .intent_id
                    .as_deref()
                    .is_none_or(|known| known == intent_id) =>
            {
                self.too_early(format!("the intent of {payment_id} is not stored yet"))
            }
            Some(payment) => {
                let known = payment.intent_id.unwrap_or_default();
                mismatch(format!(
                    "it is about {intent_id}, which carries the mark of {payment_id}, but that belongs to {known}"
                ))
            }
        })
    }
}

fn foreign_mark(payment_id: PaymentId) -> Judged {
    mismatch(format!(
        "its intent names {payment_id}, which this merchant does not have"
    ))
}
