//! A payment, for which a provider opens an intent.

use std::time::Duration;

use channels::{Called, Credentials, LostIntent, Period};
use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, Exchange, Intent, NewIntent, Operation},
    id::{MerchantId, PaymentId},
    payment::{Failure, Payer, PayerDetails, Payment, PaymentEvent, PaymentStatus},
};
use failpoints::Point;
use store::{ExchangeRecord, Record, Store, StoreError, Unsealable};

use super::{Points, Subject};
use crate::{context::Context, execute::Run, jobs::change::record_of};

impl Subject for Payment {
    type News = PaymentEvent;

    const OBJECT: &'static str = "intent";
    const CALL: Operation = Operation::CreateIntent;
    const POINTS: Points = Points {
        call_noted: Point::CreateIntentCallNoted,
        answered: Point::CreateIntentAnswered,
        absent: Some(Point::QueryPaymentAbsent),
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
        store.has_called(self, &run.job_id, run.attempt).await
    }

    async fn must_wait(&self, _: &Context) -> Result<Option<Duration>, StoreError> {
        Ok(None)
    }

    fn idempotency_retention(&self) -> Duration {
        channels::capabilities(self.channel).idempotency_retention
    }

    fn is_made_by_request(&self) -> bool {
        channels::capabilities(self.channel).opens_by_request(self.flow())
    }

    async fn make(&self, context: &Context, credentials: &Credentials) -> Called<PaymentEvent> {
        let new = new_intent(self, context);
        let (result, exchange) = context.channels.create_intent(credentials, &new).await;
        (result.map(seen), exchange)
    }

    async fn find(
        &self,
        context: &Context,
        credentials: &Credentials,
        period: Period,
    ) -> Called<Option<PaymentEvent>> {
        let lost = LostIntent {
            payment_id: self.id,
            money: self.money,
            connected_account: self.request.connected_account.clone(),
            period,
        };
        let (result, exchange) = context.channels.find_intent(credentials, &lost).await;
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

    fn on_next_channel(&self, why: &str, now: DateTime<Utc>) -> Option<Self> {
        Self::on_next_channel(self, why, now)
    }

    fn add_exchange(&self, record: &mut Record, run: &Run, exchange: Exchange, at: DateTime<Utc>) {
        record.exchanges.push(ExchangeRecord {
            payment_id: self.id,
            channel: self.channel,
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

fn new_intent(payment: &Payment, context: &Context) -> NewIntent {
    let request = &payment.request;
    NewIntent {
        payment_id: payment.id,
        money: payment.money,
        description: request.description.clone(),
        payment_method: request.payment_method.clone(),
        return_url: request.return_url.clone(),
        method: payment.method(),
        flow: payment.flow(),
        // Nobody comes here with what does not open.
        payer: payer(context, payment.id, request.payer.as_ref()).unwrap_or_default(),
        expires_at: payment.expires_at,
        callback_url: context.callback_url(payment.channel, payment.merchant_id),
        connected_account: request.connected_account.clone(),
        destination: request.destination.clone(),
    }
}

/// What is told of the payer.
///
/// # Errors
/// It was sealed, and does not open.
pub fn payer(
    context: &Context,
    payment_id: PaymentId,
    details: Option<&PayerDetails>,
) -> Result<Payer, Unsealable> {
    let sealed = match details {
        Some(PayerDetails::Plain(payer)) => return Ok(payer.clone()),
        Some(PayerDetails::Sealed(sealed)) => sealed,
        None => return Ok(Payer::default()),
    };
    let json = context
        .store
        .vault()
        .open_text(&Payer::place(payment_id), sealed)?;
    serde_json::from_slice(&json).map_err(|_| Unsealable::Damaged)
}
