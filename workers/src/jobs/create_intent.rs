//! `create_intent`: open the provider's intent for a payment that a merchant asked for.
//!
//! The provider is always asked under the same idempotency key, so a repeat gives the same intent. When its answer does
//! not come, the payment is not failed for that: once the tries are used up the provider is asked what it has, and only
//! its word (or the certainty that no call ever reached it) ends the payment. Otherwise people look at it.

use channels::Credentials;
use chrono::TimeDelta;
use domain::{
    channel::{CallError, Channel, Exchange, Intent, NewIntent},
    id::PaymentId,
    job::{CreateIntent, CreateIntentReply},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Failure, Payment, PaymentEvent, PaymentRequest, PaymentStatus, PaymentView},
};
use store::{ExchangeRecord, Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::change::record_of,
};

/// The channel that every payment takes.
const CHANNEL: Channel = Channel::Stripe;
/// The provider's clock may differ from ours by this much when it is asked for intents "since".
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);
/// An idempotency key is trusted until this long before the provider forgets it.
const RETENTION_MARGIN: TimeDelta = TimeDelta::hours(1);

impl Handler for CreateIntent {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        if let Err(reason) = check(&self.request) {
            return Ok(Outcome::Fail(reason));
        }
        let payment = match prepare(self, context).await? {
            Prepared::ToOpen(payment) => *payment,
            Prepared::Settled => return Ok(Outcome::Done),
            Prepared::Conflict => {
                let message = "the idempotency key was used before for another request; nothing was done";
                return Ok(Outcome::Fail(Reason::new(ErrorClass::Conflict, message)));
            }
        };
        let opening = Opening {
            context,
            run,
            payment_id: payment.id,
        };
        let credentials = match context.credentials(payment.merchant_id, payment.channel).await? {
            Ok(credentials) => credentials,
            Err(reason) => return Ok(Outcome::Fail(reason)),
        };
        if run.redelivered {
            opening.note_interrupted_try().await?;
        }
        if must_ask_first(context, &payment) {
            match opening.find(&credentials, &payment).await? {
                Found::Settled(outcome) => return Ok(outcome),
                Found::Nothing => {}
                Found::Unknown(reason) => return Ok(Outcome::retry(reason)),
            }
        }
        opening.create(&credentials, &payment).await
    }

    async fn give_up(&self, context: &Context, run: &Run, reason: &Reason) -> Result<Record, StoreError> {
        let event = match reason.class {
            // The job itself is at fault; the payment under this id, if there is one, belongs to another job.
            ErrorClass::Unreadable
            | ErrorClass::Invalid
            | ErrorClass::Forbidden
            | ErrorClass::Conflict
            | ErrorClass::Mismatch
            | ErrorClass::TooEarly
            | ErrorClass::MerchantEndpoint => return Ok(Record::default()),
            ErrorClass::Refused => {
                PaymentEvent::GaveUp(Failure::refused("refused_by_provider", &reason.message))
            }
            ErrorClass::Misconfigured => {
                PaymentEvent::GaveUp(Failure::refused("not_configured", &reason.message))
            }
            ErrorClass::ProviderUnavailable => PaymentEvent::GaveUp(Failure::provider_unavailable()),
            ErrorClass::OutcomeUnknown
            | ErrorClass::StoreUnavailable
            | ErrorClass::TimedOut
            | ErrorClass::Internal => PaymentEvent::LostSight,
        };
        let Some(payment) = context.store.payment(self.payment_id()).await? else {
            return Ok(Record::default());
        };
        // Neither event can be refused: both are about the payment alone.
        Ok(payment
            .apply(event)
            .map(|applied| record_of(applied, &run.trace, context.clock.now()))
            .unwrap_or_default())
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(payment) = context.store.payment(self.payment_id()).await? else {
            return Ok(None);
        };
        let reply = if payment.fingerprint == self.request.fingerprint() {
            CreateIntentReply::Payment(Box::new(PaymentView::for_merchant(&payment)))
        } else {
            CreateIntentReply::Conflict
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}

/// Ingress checks this at the door; upstream systems that publish jobs themselves do not pass it.
fn check(request: &PaymentRequest) -> Result<(), Reason> {
    let invalid = |problem: String| Reason::new(ErrorClass::Invalid, problem);
    request.validate().map_err(|error| invalid(error.to_string()))?;
    let channel = channels::capabilities(CHANNEL);
    channel
        .check_amount(request.money)
        .map_err(|error| invalid(format!("amount: {error}")))
}

enum Prepared {
    /// Stored, and without an intent.
    ToOpen(Box<Payment>),
    /// There is nothing left to open: the payment has its intent, or was given up and its merchant told so.
    Settled,
    /// Another request was stored under the same key.
    Conflict,
}

/// Stores the payment, unless it is there.
async fn prepare(job: &CreateIntent, context: &Context) -> Result<Prepared, StoreError> {
    let (key, request) = (job.idempotency_key.clone(), job.request.clone());
    let new = Payment::new(job.merchant_id, key, request, CHANNEL, context.clock.now());
    let record = Record {
        new_payment: Some(new.clone()),
        ..Record::default()
    };
    match context.recorder.write(record).await? {
        Verdict::Written => return Ok(Prepared::ToOpen(Box::new(new))),
        Verdict::Duplicate | Verdict::Stale => {}
    }
    let Some(stored) = context.store.payment(new.id).await? else {
        return Err(StoreError::Contended(new.id.to_string()));
    };
    Ok(if stored.fingerprint != new.fingerprint {
        Prepared::Conflict
    } else if stored.intent_id.is_some() || stored.status > PaymentStatus::NeedsReview {
        Prepared::Settled
    } else {
        Prepared::ToOpen(Box::new(stored))
    })
}

/// Whether the provider may have forgotten the idempotency key, or people have had to look at the payment: then it is
/// asked what it has before anything is sent again.
fn must_ask_first(context: &Context, payment: &Payment) -> bool {
    let retention = channels::capabilities(payment.channel).idempotency_retention;
    let trusted = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX) - RETENTION_MARGIN;
    payment.status == PaymentStatus::NeedsReview || context.clock.now() - payment.created_at > trusted
}

