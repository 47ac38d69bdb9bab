//! A payment, for which a provider opens an intent.

use channels::{Called, Channels, Credentials, Period};
use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, Exchange, Intent, NewIntent},
    id::MerchantId,
    payment::{Failure, Payment, PaymentEvent, PaymentStatus},
};
use failpoints::Point;
use store::{ExchangeRecord, Record, Store, StoreError};

use super::{Points, Subject};
use crate::{context::Context, execute::Run, jobs::change::record_of};

impl Subject for Payment {
    type News = PaymentEvent;

    const OBJECT: &'static str = "intent";
    const CALL: &'static str = "create_intent";
    const POINTS: Points = Points {
        call_noted: Point::CreateIntentCallNoted,
        answered: Point::CreateIntentAnswered,
        absent: Point::QueryPaymentAbsent,
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
        self.intent_id.is_some() || self.status > PaymentStatus::NeedsReview
    }

    fn is_owed(&self) -> bool {
        false
    }

    fn is_in_review(&self) -> bool {
        self.status == PaymentStatus::NeedsReview
    }

    async fn again(&self, store: &Store) -> Result<Option<Self>, StoreError> {
        store.payment(self.id).await
    }

    async fn open_call(&self, store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
        store.open_call(self).await
    }

    async fn has_called(&self, store: &Store, run: &Run) -> Result<bool, StoreError> {
        store.has_called(self.id, &run.job_id, run.attempt).await
    }

    async fn make(&self, channels: &Channels, credentials: &Credentials) -> Called<PaymentEvent> {
        let (result, exchange) = channels.create_intent(credentials, &new_intent(self)).await;
        (result.map(seen), exchange)
    }

    async fn find(
        &self,
        channels: &Channels,
        credentials: &Credentials,
        period: Period,
    ) -> Called<Option<PaymentEvent>> {
        let (result, exchange) = channels.find_intent(credentials, self.id, period).await;
        (result.map(|found| found.map(seen)), exchange)
    }

    async fn hear(
        self,
        context: &Context,
        run: &Run,
        news: PaymentEvent,
    ) -> Result<Result<Record, String>, StoreError> {
        Ok(match self.apply(news) {
            Ok(applied) => Ok(record_of(context, run, applied).await?),
            Err(error) => Err(error.to_string()),
        })
    }

    fn touch(&self) -> Record {
        Record {
            payment: Some(self.clone()),
            ..Record::default()
        }
    }

    fn was_touched(&mut self) {
        self.version += 1;
    }

    fn add_exchange(&self, record: &mut Record, run: &Run, exchange: Exchange, at: DateTime<Utc>) {
        record.exchanges.push(ExchangeRecord {
            payment_id: self.id,
            job_id: run.job_id.clone(),
            attempt: run.attempt,
            exchange,
            at,
        });
    }

    fn gave_up(failure: Failure) -> PaymentEvent {
        PaymentEvent::GaveUp(failure)
    }

    fn lost_sight() -> PaymentEvent {
        PaymentEvent::LostSight
    }

    fn unavailable() -> Failure {
        Failure::provider_unavailable()
    }

    fn not_configured() -> Failure {
        Failure::not_configured()
    }
}

/// The news that the provider has this intent.
pub fn seen(intent: Intent) -> PaymentEvent {
    PaymentEvent::IntentSeen {
        change: intent.status.clone(),
        intent,
    }
}

fn new_intent(payment: &Payment) -> NewIntent {
    let request = &payment.request;
    NewIntent {
        payment_id: payment.id,
        money: payment.money,
        description: request.description.clone(),
        payment_method: request.payment_method.clone(),
        return_url: request.return_url.clone(),
    }
}
