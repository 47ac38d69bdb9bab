//! A withdrawal, which a provider pays out to its owner's account there.

use std::time::Duration;

use channels::{Called, Credentials, Period};
use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, ChannelTransfer, Exchange, NewTransfer, Operation},
    connect::ConnectedAccount,
    id::{ConnectedAccountId, MerchantId},
    ledger::Transfer,
    money::Money,
    notification::Notification,
    payment::Failure,
    wallet::{Withdrawal, WithdrawalStatus},
};
use failpoints::Point;
use store::{ConnectExchangeRecord, Record, Store, StoreError, TransferRecord};

use super::{Points, Subject};
use crate::{context::Context, execute::Run, jobs::change::tell};

/// A withdrawal that is being paid out, and where to.
#[derive(Debug, Clone)]
pub struct PayoutOfWithdrawal {
    pub withdrawal: Withdrawal,
    channel: Channel,
    account_id: ConnectedAccountId,
    channel_account_id: String,
}

/// News about a payout.
#[derive(Debug, Clone)]
pub enum PayoutEvent {
    /// The provider showed us what it has sent.
    Seen(ChannelTransfer),
    /// The provider surely has sent nothing and we have stopped trying.
    GaveUp(Failure),
    /// We have stopped trying and cannot tell what the provider did. The withdrawal goes on being paid out, and is in review.
    LostSight,
}

impl PayoutOfWithdrawal {
    /// A stored withdrawal with the account that it is sent to; none when there is none. Where it is not said which, as by the
    /// version before, it was begun for its owner's first, as no account was ever over then. That is stored with what is written
    /// next.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn load(store: &Store, withdrawal: Withdrawal) -> Result<Option<Self>, StoreError> {
        let account = match withdrawal.account_id {
            Some(id) => store.connected_account(id).await?,
            None => {
                let (merchant_id, user_id) = (withdrawal.merchant_id, &withdrawal.user_id);
                store.first_account_of_user(merchant_id, user_id).await?
            }
        };
        Ok(account.and_then(|account| Self::new(withdrawal, &account)))
    }

    /// The payout of a withdrawal to its owner's account; none when the provider has no such account.
    pub fn new(withdrawal: Withdrawal, account: &ConnectedAccount) -> Option<Self> {
        Some(Self {
            withdrawal: pinned(withdrawal, account.id),
            channel: account.channel,
            account_id: account.id,
            channel_account_id: account.channel_account_id.clone()?,
        })
    }

    const fn money(&self) -> Money {
        Money {
            amount_minor: self.withdrawal.amount_minor,
            currency: self.withdrawal.currency,
        }
    }

    fn new_transfer(&self) -> NewTransfer {
        NewTransfer {
            withdrawal_id: self.withdrawal.id,
            money: self.money(),
            channel_account_id: self.channel_account_id.clone(),
        }
    }

    /// Why what the provider shows cannot be this payout.
    fn mismatch(&self, seen: &ChannelTransfer) -> Option<String> {
        let id = self.withdrawal.id;
        if seen.reversed_minor > 0 {
            let (reversed_minor, sent) = (seen.reversed_minor, &seen.id);
            return Some(format!(
                "{reversed_minor} of {sent}, which pays {id}, were taken back"
            ));
        }
        let is_its_own = seen.withdrawal_id == Some(id)
            && seen.money == self.money()
            && seen.channel_account_id == self.channel_account_id;
        (!is_its_own).then(|| {
            let (expected, money, account) = (self.money(), seen.money, &seen.channel_account_id);
            format!(
                "{} sends {money} to {account:.64}, but {id} is about {expected}",
                seen.id
            )
        })
    }

    /// The withdrawal at its end, with what follows from that.
    async fn ended(
        self,
        context: &Context,
        run: &Run,
        transfer: Transfer,
    ) -> Result<Result<Record, String>, StoreError> {
        let now = context.clock.now();
        let withdrawal = Withdrawal {
            in_review_since: None,
            updated_at: now,
            ..self.withdrawal
        };
        let Some(wallet) = context.store.wallet(withdrawal.wallet_id).await? else {
            return Ok(Err(format!("there is no wallet {}", withdrawal.wallet_id)));
        };
        let note = withdrawal.reason.clone().or_else(|| withdrawal.note.clone());
        let change = match wallet.after(&transfer, note, now) {
            Ok(change) => change,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut record = Record {
            wallets: vec![change],
            transfers: vec![TransferRecord { transfer, at: now }],
            ..Record::default()
        };
        if let Some(told) = Notification::about_withdrawal(&withdrawal) {
            tell(&mut record, run, told);
        }
        record.withdrawal = Some(Box::new(withdrawal));
        Ok(Ok(record))
    }

    /// The withdrawal in review; nothing when it is already.
    fn lost(self, context: &Context, run: &Run) -> Record {
        let mut record = Record::default();
        if self.withdrawal.is_in_review() {
            return record;
        }
        let now = context.clock.now();
        let withdrawal = Withdrawal {
            in_review_since: Some(now),
            updated_at: now,
            ..self.withdrawal
        };
        if let Some(told) = Notification::about_withdrawal(&withdrawal) {
            tell(&mut record, run, told);
        }
        record.withdrawal = Some(Box::new(withdrawal));
        record
    }
}

/// The withdrawal with what the version before does not say: where it is paid to, and since when.
fn pinned(withdrawal: Withdrawal, account_id: ConnectedAccountId) -> Withdrawal {
    Withdrawal {
        account_id: withdrawal.account_id.or(Some(account_id)),
        paying_since: withdrawal.paying_since.or(Some(withdrawal.updated_at)),
        ..withdrawal
    }
}

impl Subject for PayoutOfWithdrawal {
    type News = PayoutEvent;

