//! `create_transfer`: have a provider pay a withdrawal out to its owner's account.
//!
//! The money is set aside since the withdrawal was asked for. That it is being paid out is written down before the provider is
//! called, so that nobody else pays it or gives it back meanwhile; it ends as paid or as failed, or stays as it is while nobody
//! can tell. The call itself is made like the one that opens an intent.

use domain::{
    connect::ConnectedAccount,
    job::{CreateTransfer, CreateTransferReply},
    outcome::{ErrorClass, Outcome, Reason},
    wallet::{Withdrawal, WithdrawalStatus, WithdrawalView},
};
use failpoints::{Point, reach};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{
        opening::{after_giving_up, give_up, open},
        patience::wait,
        subject::PayoutOfWithdrawal,
    },
};

/// Why a withdrawal is not paid out this way: a code for programs, and a sentence.
type Refusal = (&'static str, String);

enum Prepared {
    /// It is being paid out, since just now or before.
    ToSend(Box<PayoutOfWithdrawal>, bool),
    /// The provider has paid it out.
    Paid,
    /// It was given up, and the merchant told so.
    GivenUp,
    /// It stays as it was.
    Refused,
    /// The merchant has no such withdrawal of this wallet, or not yet.
    NotThere,
}

impl Handler for CreateTransfer {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        match prepare(self, context).await? {
            Prepared::ToSend(payout, is_new) => open(context, run, *payout, is_new).await,
            Prepared::Paid => Ok(Outcome::Done),
            Prepared::GivenUp => after_giving_up(context, run).await,
            // Whoever waits is told. It is not kept for later: a wish of weeks ago must not pay once the account can be paid.
            Prepared::Refused => Ok(Outcome::Done),
            // Its own job may still be on the way here, so this is final only when it is still so at the last try.
            Prepared::NotThere => {
                let message = format!("the wallet has no withdrawal {}", self.withdrawal_id);
                Ok(wait(context, run, Reason::new(ErrorClass::TooEarly, message)))
            }
        }
    }

    async fn give_up(&self, context: &Context, run: &Run, reason: &Reason) -> Result<Record, StoreError> {
        match stored(self, context).await? {
            Some((withdrawal, Some(account))) if withdrawal.status == WithdrawalStatus::Processing => {
                match PayoutOfWithdrawal::new(withdrawal, &account) {
                    Some(payout) => give_up(context, run, payout, reason).await,
                    None => Ok(Record::default()),
                }
            }
            Some(_) | None => Ok(Record::default()),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = match stored(self, context).await? {
            None => CreateTransferReply::NoSuchWithdrawal,
            Some((withdrawal, account)) => match check(&withdrawal, account.as_ref()) {
                Ok(()) | Err(_) if withdrawal.channel.is_some() => {
                    CreateTransferReply::Withdrawal(Box::new(WithdrawalView::from(&withdrawal)))
                }
                Ok(()) => return Ok(None),
                Err((code, message)) => CreateTransferReply::Refused {
                    code: code.into(),
                    message,
                },
            },
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}

/// Writes down that the withdrawal is being paid out, unless it is.
async fn prepare(job: &CreateTransfer, context: &Context) -> Result<Prepared, StoreError> {
    for _ in 0..MAX_LOOKS {
        let Some((withdrawal, account)) = stored(job, context).await? else {
            return Ok(Prepared::NotThere);
        };
        match (withdrawal.status, withdrawal.channel) {
            (WithdrawalStatus::Completed, Some(_)) => return Ok(Prepared::Paid),
            (WithdrawalStatus::Failed, Some(_)) => return Ok(Prepared::GivenUp),
            (_, _) => {}
        }
        let Some(account) = account.filter(|account| check(&withdrawal, Some(account)).is_ok()) else {
            return Ok(Prepared::Refused);
        };
        let is_new = withdrawal.status == WithdrawalStatus::Requested;
        let begun = if is_new {
            Withdrawal {
                status: WithdrawalStatus::Processing,
                channel: Some(account.channel),
                updated_at: context.clock.now(),
                ..withdrawal
            }
        } else {
            withdrawal
        };
        let Some(mut payout) = PayoutOfWithdrawal::new(begun, &account) else {
            return Ok(Prepared::Refused);
        };
        if !is_new {
            return Ok(Prepared::ToSend(Box::new(payout), false));
        }
        let record = Record {
            withdrawal: Some(Box::new(payout.withdrawal.clone())),
            ..Record::default()
        };
        match context.recorder.write(record).await? {
            Verdict::Written => {
                payout.withdrawal.version += 1;
                reach(Point::ConnectStored);
                return Ok(Prepared::ToSend(Box::new(payout), true));
            }
            // Somebody has begun to pay it out, or ended it, at the same time.
            Verdict::Stale | Verdict::Duplicate => {}
        }
    }
    Err(StoreError::Contended(job.withdrawal_id.to_string()))
}

/// The withdrawal of the wallet that the job names, if it is its merchant's, with its owner's account.
async fn stored(
    job: &CreateTransfer,
    context: &Context,
) -> Result<Option<(Withdrawal, Option<ConnectedAccount>)>, StoreError> {
    let withdrawal = context.store.withdrawal(job.withdrawal_id).await?;
    let is_its_own = |withdrawal: &Withdrawal| {
        withdrawal.merchant_id == job.merchant_id && withdrawal.wallet_id == job.wallet_id
    };
    let Some(withdrawal) = withdrawal.filter(is_its_own) else {
        return Ok(None);
    };
    let account = context
        .store
        .account_of_user(job.merchant_id, &withdrawal.user_id);
    let account = account.await?;
    Ok(Some((withdrawal, account)))
}

/// Whether the withdrawal can be paid out this way, or is being.
fn check(withdrawal: &Withdrawal, account: Option<&ConnectedAccount>) -> Result<(), Refusal> {
    match withdrawal.status {
        WithdrawalStatus::Processing => Ok(()),
        WithdrawalStatus::Completed | WithdrawalStatus::Rejected | WithdrawalStatus::Failed => Err((
            "withdrawal_over",
            format!("The withdrawal is {}, and pay is refused.", withdrawal.status),
        )),
        WithdrawalStatus::Requested => match account {
            Some(account) if account.abilities.transfers_enabled => Ok(()),
            Some(account) if account.channel_account_id.is_some() => Err((
                "account_not_active",
                format!(
                    "The owner's account is {}, and cannot be sent money.",
                    account.status
                ),
            )),
            Some(_) | None => Err(no_account()),
        },
    }
}

fn no_account() -> Refusal {
    let message = "The wallet's owner has no account at the provider yet.";
    ("account_not_open", message.into())
}
