//! What a callback about a connected account does to it.
//!
//! Callbacks come late, twice and in any order, and nothing in them says which one is newer. So one of them is a call to ask:
//! the account is read, its provider asked, and the answer stored over the version that was read. Whoever was overtaken in
//! between asks again.

use domain::{
    channel::CallError,
    connect::{AccountEvent, AccountStatus, ConnectedAccount},
    id::ConnectedAccountId,
    outcome::{ErrorClass, Outcome, Reason},
};
use store::StoreError;

use super::{Intake, Judged, mismatch};
use crate::jobs::change::record_of_account;

impl Intake<'_> {
    pub(super) async fn judge_account(
        &self,
        channel_account_id: &str,
        marked: Option<ConnectedAccountId>,
    ) -> Result<Judged, StoreError> {
        match self.known_account(channel_account_id, marked).await? {
            // Nothing changes it any more, and the provider may not even show it.
            Ok(account) if account.status.is_over() => Ok(Judged::OfAccount {
                changed: false,
                record: Box::default(),
            }),
            Ok(account) => self.ask_how_it_stands(account, channel_account_id).await,
            Err(judged) => Ok(judged),
        }
    }

    /// The merchant may use the account no more. That is told once and is final, so it needs no question.
    pub(super) async fn judge_lost_account(&self, channel_account_id: &str) -> Result<Judged, StoreError> {
        let (merchant_id, channel) = (self.job.merchant_id, self.job.channel);
        let store = &self.context.store;
        let known = store
            .account_of_channel(merchant_id, channel, channel_account_id)
            .await?;
        let Some(account) = known else {
            return Ok(Judged::Foreign);
        };
        Ok(self.after_event(account, AccountEvent::Deauthorized))
    }

    /// The account that the callback is about, or what the callback comes to without it.
    async fn known_account(
        &self,
        channel_account_id: &str,
        marked: Option<ConnectedAccountId>,
    ) -> Result<Result<ConnectedAccount, Judged>, StoreError> {
        let (merchant_id, channel) = (self.job.merchant_id, self.job.channel);
        let store = &self.context.store;
        let known = store
            .account_of_channel(merchant_id, channel, channel_account_id)
            .await?;
        if let Some(account) = known {
            return Ok(Ok(account));
        }
        // Other programs connect accounts to the merchant's as well.
        let Some(marked) = marked else {
            return Ok(Err(Judged::Foreign));
        };
        Ok(match store.connected_account(marked).await? {
            Some(account) if account.merchant_id == merchant_id => {
                if is_early(&account) {
                    Err(self.too_early(format!("the provider's id of {marked} is not stored yet")))
                } else {
                    Ok(account)
                }
            }
            Some(_) | None => Err(mismatch(format!(
                "it names {marked}, which this merchant does not have"
            ))),
        })
    }

    async fn ask_how_it_stands(
        &self,
        account: ConnectedAccount,
        channel_account_id: &str,
    ) -> Result<Judged, StoreError> {
        let credentials = match self
            .context
            .credentials(account.merchant_id, account.channel)
            .await?
        {
            Ok(credentials) => credentials,
            Err(reason) => return Ok(Judged::NotTaken(Outcome::Fail(reason))),
        };
        let channels = &self.context.channels;
        let (asked, _) = channels.retrieve_account(&credentials, channel_account_id).await;
        let seen = match asked {
            Ok(seen) => seen,
            // Its owner may have taken it from the merchant: that is told by another callback, which may come first the next time.
            Err(error @ CallError::Refused { .. }) => {
                let message = format!("asked how the account stands: {error}");
                let reason = Reason::new(ErrorClass::Refused, message);
                return Ok(Judged::NotTaken(Outcome::retry(reason)));
            }
            Err(error) => return Ok(Self::not_told("how the account stands", &error)),
        };
        Ok(self.after_event(account, AccountEvent::Seen(seen)))
    }

    fn after_event(&self, account: ConnectedAccount, event: AccountEvent) -> Judged {
        match account.apply(event) {
            Ok(applied) => Judged::OfAccount {
                changed: applied.changed,
                record: Box::new(record_of_account(self.context, self.run, applied)),
            },
            Err(error) => mismatch(error.to_string()),
        }
    }
}

/// Whether the job that had the account opened has yet to store what the provider answered. Once that job has ended without
/// an answer, the callback itself is the news.
fn is_early(account: &ConnectedAccount) -> bool {
    account.channel_account_id.is_none() && account.status == AccountStatus::Pending
}