    const OBJECT: &'static str = "transfer";
    const CALL: Operation = Operation::CreateTransfer;
    const POINTS: Points = Points {
        call_noted: Point::ConnectCallNoted,
        answered: Point::ConnectAnswered,
        absent: None,
    };

    fn id(&self) -> String {
        self.withdrawal.id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.withdrawal.merchant_id
    }

    fn channel(&self) -> Channel {
        self.channel
    }

    /// The call begins when the withdrawal begins to be paid out.
    fn created_at(&self) -> DateTime<Utc> {
        let Withdrawal {
            paying_since,
            updated_at,
            ..
        } = self.withdrawal;
        paying_since.unwrap_or(updated_at)
    }

    fn is_settled(&self) -> bool {
        self.withdrawal.status != WithdrawalStatus::Processing
    }

    fn is_owed(&self) -> bool {
        false
    }

    fn is_in_review(&self) -> bool {
        self.withdrawal.is_in_review()
    }

    async fn again(&self, store: &Store) -> Result<Option<Self>, StoreError> {
        let withdrawal = store.withdrawal(self.withdrawal.id).await?;
        Ok(withdrawal.map(|withdrawal| Self {
            withdrawal: pinned(withdrawal, self.account_id),
            ..self.clone()
        }))
    }

    async fn open_call(&self, store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
        store
            .open_transfer_call(&self.withdrawal, self.created_at())
            .await
    }

    async fn has_called(&self, store: &Store, run: &Run) -> Result<bool, StoreError> {
        store
            .has_called_transfer(&self.withdrawal, &run.job_id, run.attempt)
            .await
    }

    async fn must_wait(&self, _: &Context) -> Result<Option<Duration>, StoreError> {
        Ok(None)
    }

    fn idempotency_retention(&self) -> Duration {
        channels::capabilities(self.channel).idempotency_retention
    }

    fn is_made_by_request(&self) -> bool {
        true
    }

    async fn make(&self, context: &Context, credentials: &Credentials) -> Called<PayoutEvent> {
        let new = self.new_transfer();
        let (result, exchange) = context.channels.create_transfer(credentials, &new).await;
        (result.map(PayoutEvent::Seen), exchange)
    }

    /// It is looked for by its group, so that it does not matter when it was made.
    async fn find(
        &self,
        context: &Context,
        credentials: &Credentials,
        _: Period,
    ) -> Called<Option<PayoutEvent>> {
        let new = self.new_transfer();
        let (result, exchange) = context.channels.find_transfer(credentials, &new).await;
        (result.map(|found| found.map(PayoutEvent::Seen)), exchange)
    }

    async fn hear(
        self,
        context: &Context,
        run: &Run,
        news: PayoutEvent,
    ) -> Result<Result<Record, String>, StoreError> {
        if let PayoutEvent::Seen(seen) = &news
            && let Some(problem) = self.mismatch(seen)
        {
            return Ok(Err(problem));
        }
        match (self.withdrawal.status, news) {
            (WithdrawalStatus::Processing, PayoutEvent::Seen(seen)) => {
                let paid = Self {
                    withdrawal: Withdrawal {
                        status: WithdrawalStatus::Completed,
                        reference: Some(seen.id),
                        ..self.withdrawal.clone()
                    },
                    ..self
                };
                let transfer = Transfer::withdrawal_sent(&paid.withdrawal, paid.channel);
                paid.ended(context, run, transfer).await
            }
            (WithdrawalStatus::Processing, PayoutEvent::GaveUp(failure)) => {
                let failed = Self {
                    withdrawal: Withdrawal {
                        status: WithdrawalStatus::Failed,
                        reason: Some(failure.message),
                        ..self.withdrawal.clone()
                    },
                    ..self
                };
                let transfer = Transfer::withdrawal_given_up(&failed.withdrawal);
                failed.ended(context, run, transfer).await
            }
            (WithdrawalStatus::Processing, PayoutEvent::LostSight) => Ok(Ok(self.lost(context, run))),
            // What was sent after all is for people: the money is free in the wallet.
            (WithdrawalStatus::Failed | WithdrawalStatus::Rejected, PayoutEvent::Seen(seen)) => {
                let (id, status) = (self.withdrawal.id, self.withdrawal.status);
                Ok(Err(format!("{} is shown as sent, but {id} is {status}", seen.id)))
            }
            (
                WithdrawalStatus::Requested
                | WithdrawalStatus::Completed
                | WithdrawalStatus::Rejected
                | WithdrawalStatus::Failed,
                _,
            ) => Ok(Ok(Record::default())),
        }
    }

    fn touch(&self) -> Record {
        Record {
            withdrawal: Some(Box::new(self.withdrawal.clone())),
            ..Record::default()
        }
    }

    fn was_touched(&mut self) {
        self.withdrawal.version += 1;
    }

    /// The account is at this provider.
    fn on_next_channel(&self, _: &str, _: DateTime<Utc>) -> Option<Self> {
        None
    }

    fn add_exchange(&self, record: &mut Record, run: &Run, exchange: Exchange, at: DateTime<Utc>) {
        record.connect_exchanges.push(ConnectExchangeRecord {
            subject: self.withdrawal.id.as_uuid(),
            job_id: run.job_id.clone(),
            attempt: run.attempt,
            exchange,
            at,
        });
    }

    fn gave_up(failure: Failure) -> PayoutEvent {
        PayoutEvent::GaveUp(failure)
    }

    fn lost_sight() -> PayoutEvent {
        PayoutEvent::LostSight
    }

    fn refused(_: &str) -> Failure {
        Failure::payout_refused()
    }

    fn unavailable() -> Failure {
        Failure::payout_unavailable()
    }

    fn not_configured() -> Failure {
        Failure::payout_not_configured()
    }
}
