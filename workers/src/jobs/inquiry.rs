//! Asking a provider what it has for a payment, and writing down what it says.
//!
//! What is concluded from the absence of an intent holds for the payment as it was read before the question. Whoever
//! begins a call changes the payment's version, and so does all news about it; so a conclusion is written over that
//! version only, and a call that was begun meanwhile is never taken for one that had no effect.

use std::time::Duration;

use channels::{Credentials, Period};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{Exchange, Intent},
    outcome::{ErrorClass, Reason},
    payment::{Payment, PaymentEvent},
};
use store::{ExchangeRecord, Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{MAX_LOOKS, Run},
    jobs::change::record_of,
};

/// The provider's clock may differ from ours by this much when it is asked for intents "since".
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What one run asks and learns about a payment.
pub struct Inquiry<'a> {
    pub context: &'a Context,
    pub run: &'a Run,
    /// As it was read, or last written, by this run.
    pub payment: Payment,
}

/// What the provider said when asked whether it has an intent for the payment.
pub enum Asked {
    /// It has, and the payment now knows it.
    Settled,
    /// It has one that cannot be this payment's.
    Mismatch(Reason),
    /// It has none, and will not have one from any call made so far. Nothing is written yet.
    Absent(Exchange),
    /// It has none yet: the last call may still be at work for this long.
    TooSoon { reason: Reason, wait: Duration },
    /// It did not say.
    Silent(Reason),
}

impl Inquiry<'_> {
    /// Asks the provider whether it has an intent for the payment.
    pub async fn ask(&self, credentials: &Credentials) -> Result<Asked, StoreError> {
        let Context {
            channels,
            settling,
            clock,
            ..
        } = self.context;
        // Both are read before the question: what begins while it is answered is not what the answer is about.
        let begun = self.open_call().await?;
        let asked_at = clock.now();
        let period = Period {
            from: self.payment.created_at - CLOCK_SKEW,
            to: begun.map(|begun| settling.end(begun) + CLOCK_SKEW),
        };
        let (result, exchange) = channels.find_intent(credentials, self.payment.id, period).await;
        match result {
            Ok(Some(intent)) => Ok(match self.record(seen(intent), exchange).await? {
                Ok(()) => Asked::Settled,
                Err(reason) => Asked::Mismatch(reason),
            }),
            Ok(None) => {
                let wait = begun.and_then(|begun| settling.left(begun, asked_at));
                self.judge_absence(exchange, wait).await
            }
            Err(error) => {
                self.note(exchange).await?;
                let message = format!("asked whether the intent exists, the provider did not say: {error}");
                Ok(Asked::Silent(Reason::new(ErrorClass::OutcomeUnknown, message)))
            }
        }
    }

    /// `wait` is how long a call may still have been at work when the question was put, if there was one.
    async fn judge_absence(&self, exchange: Exchange, wait: Option<Duration>) -> Result<Asked, StoreError> {
        let Some(wait) = wait else {
            let outcome = "absent";
            return Ok(Asked::Absent(Exchange { outcome, ..exchange }));
        };
        self.note(exchange).await?;
        let message = "the provider has no such intent yet, but the last call may still be at work there";
        let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
        Ok(Asked::TooSoon { reason, wait })
    }

    /// When the last call was begun, if there is one whose end is not known.
    pub async fn open_call(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.context.store.open_call(&self.payment).await
    }

    /// Writes what the provider said and what it does to the payment, as it stands by now; or why it cannot be about
    /// this payment.
    pub async fn record(
        &self,
        event: PaymentEvent,
        exchange: Exchange,
    ) -> Result<Result<(), Reason>, StoreError> {
        for _ in 0..MAX_LOOKS {
            let Some(payment) = self.context.store.payment(self.payment.id).await? else {
                break;
            };
            let applied = match payment.apply(event.clone()) {
                Ok(applied) => applied,
                Err(error) => {
                    // Not `ok`, which would end the call: what it has opened or will open is still not known.
                    let outcome = "mismatch";
                    self.note(Exchange { outcome, ..exchange }).await?;
                    return Ok(Err(Reason::new(ErrorClass::Mismatch, error.to_string())));
                }
            };
            let exchanges = vec![self.exchange_record(exchange.clone())];
            let record = Record {
                exchanges,
                ..record_of(self.context, self.run, applied).await?
            };
            match self.context.recorder.write(record).await? {
                Verdict::Written => return Ok(Ok(())),
                Verdict::Stale | Verdict::Duplicate => {}
            }
        }
        Err(StoreError::Contended(self.payment.id.to_string()))
    }

    /// Writes an exchange, unless the payment has changed since it was read. Writing it changes the payment's version,
    /// so that of two runs that conclude or begin something at the same time, one has to look again.
    pub async fn record_unless_changed(&mut self, exchange: Exchange) -> Result<Verdict, StoreError> {
        let record = Record {
            payment: Some(self.payment.clone()),
            exchanges: vec![self.exchange_record(exchange)],
            ..Record::default()
        };
        let verdict = self.context.recorder.write(record).await?;
        if verdict == Verdict::Written {
            self.payment.version += 1;
        }
        Ok(verdict)
    }

    /// Keeps an exchange that changed nothing.
    pub async fn note(&self, exchange: Exchange) -> Result<(), StoreError> {
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

    pub fn exchange_record(&self, exchange: Exchange) -> ExchangeRecord {
        ExchangeRecord {
            payment_id: self.payment.id,
            job_id: self.run.job_id.clone(),
            attempt: self.run.attempt,
            exchange,
            at: self.context.clock.now(),
        }
    }
}

/// The news that the provider has this intent.
pub fn seen(intent: Intent) -> PaymentEvent {
    PaymentEvent::IntentSeen {
        change: intent.status.clone(),
        intent,
    }
}
