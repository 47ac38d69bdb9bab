//! `query_account`: ask the provider about an account of a user that it has not said to be there.
//!
//! It is looked for among those that were opened since it was asked for. As with payments, a provider that does not answer is no
//! failure of the job: the schedule asks again, and an account whose job is lost comes into review. Once the account is known, callbacks tell how it stands, and nobody asks here.

use domain::{
    job::QueryAccount,
    outcome::{ErrorClass, Outcome, Reason},
};
use store::StoreError;

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::inquiry::{Asked, Inquiry},
};

impl Handler for QueryAccount {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let Some(account) = context.store.connected_account(self.account_id).await? else {
            let message = format!("there is no account {}", self.account_id);
            return Ok(Outcome::Fail(Reason::new(ErrorClass::Internal, message)));
        };
        if account.is_settled() {
            return Ok(Outcome::Done);
        }
        let credentials = match context.credentials(account.merchant_id, account.channel).await? {
            Ok(credentials) => credentials,
            Err(reason) => {
                tracing::warn!(account_id = %self.account_id, %reason, "an account cannot be asked about");
                return Ok(Outcome::Done);
            }
        };
        let inquiry = Inquiry {
            context,
            run,
            subject: account,
        };
        match Box::pin(inquiry.ask(&credentials)).await? {
            Asked::Settled => {}
            Asked::Absent(exchange) => inquiry.give_up(exchange).await?,
            Asked::Mismatch(reason) => {
                tracing::error!(account_id = %self.account_id, %reason, "the provider's account is another one");
                inquiry.lose_sight().await?;
            }
            Asked::Silent(reason) => {
                tracing::info!(account_id = %self.account_id, %reason, "it is not known whether the account was opened");
                inquiry.lose_sight().await?;
            }
            Asked::TooSoon { reason, .. } => {
                tracing::info!(account_id = %self.account_id, %reason, "the account stays as it is");
            }
        }
        Ok(Outcome::Done)
    }
}
