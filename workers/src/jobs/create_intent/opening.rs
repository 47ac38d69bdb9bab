//! One run that opens an intent: the calls to the provider, and what is written down about them.

use channels::Credentials;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{CallError, Exchange, Intent, NewIntent},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Payment, PaymentEvent, PaymentStatus},
};
use failpoints::{Point, Protection, is_missing, reach};
use store::{ExchangeRecord, Record, StoreError, Verdict};

use super::absent;
use crate::{
    context::Context,
    execute::{MAX_LOOKS, Run},
    jobs::change::record_of,
};

/// The provider's clock may differ from ours by this much when it is asked for intents "since".
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);
/// A call may still be at work at the provider this long after it was begun, in units of the retry ladder. Only after
/// that does "there is no such intent" mean that there will be none.
const SETTLING_UNITS: u32 = 90;

/// An idempotency key is trusted until this long before the provider forgets it.
const RETENTION_MARGIN: TimeDelta = TimeDelta::hours(1);

/// One run that opens an intent.
pub struct Opening<'a> {
    pub context: &'a Context,
    pub run: &'a Run,
    pub payment: &'a Payment,
    /// Whether this run stored the payment, which counts as the beginning of its call.
    pub is_new: bool,
}

/// What the provider said when asked whether it has an intent for the payment.
pub enum Asked {
    /// It has, and the payment now knows it.
    Settled(Outcome),
    /// It has none, and will not have one from any call made so far.
    Absent,
    /// It has none yet: the last call may still be at work.
    TooSoon(Outcome),
    /// It did not say.
    Unknown(Outcome),
}

