//! `create_account_link`: show an account's owner the way to where it tells the provider about itself.
//!
//! Whoever has the link can act as the account's owner, so it is stored nowhere. It is made for the one who waits for it, as a
//! part of the answer, and not at all when nobody does. Making one changes nothing at the provider: a link that is lost on the
//! way is replaced by asking again, so there is nothing to record and nothing to repeat.

use domain::{
    channel::{AccountLink, CallError, NewAccountLink},
    connect::ConnectedAccount,
    job::{CreateAccountLink, CreateAccountLinkReply},
    outcome::Outcome,
};
use store::StoreError;

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::wallet_of,
};

impl Handler for CreateAccountLink {
    async fn run(&self, _: &Context, _: &Run) -> Result<Outcome, StoreError> {
        Ok(Outcome::Done)
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = match wallet_of(context, self.merchant_id, self.wallet_id).await? {
            None => CreateAccountLinkReply::NoSuchWallet,
            Some(wallet) => {
                let account = context.store.account_of_user(self.merchant_id, &wallet.user_id);
                match account.await?.and_then(linked) {
                    Some((account, channel_account_id)) => {
                        ask(self, context, &account, channel_account_id).await?
                    }
                    None => CreateAccountLinkReply::NoAccount,
                }
            }
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}

/// The account with the provider's id of it, if it is there.
fn linked(account: ConnectedAccount) -> Option<(ConnectedAccount, String)> {
    if account.status.is_over() {
        return None;
    }
    let channel_account_id = account.channel_account_id.clone()?;
    Some((account, channel_account_id))
}

async fn ask(
    job: &CreateAccountLink,
    context: &Context,
    account: &ConnectedAccount,
    channel_account_id: String,
) -> Result<CreateAccountLinkReply, StoreError> {
    let credentials = match context.credentials(account.merchant_id, account.channel).await? {
        Ok(credentials) => credentials,
        Err(reason) => {
            return Ok(CreateAccountLinkReply::Unavailable {
                message: reason.message,
            });
        }
    };
    let new = NewAccountLink {
        channel_account_id,
        return_url: job.return_url.clone(),
        refresh_url: job.refresh_url.clone(),
    };
    let made = context.channels.create_account_link(&credentials, &new).await;
    Ok(said(made))
}

fn said(made: Result<AccountLink, CallError>) -> CreateAccountLinkReply {
    match made {
        Ok(link) => CreateAccountLinkReply::Link(link),
        Err(error @ (CallError::Declined(_) | CallError::Refused { .. })) => {
            CreateAccountLinkReply::Refused {
                message: error.to_string(),
            }
        }
        Err(error @ (CallError::Limited { .. } | CallError::NotDone { .. } | CallError::Unknown { .. })) => {
            CreateAccountLinkReply::Unavailable {
                message: error.to_string(),
            }
        }
    }
}
