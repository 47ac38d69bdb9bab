//! What a callback about money comes to that was sent for a withdrawal and taken back.
//!
//! Sluice takes back nothing of what it has paid out, so somebody has done it at the provider, for a reason that only people know:
//! whether the money is the merchant's now, or its user's again, cannot be told from here. So people are called, and the books stay
//! as they are until an administrator corrects the wallet. A payout whose end is not known yet stays in review. The callback is
//! parked and not taken in: so it waits for people until one of them discards it, whoever dies or looks away meanwhile.

use domain::channel::ChannelTransfer;
use store::StoreError;

use super::{Intake, Judged, mismatch};
use crate::jobs::people;

impl Intake<'_> {
    pub(super) async fn judge_reversal(&self, seen: &ChannelTransfer) -> Result<Judged, StoreError> {
        let Some(withdrawal_id) = seen.withdrawal_id else {
            return Ok(Judged::Foreign);
        };
        let withdrawal = self.context.store.withdrawal(withdrawal_id).await?;
        let is_the_merchants = withdrawal.is_some_and(|found| found.merchant_id == self.job.merchant_id);
        if !is_the_merchants {
            let message = format!("it names {withdrawal_id}, which this merchant does not have");
            return Ok(mismatch(message));
        }
        people::call_to_reversal(self.job.channel, seen);
        let (reversed_minor, sent) = (seen.reversed_minor, &seen.id);
        Ok(mismatch(format!(
            "{reversed_minor} of {sent}, which pays {withdrawal_id}, were taken back; say whose the money is, correct the wallet, \
             and discard this"
        )))
    }
}
