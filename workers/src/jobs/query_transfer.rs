//! `query_transfer`: ask the provider about a payout whose end it has not told.
//!
//! It is looked for by its group. As with payments, a provider that does not answer is no failure of the job: the schedule asks
//! again, and the money stays set aside meanwhile. What was surely not sent, long enough after the last call, fails, and its money
//! is free in the wallet. What was sent otherwise than it was asked for is for people, whenever it is seen. A payout whose job is
//! lost comes into review here, when nothing can be learnt of it.

use domain::{
    job::QueryTransfer,
    outcome::{ErrorClass, Outcome, Reason},
    wallet::WithdrawalStatus,
};
use store::StoreError;

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::{
        inquiry::{Asked, Inquiry},
        people,
        subject::{PayoutOfWithdrawal, Subject},
    },
};

impl Handler for QueryTransfer {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let missing = |what: String| Outcome::Fail(Reason::new(ErrorClass::Internal, what));
        let Some(withdrawal) = context.store.withdrawal(self.withdrawal_id).await? else {
            return Ok(missing(format!("there is no withdrawal {}", self.withdrawal_id)));
        };
        if withdrawal.status != WithdrawalStatus::Processing {
            return Ok(Outcome::Done);
        }
        let Some(subject) = PayoutOfWithdrawal::load(&context.store, withdrawal).await? else {
            return Ok(missing(format!("{} is paid to no account", self.withdrawal_id)));
        };
        let (merchant_id, channel) = (subject.merchant_id(), subject.channel());
        let credentials = match context.credentials(merchant_id, channel).await? {
            Ok(credentials) => credentials,
            Err(reason) => {
                tracing::warn!(withdrawal_id = %self.withdrawal_id, %reason, "a payout cannot be asked about");
                return Ok(Outcome::Done);
            }
        };
        let inquiry = Inquiry {
            context,
            run,
            subject,
        };
        match Box::pin(inquiry.ask(&credentials)).await? {
            Asked::Settled => {}
            Asked::Absent(exchange) => inquiry.give_up(exchange).await?,
            Asked::Mismatch(reason) => {
                people::call_to_payout(channel, self.withdrawal_id, &reason);
                inquiry.lose_sight().await?;
            }
            Asked::Silent(reason) => {
                tracing::info!(withdrawal_id = %self.withdrawal_id, %reason, "it is not known whether the payout was sent");
                inquiry.lose_sight().await?;
            }
            Asked::TooSoon { reason, .. } => {
                tracing::info!(withdrawal_id = %self.withdrawal_id, %reason, "the payout stays as it is");
            }
        }
        Ok(Outcome::Done)
    }
}
