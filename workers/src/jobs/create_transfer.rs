//! `create_transfer`: have a provider pay a withdrawal out to its owner's account.
//!
//! The money is set aside since the withdrawal was asked for. That it is being paid out is written down before the provider is
//! called, so that nobody else pays it or gives it back meanwhile; it ends as paid or as failed, or stays as it is while nobody
//! can tell. The call itself is made like the one that opens an intent.

use domain::{
    connect::{ConnectedAccount, PayoutRefused},
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
        people,
        subject::{PayoutOfWithdrawal, Subject},
    },
};

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
            Prepared::ToSend(payout, is_new) => {
                let (channel, id) = (payout.channel(), self.withdrawal_id);
                let outcome = open(context, run, *payout, is_new).await?;
                if let Outcome::Fail(reason) = &outcome
                    && reason.class == ErrorClass::Mismatch
                {
                    people::call_to_payout(channel, id, reason);
                }
                Ok(outcome)
            }
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
        let Some(withdrawal) = stored(self, context).await? else {
            return Ok(Record::default());
        };
        if withdrawal.status != WithdrawalStatus::Processing {
            return Ok(Record::default());
        }
        match PayoutOfWithdrawal::load(&context.store, withdrawal).await? {
            Some(payout) => give_up(context, run, payout, reason).await,
            None => Ok(Record::default()),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = match stored(self, context).await? {
            None => CreateTransferReply::NoSuchWithdrawal,
            Some(withdrawal) if withdrawal.channel.is_some() => {
                CreateTransferReply::Withdrawal(Box::new(WithdrawalView::from(&withdrawal)))
            }
            Some(withdrawal) => match payable(&withdrawal, context).await? {
                Ok(_) => return Ok(None),
                Err(PayoutRefused { code, message }) => CreateTransferReply::Refused {
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
        let Some(withdrawal) = stored(job, context).await? else {
            return Ok(Prepared::NotThere);
        };
        match (withdrawal.status, withdrawal.channel) {
            (WithdrawalStatus::Completed, Some(_)) => return Ok(Prepared::Paid),
            (WithdrawalStatus::Failed, Some(_)) => return Ok(Prepared::GivenUp),
            // It goes on to the account that it was begun for, whatever has become of that.
            (WithdrawalStatus::Processing, _) => {
                let payout = PayoutOfWithdrawal::load(&context.store, withdrawal).await?;
                return Ok(payout.map_or(Prepared::Refused, |payout| {
                    Prepared::ToSend(Box::new(payout), false)
                }));
            }
            (_, _) => {}
        }
        let Ok(account) = payable(&withdrawal, context).await? else {
            return Ok(Prepared::Refused);
        };
        let now = context.clock.now();
        let begun = Withdrawal {
            status: WithdrawalStatus::Processing,
            channel: Some(account.channel),
            account_id: Some(account.id),
            paying_since: Some(now),
            updated_at: now,
            ..withdrawal
        };
        let Some(mut payout) = PayoutOfWithdrawal::new(begun, &account) else {
            return Ok(Prepared::Refused);
        };
        match context.recorder.write(payout.touch()).await? {
            Verdict::Written => {
                payout.was_touched();
                reach(Point::ConnectStored);
                return Ok(Prepared::ToSend(Box::new(payout), true));
            }
            // Somebody has begun to pay it out, or ended it, at the same time.
            Verdict::Stale | Verdict::Duplicate => {}
        }
    }
    Err(StoreError::Contended(job.withdrawal_id.to_string()))
}

/// The withdrawal of the wallet that the job names, if it is its merchant's.
async fn stored(job: &CreateTransfer, context: &Context) -> Result<Option<Withdrawal>, StoreError> {
    let withdrawal = context.store.withdrawal(job.withdrawal_id).await?;
    Ok(withdrawal.filter(|withdrawal| {
        withdrawal.merchant_id == job.merchant_id && withdrawal.wallet_id == job.wallet_id
    }))
}

/// The account that a withdrawal can be paid out to which nobody has begun to pay out, or why there is none.
async fn payable(
    withdrawal: &Withdrawal,
    context: &Context,
) -> Result<Result<ConnectedAccount, PayoutRefused>, StoreError> {
    let (merchant_id, user_id) = (withdrawal.merchant_id, &withdrawal.user_id);
    let account = context.store.account_of_user(merchant_id, user_id).await?;
    Ok(withdrawal.payable_to(account))
}