impl Opening<'_> {
    /// Whether the provider is to be asked what it has before anything is sent: it may have forgotten the idempotency key,
    /// people have had to look at the payment, or this run was put off in order to ask.
    pub async fn must_ask_first(&self) -> Result<bool, StoreError> {
        let retention = channels::capabilities(self.payment.channel).idempotency_retention;
        let trusted = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX) - RETENTION_MARGIN;
        if self.payment.status == PaymentStatus::NeedsReview
            || self.context.clock.now() - self.payment.created_at > trusted
        {
            return Ok(true);
        }
        Ok(self.run.snoozes > 0 && self.open_call().await?.is_some())
    }

    /// Asks the provider to open the intent.
    pub async fn create(&self, credentials: &Credentials) -> Result<Outcome, StoreError> {
        if !self.is_new {
            self.note(said("create_intent", "started", None)).await?;
            reach(Point::CreateIntentCallNoted);
        }
        let request = &self.payment.request;
        let new = NewIntent {
            payment_id: self.payment.id,
            money: self.payment.money,
            description: request.description.clone(),
            payment_method: request.payment_method.clone(),
            return_url: request.return_url.clone(),
        };
        let (result, exchange) = self.context.channels.create_intent(credentials, &new).await;
        reach(Point::CreateIntentAnswered);
        let (failed, definite) = match result {
            Ok(intent) => return self.record(seen(intent), exchange).await,
            Err(CallError::Declined(failure)) => {
                return self.record(PaymentEvent::GaveUp(failure), exchange).await;
            }
            Err(CallError::Refused { code, message }) => (
                Outcome::Fail(Reason::new(ErrorClass::Refused, format!("{code}: {message}"))),
                true,
            ),
            Err(CallError::NotDone { message, retry_after }) => {
                let reason = Reason::new(ErrorClass::ProviderUnavailable, message);
                (
                    Outcome::Retry {
                        reason,
                        after: retry_after,
                    },
                    self.run.is_last,
                )
            }
            Err(CallError::Unknown { message }) if is_missing(Protection::AskFirst) => (
                Outcome::Fail(Reason::new(ErrorClass::OutcomeUnknown, message)),
                false,
            ),
            Err(CallError::Unknown { message }) => {
                let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
                (Outcome::retry(reason), self.run.is_last)
            }
        };
        self.note(exchange).await?;
        // Before anything final is said, a call without a known end is asked about.
        if !definite || self.open_call().await?.is_none() {
            return Ok(failed);
        }
        Ok(match (self.ask(credentials).await?, failed) {
            (Asked::Settled(outcome) | Asked::TooSoon(outcome) | Asked::Unknown(outcome), _) => outcome,
            (Asked::Absent, refused @ Outcome::Fail(_)) => refused,
            (Asked::Absent, Outcome::Retry { .. } | Outcome::Snooze { .. } | Outcome::Done) => {
                Outcome::retry(absent())
            }
        })
    }

    /// Asks the provider whether it has an intent for the payment.
    pub async fn ask(&self, credentials: &Credentials) -> Result<Asked, StoreError> {
        let since = self.payment.created_at - CLOCK_SKEW;
        let channels = &self.context.channels;
        let (result, exchange) = channels.find_intent(credentials, self.payment.id, since).await;
        match result {
            Ok(Some(intent)) => Ok(Asked::Settled(self.record(seen(intent), exchange).await?)),
            Ok(None) => self.judge_absence(exchange).await,
            Err(error) => {
                self.note(exchange).await?;
                let message = format!("asked whether the intent exists, the provider did not say: {error}");
                Ok(Asked::Unknown(Outcome::retry(Reason::new(
                    ErrorClass::OutcomeUnknown,
                    message,
                ))))
            }
        }
    }

    async fn judge_absence(&self, exchange: Exchange) -> Result<Asked, StoreError> {
        let settling = self.context.retry_unit * SETTLING_UNITS;
        let age = match self.open_call().await? {
            Some(begun) => (self.context.clock.now() - begun).to_std().unwrap_or_default(),
            None => settling,
        };
        if age >= settling {
            self.note(Exchange {
                outcome: "absent",
                ..exchange
            })
            .await?;
            return Ok(Asked::Absent);
        }
        self.note(exchange).await?;
        let message = "the provider has no such intent yet, but the last call may still be at work there";
        let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
        Ok(Asked::TooSoon(Outcome::Snooze {
            reason,
            delay: settling - age,
        }))
    }

    /// When the last call was begun, if there is one whose end is not known.
    pub async fn open_call(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.context.store.open_call(self.payment).await
    }

    /// The call that storing the payment had begun was never made.
    pub async fn note_not_sent(&self, reason: &Reason) -> Result<(), StoreError> {
        if !self.is_new {
            return Ok(());
        }
        self.note(said("create_intent", "not_done", Some(reason.message.clone())))
            .await
    }

    /// Writes what the provider said and what it does to the payment, as it stands by now.
    async fn record(&self, event: PaymentEvent, exchange: Exchange) -> Result<Outcome, StoreError> {
        for _ in 0..MAX_LOOKS {
            let Some(payment) = self.context.store.payment(self.payment.id).await? else {
                break;
            };
            let applied = match payment.apply(event.clone()) {
                Ok(applied) => applied,
                Err(error) => {
                    self.note(exchange).await?;
                    return Ok(Outcome::Fail(Reason::new(
                        ErrorClass::Mismatch,
                        error.to_string(),
                    )));
                }
            };
            let now = self.context.clock.now();
            let exchanges = vec![self.exchange_record(exchange.clone())];
            let record = Record {
                exchanges,
                ..record_of(applied, &self.run.trace, now)
            };
            match self.context.recorder.write(record).await? {
                Verdict::Written => return Ok(Outcome::Done),
                Verdict::Stale | Verdict::Duplicate => {}
            }
        }
        Err(StoreError::Contended(self.payment.id.to_string()))
    }

    /// Keeps an exchange that changed nothing.
    async fn note(&self, exchange: Exchange) -> Result<(), StoreError> {
        let exchanges = vec![self.exchange_record(exchange)];
        self.context
            .recorder
            .write(Record {
                exchanges,
                ..Record::default()
            })
            .await?;
        Ok(())
    }

    fn exchange_record(&self, exchange: Exchange) -> ExchangeRecord {
        ExchangeRecord {
            payment_id: self.payment.id,
            job_id: self.run.job_id.clone(),
            attempt: self.run.attempt,
            exchange,
            at: self.context.clock.now(),
        }
    }
}

fn said(operation: &'static str, outcome: &'static str, error: Option<String>) -> Exchange {
    Exchange {
        operation,
        outcome,
        intent_id: None,
        error,
        duration_ms: 0,
    }
}

fn seen(intent: Intent) -> PaymentEvent {
    PaymentEvent::IntentSeen {
        change: intent.status.clone(),
        intent,
    }
}
