//! One run that opens an intent: the call to the provider, and what is asked and written down around it.

use channels::Credentials;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{CallError, Exchange, NewIntent},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{PaymentEvent, PaymentStatus},
};
use failpoints::{Point, Protection, is_missing, reach};
use store::{StoreError, Verdict};

use super::{absent, after_giving_up, is_settled};
use crate::{
    execute::MAX_LOOKS,
    jobs::inquiry::{Asked, Inquiry, seen},
};

/// An idempotency key is trusted until this long before the provider forgets it.
const RETENTION_MARGIN: TimeDelta = TimeDelta::hours(1);

/// One run that opens an intent.
pub struct Opening<'a> {
    pub inquiry: Inquiry<'a>,
    /// Whether this run stored the payment, which counts as the beginning of its call.
    pub is_new: bool,
}

/// What a run begins with.
pub enum FirstStep {
    /// The call. Under a key that the provider still knows, a repeat of it is safe.
    Call,
    /// Asking the provider what it has.
    Ask {
        /// Whether this is the last try and has made its call: when there is no intent, there will be none.
        had_its_call: bool,
    },
}

impl Opening<'_> {
    /// The provider is asked what it has before anything is sent when it may have forgotten the idempotency key, when
    /// people have had to look at the payment, or when a call without a known end is over, so that the answer is certain.
    /// What nobody has called for yet is not asked about, however often the job was put off.
    pub async fn first_step(&self) -> Result<FirstStep, StoreError> {
        if self.is_new || !self.must_ask().await? {
            return Ok(FirstStep::Call);
        }
        let Inquiry {
            payment,
            context,
            run,
        } = &self.inquiry;
        let had_its_call = run.is_last
            && context
                .store
                .has_called(payment.id, &run.job_id, run.attempt)
                .await?;
        Ok(FirstStep::Ask { had_its_call })
    }

    async fn must_ask(&self) -> Result<bool, StoreError> {
        let Inquiry { payment, context, .. } = &self.inquiry;
        let now = context.clock.now();
        let retention = channels::capabilities(payment.channel).idempotency_retention;
        let trusted = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX) - RETENTION_MARGIN;
        if payment.status == PaymentStatus::NeedsReview || now - payment.created_at > trusted {
            return Ok(true);
        }
        let begun = self.inquiry.open_call().await?;
        Ok(begun.is_some_and(|begun| context.settling.left(begun, now).is_none()))
    }

    /// Asks the provider what it has; gives what becomes of the job, unless there is no intent and will be none.
    pub async fn ask(&mut self, credentials: &Credentials) -> Result<Option<Outcome>, StoreError> {
        Ok(Some(match self.inquiry.ask(credentials).await? {
            Asked::Settled => Outcome::Done,
            Asked::Mismatch(reason) => Outcome::Fail(reason),
            Asked::TooSoon { reason, wait } => Outcome::Snooze { reason, delay: wait },
            Asked::Silent(reason) => Outcome::retry(reason),
            Asked::Absent(exchange) => match self.inquiry.record_unless_changed(exchange).await? {
                Verdict::Written => return Ok(None),
                Verdict::Stale | Verdict::Duplicate => self.look_again(),
            },
        }))
    }

    /// Asks the provider to open the intent.
    pub async fn create(&mut self, credentials: &Credentials) -> Result<Outcome, StoreError> {
        let Some(begun) = self.begin().await? else {
            return after_giving_up(self.inquiry.context, self.inquiry.run).await;
        };
        let new = self.new_intent();
        let context = self.inquiry.context;
        if !context.settling.may_send(begun, context.clock.now()) {
            return self.leave_unsent().await;
        }
        let (result, exchange) = context.channels.create_intent(credentials, &new).await;
        reach(Point::CreateIntentAnswered);
        let is_last = self.inquiry.run.is_last;
        let (failed, is_final) = match result {
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
                let after = retry_after;
                (Outcome::Retry { reason, after }, is_last)
            }
            Err(CallError::Unknown { message }) if is_missing(Protection::AskFirst) => (
                Outcome::Fail(Reason::new(ErrorClass::OutcomeUnknown, message)),
                false,
            ),
            Err(CallError::Unknown { message }) => {
                let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
                (Outcome::retry(reason), is_last)
            }
        };
        // A call that others may have concluded to be over must not end one that was begun since.
        let is_over = context.settling.left(begun, context.clock.now()).is_none();
        let outcome = if is_over { "late" } else { exchange.outcome };
        self.inquiry.note(Exchange { outcome, ..exchange }).await?;
        // Before anything final is said, a call without a known end is asked about.
        if !is_final || self.inquiry.open_call().await?.is_none() {
            return Ok(failed);
        }
        Ok(match (self.ask(credentials).await?, failed) {
            (Some(outcome), _) => outcome,
            (None, refused @ Outcome::Fail(_)) => refused,
            (None, Outcome::Retry { .. } | Outcome::Snooze { .. } | Outcome::Done) => {
                Outcome::retry(absent())
            }
        })
    }

    /// The call that storing the payment had begun was never made.
    pub async fn note_not_sent(&mut self, reason: &Reason) -> Result<(), StoreError> {
        if self.is_new {
            self.end_unsent(reason).await?;
        }
        Ok(())
    }

    /// So long after its beginning, others may be about to conclude that the call had no effect.
    async fn leave_unsent(&mut self) -> Result<Outcome, StoreError> {
        let message = "too long after the call was begun to send it; it will be begun again";
        let reason = Reason::new(ErrorClass::TimedOut, message);
        self.end_unsent(&reason).await?;
        let delay = self.inquiry.context.nap(self.inquiry.run.snoozes);
        Ok(Outcome::Snooze { reason, delay })
    }

    /// Ends the call that was begun and not sent, unless the payment changed: then it may have been ended by others.
    async fn end_unsent(&mut self, reason: &Reason) -> Result<(), StoreError> {
        let not_done = said("not_done", Some(reason.message.clone()));
        self.inquiry.record_unless_changed(not_done).await.map(drop)
    }

    /// When the call was begun that is about to be made. Storing a new payment was the beginning of its first.
    async fn begin(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        if self.is_new {
            return Ok(Some(self.inquiry.payment.created_at));
        }
        let begun = self.inquiry.context.clock.now();
        Ok(self.note_begun().await?.then_some(begun))
    }

    /// Writes down that a call is about to be made; false when there is nothing left to open. Whoever concludes at the
    /// same time that no call is open has to look again, or was first, and then no call is made.
    async fn note_begun(&mut self) -> Result<bool, StoreError> {
        for _ in 0..MAX_LOOKS {
            match self.inquiry.record_unless_changed(said("started", None)).await? {
                Verdict::Written => {
                    reach(Point::CreateIntentCallNoted);
                    return Ok(true);
                }
                Verdict::Stale | Verdict::Duplicate => {}
            }
            match self
                .inquiry
                .context
                .store
                .payment(self.inquiry.payment.id)
                .await?
            {
                Some(payment) if !is_settled(&payment) => self.inquiry.payment = payment,
                Some(_) | None => return Ok(false),
            }
        }
        Err(StoreError::Contended(self.inquiry.payment.id.to_string()))
    }

    fn new_intent(&self) -> NewIntent {
        let payment = &self.inquiry.payment;
        let request = &payment.request;
        NewIntent {
            payment_id: payment.id,
            money: payment.money,
            description: request.description.clone(),
            payment_method: request.payment_method.clone(),
            return_url: request.return_url.clone(),
        }
    }

    async fn record(&self, event: PaymentEvent, exchange: Exchange) -> Result<Outcome, StoreError> {
        let recorded = self.inquiry.record(event, exchange).await?;
        Ok(recorded.map_or_else(Outcome::Fail, |()| Outcome::Done))
    }

    /// The payment changed while the provider was asked; what was concluded no longer holds.
    fn look_again(&self) -> Outcome {
        let message = "the payment changed while its provider was asked about it";
        Outcome::Snooze {
            reason: Reason::new(ErrorClass::OutcomeUnknown, message),
            delay: self.inquiry.context.nap(self.inquiry.run.snoozes),
        }
    }
}

/// What there is to say about a call apart from the provider's answer.
fn said(outcome: &'static str, error: Option<String>) -> Exchange {
    Exchange {
        operation: "create_intent",
        outcome,
        intent_id: None,
        error,
        duration_ms: 0,
    }
}
