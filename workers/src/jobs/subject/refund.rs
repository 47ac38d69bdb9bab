//! A refund, which a provider makes.

use std::time::Duration;

use channels::{Called, Credentials, Period};
use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, Exchange, IntentRef, NewRefund, Operation, RefundReason, RefundRef},
    id::MerchantId,
    payment::{Failure, Payment},
    refund::{Refund, RefundEvent, RefundStatus},
};
use failpoints::Point;
use store::{Record, RefundExchangeRecord, Store, StoreError};

use super::{Points, Subject};
use crate::{context::Context, execute::Run, jobs::change::record_of_refund};

/// A refund and the paid payment that it gives back.
#[derive(Debug, Clone)]
pub struct RefundOfPayment {
    pub refund: Refund,
    pub payment: Payment,
    /// The provider's intent that was paid, and is refunded.
    intent: IntentRef,
}

impl RefundOfPayment {
    /// # Errors
    /// The payment knows no intent. It was paid, so that would be a defect.
    pub fn new(refund: Refund, payment: Payment) -> Result<Self, StoreError> {
        let intent = payment.intent().ok_or_else(|| StoreError::Unreadable {
            what: payment.id.to_string(),
            problem: format!("it has {}, but no intent", refund.id),
        })?;
        Ok(Self {
            refund,
            payment,
            intent,
        })
    }

    /// A stored refund, with its payment.
    ///
    /// # Errors
    /// PostgreSQL is away; or as [`Self::new`].
    pub async fn load(store: &Store, refund: Refund) -> Result<Option<Self>, StoreError> {
        let payment = store.payment(refund.payment_id).await?;
        payment.map(|payment| Self::new(refund, payment)).transpose()
    }

    /// The refund as its provider is asked about it; none while the provider has none.
    pub fn known(&self) -> Option<RefundRef> {
        Some(RefundRef {
            refund_id: self.refund.id,
            id: self.refund.channel_refund_id.clone()?,
            intent: self.intent.clone(),
            money: self.refund.money,
        })
    }

    fn new_refund(&self, context: &Context) -> NewRefund {
        NewRefund {
            refund_id: self.refund.id,
            payment_id: self.payment.id,
            intent: self.intent.clone(),
            money: self.refund.money,
            reason: self.refund.request.reason,
            callback_url: context.callback_url(self.refund.channel, self.refund.merchant_id),
            destination: self.payment.request.destination.clone(),
        }
    }
}

impl Subject for RefundOfPayment {
    type News = RefundEvent;

    const OBJECT: &'static str = "refund";
    const CALL: Operation = Operation::CreateRefund;
    const POINTS: Points = Points {
        call_noted: Point::CreateRefundCallNoted,
        answered: Point::CreateRefundAnswered,
        absent: Some(Point::QueryRefundAbsent),
    };

    fn id(&self) -> String {
        self.refund.id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.refund.merchant_id
    }

    fn channel(&self) -> Channel {
        self.refund.channel
    }

    fn created_at(&self) -> DateTime<Utc> {
        self.refund.created_at
    }

    fn is_settled(&self) -> bool {
        is_settled(&self.refund)
    }

    /// A late payment is refunded under a key that nobody else may use.
    fn is_owed(&self) -> bool {
        self.refund.request.reason == Some(RefundReason::PaidLate)
    }

    fn is_in_review(&self) -> bool {
        self.refund.status == RefundStatus::NeedsReview
    }

    async fn again(&self, store: &Store) -> Result<Option<Self>, StoreError> {
        match store.refund(self.refund.id).await? {
            Some(refund) => Self::load(store, refund).await,
            None => Ok(None),
        }
    }

    async fn open_call(&self, store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
        store.open_refund_call(&self.refund).await
    }

    async fn has_called(&self, store: &Store, run: &Run) -> Result<bool, StoreError> {
        store
            .has_called_refund(self.refund.id, &run.job_id, run.attempt)
            .await
    }

    /// Some providers want some time between two refunds of one payment. It is counted in the seconds of the retry ladder;
    /// two that begin at the same moment are told so by the provider.
    async fn must_wait(&self, context: &Context) -> Result<Option<Duration>, StoreError> {
        let spacing = channels::capabilities(self.refund.channel).refunds.spacing;
        let spacing = context.retry_unit.mul_f64(spacing.as_secs_f64());
        if spacing.is_zero() {
            return Ok(None);
        }
        let last = context.store.last_refunded(&self.refund).await?;
        let since = last.and_then(|last| (context.clock.now() - last).to_std().ok());
        Ok(since
            .and_then(|since| spacing.checked_sub(since))
            .filter(|wait| !wait.is_zero()))
    }

    fn idempotency_retention(&self) -> Duration {
        channels::capabilities(self.refund.channel)
            .refunds
            .idempotency_retention
    }

    fn is_made_by_request(&self) -> bool {
        true
    }

    async fn make(&self, context: &Context, credentials: &Credentials) -> Called<RefundEvent> {
        let new = self.new_refund(context);
        let (result, exchange) = context.channels.create_refund(credentials, &new).await;
        (result.map(RefundEvent::Seen), exchange)
    }

    /// It is looked for among the refunds of its intent, so that it does not matter when it was made.
    async fn find(
        &self,
        context: &Context,
        credentials: &Credentials,
        _: Period,
    ) -> Called<Option<RefundEvent>> {
        let (result, exchange) = context
            .channels
            .find_refund(credentials, &self.intent, self.refund.id)
            .await;
        (result.map(|found| found.map(RefundEvent::Seen)), exchange)
    }

    async fn hear(
        self,
        context: &Context,
        run: &Run,
        news: RefundEvent,
    ) -> Result<Result<Record, String>, StoreError> {
        Ok(match self.refund.apply(self.payment, news) {
            Ok(applied) => record_of_refund(context, run, applied)
                .await?
                .map_err(|refused| refused.to_string()),
            Err(error) => Err(error.to_string()),
        })
    }

    fn touch(&self) -> Record {
        Record {
            refund: Some(self.refund.clone()),
            ..Record::default()
        }
    }

    fn was_touched(&mut self) {
        self.refund.version += 1;
    }

    /// What was paid through a provider is given back by it alone.
    fn on_next_channel(&self, _: &str, _: DateTime<Utc>) -> Option<Self> {
        None
    }

    fn add_exchange(&self, record: &mut Record, run: &Run, exchange: Exchange, at: DateTime<Utc>) {
        record.refund_exchanges.push(RefundExchangeRecord {
            refund_id: self.refund.id,
            job_id: run.job_id.clone(),
            attempt: run.attempt,
            exchange,
            at,
        });
    }

    fn gave_up(failure: Failure) -> RefundEvent {
        RefundEvent::GaveUp(failure)
    }

    fn lost_sight() -> RefundEvent {
        RefundEvent::LostSight
    }

    fn unavailable() -> Failure {
        Failure::refund_unavailable()
    }

    fn not_configured() -> Failure {
        Failure::refund_not_configured()
    }
}

/// There is nothing left to make: the provider has it, or it was given up and its merchant told so.
pub fn is_settled(refund: &Refund) -> bool {
    refund.channel_refund_id.is_some() || refund.status > RefundStatus::NeedsReview
}
