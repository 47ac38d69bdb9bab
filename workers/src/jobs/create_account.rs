//! `create_account`: have a provider open an account for a merchant's user, connected to the merchant's own.
//!
//! A user has one account, whichever of its wallets it is asked for through and however often. Who asks under another key
//! goes on with the account that is there: so one whose opening was never answered is asked about, or opened, by whoever
//! wants it next. The call itself is made like the one that opens an intent.

use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, Requirements},
    connect::{Abilities, AccountStatus, AccountView, ConnectedAccount},
    job::{CreateAccount, CreateAccountReply},
    outcome::{ErrorClass, Outcome, Reason},
    wallet::Wallet,
};
use failpoints::{Point, reach};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{
        opening::{after_giving_up, give_up, open},
        patience::wait,
        wallet_of,
    },
};

/// The one provider that connects accounts.
const CHANNEL: Channel = Channel::Stripe;

impl Handler for CreateAccount {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        if let Err(error) = self.validate() {
            let reason = Reason::new(ErrorClass::Invalid, error.to_string());
            return Ok(Outcome::Fail(reason));
        }
        let conflict = |message: &str| Ok(Outcome::Fail(Reason::new(ErrorClass::Conflict, message)));
        match prepare(self, context).await? {
            Prepared::Stored(account) => open(context, run, *account, true).await,
            Prepared::There(account) if !account.is_settled() => open(context, run, *account, false).await,
            Prepared::There(account) if account.status == AccountStatus::Failed => {
                after_giving_up(context, run).await
            }
            Prepared::There(_) => Ok(Outcome::Done),
            Prepared::Conflict => {
                conflict("the idempotency key was used before for another request; nothing was done")
            }
            Prepared::OtherCountry => {
                conflict("the user has an account in another country; nothing was done")
            }
            // Its own job may still be on the way here, so this is final only when it is still so at the last try.
            Prepared::NoSuchWallet => {
                let message = format!("the merchant has no wallet {}", self.wallet_id);
                Ok(wait(context, run, Reason::new(ErrorClass::TooEarly, message)))
            }
        }
    }

    async fn give_up(&self, context: &Context, run: &Run, reason: &Reason) -> Result<Record, StoreError> {
        match look(self, context).await? {
            Prepared::There(account) if !account.is_settled() => {
                give_up(context, run, *account, reason).await
            }
            Prepared::Stored(_)
            | Prepared::There(_)
            | Prepared::Conflict
            | Prepared::OtherCountry
            | Prepared::NoSuchWallet => Ok(Record::default()),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = match look(self, context).await? {
            Prepared::There(account) => CreateAccountReply::Account(Box::new(AccountView::from(&*account))),
            Prepared::Conflict => CreateAccountReply::Conflict,
            Prepared::OtherCountry => CreateAccountReply::OtherCountry,
            Prepared::NoSuchWallet => CreateAccountReply::NoSuchWallet,
            Prepared::Stored(_) => return Ok(None),
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}

enum Prepared {
    /// Stored just now; or, when nobody has stored it, as it would be.
    Stored(Box<ConnectedAccount>),
    /// The user's account, stored before: by this job or another.
    There(Box<ConnectedAccount>),
    /// Another request was stored under the same key.
    Conflict,
    /// The user has an account in another country.
    OtherCountry,
    /// The merchant has no such wallet, or not yet.
    NoSuchWallet,
}

/// Stores the account, unless the user has one.
async fn prepare(job: &CreateAccount, context: &Context) -> Result<Prepared, StoreError> {
    for _ in 0..MAX_LOOKS {
        let account = match look(job, context).await? {
            Prepared::Stored(account) => account,
            there => return Ok(there),
        };
        let record = Record {
            new_account: Some(account.clone()),
            ..Record::default()
        };
        match context.recorder.write(record).await? {
            Verdict::Written => {
                reach(Point::ConnectStored);
                return Ok(Prepared::Stored(account));
            }
            // The same was asked for at the same time, under this key or another.
            Verdict::Duplicate | Verdict::Stale => {}
        }
    }
    Err(StoreError::Contended(job.account_id().to_string()))
}

/// What there is of the account, and nothing is written.
async fn look(job: &CreateAccount, context: &Context) -> Result<Prepared, StoreError> {
    if let Some(account) = context.store.connected_account(job.account_id()).await? {
        return Ok(if account.fingerprint == job.fingerprint() {
            Prepared::There(Box::new(account))
        } else {
            Prepared::Conflict
        });
    }
    let Some(wallet) = wallet_of(context, job.merchant_id, job.wallet_id).await? else {
        return Ok(Prepared::NoSuchWallet);
    };
    let there = context
        .store
        .account_of_user(job.merchant_id, &wallet.user_id)
        .await?;
    Ok(match there {
        Some(account) if account.leaves_room() => {
            Prepared::Stored(Box::new(new_account(job, wallet, context.clock.now())))
        }
        Some(account) if account.country != job.country => Prepared::OtherCountry,
        Some(account) => Prepared::There(Box::new(account)),
        None => Prepared::Stored(Box::new(new_account(job, wallet, context.clock.now()))),
    })
}

fn new_account(job: &CreateAccount, wallet: Wallet, now: DateTime<Utc>) -> ConnectedAccount {
    ConnectedAccount {
        id: job.account_id(),
        merchant_id: job.merchant_id,
        user_id: wallet.user_id,
        channel: CHANNEL,
        idempotency_key: job.idempotency_key.clone(),
        fingerprint: job.fingerprint(),
        country: job.country.clone(),
        status: AccountStatus::Pending,
        channel_account_id: None,
        abilities: Abilities::default(),
        requirements: Requirements::default(),
        failure: None,
        version: 0,
        created_at: now,
        updated_at: now,
    }
}
