//! An account of a merchant's user, which a provider opens.

use std::time::Duration;

use channels::{Called, Credentials, Period};
use chrono::{DateTime, Utc};
use domain::{
    channel::{CallError, Channel, Exchange, NewAccount, Operation},
    connect::{AccountEvent, AccountStatus, ConnectedAccount},
    id::MerchantId,
    payment::Failure,
};
use failpoints::Point;
use store::{ConnectExchangeRecord, Record, Store, StoreError};

use super::{Points, Subject};
use crate::{context::Context, execute::Run, jobs::change::record_of_account};

impl Subject for ConnectedAccount {
    type News = AccountEvent;

    const OBJECT: &'static str = "account";
    const CALL: Operation = Operation::CreateAccount;
    const POINTS: Points = Points {
        call_noted: Point::ConnectCallNoted,
        answered: Point::ConnectAnswered,
        absent: None,
    };

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }

    fn channel(&self) -> Channel {
        self.channel
    }

    fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    fn is_settled(&self) -> bool {
        Self::is_settled(self)
    }

    fn is_owed(&self) -> bool {
        false
    }

    fn is_in_review(&self) -> bool {
        self.status == AccountStatus::NeedsReview
    }

    async fn again(&self, store: &Store) -> Result<Option<Self>, StoreError> {
        store.connected_account(self.id).await
    }

    async fn open_call(&self, store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
        store.open_account_call(self).await
    }

    async fn has_called(&self, store: &Store, run: &Run) -> Result<bool, StoreError> {
        store.has_called_account(self, &run.job_id, run.attempt).await
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

    /// That its provider refuses to open it, as for a country that it does not go to, is an answer as a decline is: users ask for
    /// accounts, and nobody could do anything about such a job in a queue. A key that is not taken is for people.
    async fn make(&self, context: &Context, credentials: &Credentials) -> Called<AccountEvent> {
        let new = NewAccount {
            account_id: self.id,
            country: self.country.clone(),
        };
        let (result, exchange) = context.channels.create_account(credentials, &new).await;
        let answered = match result {
            Err(error @ CallError::Refused { .. }) if !error.is_about_credentials() => {
                Err(CallError::Declined(Failure::account_refused()))
            }
            answered => answered.map(AccountEvent::Seen),
        };
        (answered, exchange)
    }

    async fn find(
        &self,
        context: &Context,
        credentials: &Credentials,
        period: Period,
    ) -> Called<Option<AccountEvent>> {
        let channels = &context.channels;
        let (result, exchange) = channels.find_account(credentials, self.id, period).await;
        (result.map(|found| found.map(AccountEvent::Seen)), exchange)
    }

    async fn hear(
        self,
        context: &Context,
        run: &Run,
        news: AccountEvent,
    ) -> Result<Result<Record, String>, StoreError> {
        // Once it is known, only who asks after reading it may say how it stands: this answer may be older.
        let was_known = self.channel_account_id.is_some();
        Ok(match self.apply(news) {
            Ok(_) if was_known => Ok(Record::default()),
            Ok(applied) => Ok(record_of_account(context, run, applied)),
            Err(error) => Err(error.to_string()),
        })
    }

    fn touch(&self) -> Record {
        Record {
            account: Some(Box::new(self.clone())),
            ..Record::default()
        }
    }

    fn was_touched(&mut self) {
        self.version += 1;
    }

    /// It was asked for at this provider.
    fn on_next_channel(&self, _: &str, _: DateTime<Utc>) -> Option<Self> {
        None
    }

    fn add_exchange(&self, record: &mut Record, run: &Run, exchange: Exchange, at: DateTime<Utc>) {
        record.connect_exchanges.push(ConnectExchangeRecord {
            subject: self.id.as_uuid(),
            job_id: run.job_id.clone(),
            attempt: run.attempt,
            exchange,
            at,
        });
    }

    fn gave_up(failure: Failure) -> AccountEvent {
        AccountEvent::GaveUp(failure)
    }

    fn lost_sight() -> AccountEvent {
        AccountEvent::LostSight
    }

    fn refused(_: &str) -> Failure {
        Failure::account_refused()
    }

    fn unavailable() -> Failure {
        Failure::account_unavailable()
    }

    fn not_configured() -> Failure {
        Failure::account_not_configured()
    }
}