enum Found {
    /// The provider has the intent, and the payment now knows it.
    Settled(Outcome),
    /// The provider surely has none.
    Nothing,
    /// The provider did not say.
    Unknown(Reason),
}

/// One run that opens an intent.
struct Opening<'a> {
    context: &'a Context,
    run: &'a Run,
    payment_id: PaymentId,
}

impl Opening<'_> {
    async fn create(&self, credentials: &Credentials, payment: &Payment) -> Result<Outcome, StoreError> {
        let request = &payment.request;
        let new = NewIntent {
            payment_id: payment.id,
            money: payment.money,
            description: request.description.clone(),
            payment_method: request.payment_method.clone(),
            return_url: request.return_url.clone(),
        };
        let (result, exchange) = self.context.channels.create_intent(credentials, &new).await;
        match result {
            Ok(intent) => self.record(seen(intent), exchange).await,
            Err(CallError::Declined(failure)) => self.record(PaymentEvent::GaveUp(failure), exchange).await,
            Err(CallError::Refused { code, message }) => {
                self.note(exchange).await?;
                Ok(Outcome::Fail(Reason::new(
                    ErrorClass::Refused,
                    format!("{code}: {message}"),
                )))
            }
            Err(CallError::NotDone { message, retry_after }) => {
                self.note(exchange).await?;
                let reason = Reason::new(ErrorClass::ProviderUnavailable, message);
                self.retry_or_ask(
                    credentials,
                    payment,
                    Outcome::Retry {
                        reason,
                        after: retry_after,
                    },
                )
                .await
            }
            Err(CallError::Unknown { message }) => {
                self.note(exchange).await?;
                let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
                self.retry_or_ask(credentials, payment, Outcome::retry(reason))
                    .await
            }
        }
    }

    /// Before the last try is counted as failed, the provider is asked, if any call may have reached it.
    async fn retry_or_ask(
        &self,
        credentials: &Credentials,
        payment: &Payment,
        retry: Outcome,
    ) -> Result<Outcome, StoreError> {
        if !self.run.is_last || !self.context.store.has_unknown_exchange(payment.id).await? {
            return Ok(retry);
        }
        Ok(match self.find(credentials, payment).await? {
            Found::Settled(outcome) => outcome,
            Found::Nothing => {
                let message = "no try succeeded, and asked for it, the provider has no such intent";
                Outcome::retry(Reason::new(ErrorClass::ProviderUnavailable, message))
            }
            Found::Unknown(reason) => Outcome::retry(reason),
        })
    }

    /// Asks the provider whether it has an intent for the payment.
    async fn find(&self, credentials: &Credentials, payment: &Payment) -> Result<Found, StoreError> {
        let since = payment.created_at - CLOCK_SKEW;
        let (result, exchange) = self
            .context
            .channels
            .find_intent(credentials, payment.id, since)
            .await;
        Ok(match result {
            Ok(Some(intent)) => Found::Settled(self.record(seen(intent), exchange).await?),
            Ok(None) => {
                self.note(exchange).await?;
                Found::Nothing
            }
            Err(error) => {
                self.note(exchange).await?;
                let message = format!("asked whether the intent exists, the provider did not say: {error}");
                Found::Unknown(Reason::new(ErrorClass::OutcomeUnknown, message))
            }
        })
    }

    /// Writes what the provider said and what it does to the payment, as it stands by now.
    async fn record(&self, event: PaymentEvent, exchange: Exchange) -> Result<Outcome, StoreError> {
        for _ in 0..MAX_LOOKS {
            let Some(payment) = self.context.store.payment(self.payment_id).await? else {
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
        Err(StoreError::Contended(self.payment_id.to_string()))
    }

    /// Keeps an exchange that changed nothing.
    async fn note(&self, exchange: Exchange) -> Result<(), StoreError> {
        let record = Record {
            exchanges: vec![self.exchange_record(exchange)],
            ..Record::default()
        };
        self.context.recorder.write(record).await?;
        Ok(())
    }

    /// A process died with this very message in hand: its call may have reached the provider.
    async fn note_interrupted_try(&self) -> Result<(), StoreError> {
        self.note(Exchange {
            operation: "create_intent",
            outcome: "unknown",
            intent_id: None,
            error: Some("an earlier run of this try was cut off".into()),
            duration_ms: 0,
        })
        .await
    }

    fn exchange_record(&self, exchange: Exchange) -> ExchangeRecord {
        ExchangeRecord {
            payment_id: self.payment_id,
            job_id: self.run.job_id.clone(),
            attempt: self.run.attempt,
            exchange,
            at: self.context.clock.now(),
        }
    }
}

fn seen(intent: Intent) -> PaymentEvent {
    PaymentEvent::IntentSeen {
        change: intent.status.clone(),
        intent,
    }
}
