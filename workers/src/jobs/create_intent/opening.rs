//! One run that opens an intent: the call to the provider, and what is asked and written down around it.

use channels::Credentials;
use chrono::TimeDelta;
use domain::{
    channel::{CallError, Exchange, NewIntent},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{PaymentEvent, PaymentStatus},
};
use failpoints::{Point, Protection, is_missing, reach};
use store::{StoreError, Verdict};

use super::{absent, is_settled};
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

impl Opening<'_> {
    /// Whether the provider is to be asked what it has before anything is sent: it may have forgotten the idempotency key,
    /// people have had to look at the payment, or this run was put off in order to ask.
    pub async fn must_ask_first(&self) -> Result<bool, StoreError> {
        let Inquiry {
            payment,
            context,
            run,
        } = &self.inquiry;
        let retention = channels::capabilities(payment.channel).idempotency_retention;
        let trusted = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX) - RETENTION_MARGIN;
        if payment.status == PaymentStatus::NeedsReview || context.clock.now() - payment.created_at > trusted
        {
            return Ok(true);
        }
        Ok(run.snoozes > 0 && self.inquiry.open_call().await?.is_some())
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
        if !self.is_new && !self.note_begun().await? {
            return Ok(Outcome::Done);
        }
        let new = self.new_intent();
        let context = self.inquiry.context;
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
        self.inquiry.note(exchange).await?;
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
    pub async fn note_not_sent(&self, reason: &Reason) -> Result<(), StoreError> {
        if !self.is_new {
            return Ok(());
        }
        self.inquiry
            .note(said("not_done", Some(reason.message.clone())))
            .await
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
