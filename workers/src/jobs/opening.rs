//! One run that has a provider make something once: the call, and what is asked and written down around it.
//!
//! The provider is always called under the same idempotency key, so a repeat gives the same object. When its answer does
//! not come, the subject is not failed for that. Every call is known to have begun before it is made, so that one without
//! a known end is never forgotten, whoever dies. While there is one, only the provider's word ends the subject: the
//! object it shows, or, long enough after the last call, that it has none. Otherwise people look at it.
//!
//! A subject that may be made elsewhere moves on to its next channel when the present one has surely done nothing, and is
//! made there in the same run. While a call has no known end it stays where it is.

mod giving_up;
mod moving;

use std::time::Duration;

use channels::Credentials;
use chrono::{DateTime, Utc};
use domain::{
    channel::{CallError, Exchange},
    outcome::{ErrorClass, Outcome, Reason},
};
use failpoints::{Protection, is_missing, reach};
use store::{StoreError, Verdict};

use crate::{
    context::Context,
    execute::{MAX_LOOKS, Run},
    jobs::{
        inquiry::{Asked, Inquiry},
        subject::Subject,
    },
};
pub use giving_up::{after_giving_up, give_up};

/// Has the provider make what `subject` needs. `is_new` says whether this very run has stored it, which counts as the
/// beginning of its call.
pub async fn open<S: Subject>(
    context: &Context,
    run: &Run,
    subject: S,
    is_new: bool,
) -> Result<Outcome, StoreError> {
    let mut opening = Opening::new(context, run, subject, is_new);
    loop {
        // It is large, and lies under many layers.
        match Box::pin(opening.at_channel()).await? {
            Passed::Ended(outcome) => return Ok(outcome),
            Passed::MovedOn => {}
        }
    }
}

/// Sends nothing, as no provider can be asked to make what `subject` needs. So nobody has ever made the call that storing it
/// had begun, whoever stored it.
pub async fn refuse<S: Subject>(
    context: &Context,
    run: &Run,
    subject: S,
    reason: Reason,
) -> Result<Outcome, StoreError> {
    let mut opening = Opening::new(context, run, subject, false);
    if opening.inquiry.open_call().await?.is_some() {
        opening.end_unsent(&reason).await?;
    }
    Ok(Outcome::Fail(reason))
}

struct Opening<'a, S> {
    inquiry: Inquiry<'a, S>,
    /// When this run has begun the call that it is about to make, if it has: storing the subject counts, and so does moving
    /// it to another channel.
    begun: Option<DateTime<Utc>>,
}

/// What came of a subject at one channel.
enum Passed {
    /// This becomes of the job.
    Ended(Outcome),
    /// The subject is at another channel now.
    MovedOn,
}

/// What a run begins with.
enum FirstStep {
    /// The call. Under a key that the provider still knows, a repeat of it is safe.
    Call,
    /// Asking the provider what it has.
    Ask {
        /// Whether this is the last try and has made its call: when there is nothing, there will be nothing.
        had_its_call: bool,
    },
}

impl<'a, S: Subject> Opening<'a, S> {
    fn new(context: &'a Context, run: &'a Run, subject: S, is_new: bool) -> Self {
        Self {
            begun: is_new.then(|| subject.created_at()),
            inquiry: Inquiry {
                context,
                run,
                subject,
            },
        }
    }

    /// Has the present channel make it.
    async fn at_channel(&mut self) -> Result<Passed, StoreError> {
        let Inquiry { context, subject, .. } = &self.inquiry;
        let credentials = context.credentials(subject.merchant_id(), subject.channel());
        match credentials.await? {
            Ok(credentials) => self.run(&credentials).await,
            Err(reason) => {
                self.note_not_sent(&reason).await?;
                self.move_on_or(Outcome::Fail(reason)).await
            }
        }
    }

    async fn run(&mut self, credentials: &Credentials) -> Result<Passed, StoreError> {
        if let FirstStep::Ask { had_its_call } = self.first_step().await? {
            match self.ask(credentials).await? {
                Some(outcome) => return Ok(Passed::Ended(outcome)),
                None if had_its_call => return Ok(Passed::Ended(Outcome::retry(absent::<S>()))),
                None => {}
            }
        }
        self.call(credentials).await
    }

    /// The provider is asked what it has before anything is sent when it may have forgotten the idempotency key, when
    /// people have had to look at the subject, or when a call without a known end is over, so that the answer is certain.
    /// What nobody has called for yet is not asked about, however often the job was put off.
    async fn first_step(&self) -> Result<FirstStep, StoreError> {
        if self.begun.is_some() || !self.must_ask().await? {
            return Ok(FirstStep::Call);
        }
        let Inquiry {
            subject,
            context,
            run,
        } = &self.inquiry;
        let had_its_call = run.is_last && subject.has_called(&context.store, run).await?;
        Ok(FirstStep::Ask { had_its_call })
    }

    async fn must_ask(&self) -> Result<bool, StoreError> {
        let Inquiry { subject, context, .. } = &self.inquiry;
        if subject.is_in_review()
            || context.may_be_forgotten(subject.idempotency_retention(), subject.created_at())
        {
            return Ok(true);
        }
        let now = context.clock.now();
        let begun = self.inquiry.open_call().await?;
        Ok(begun.is_some_and(|begun| context.settling.left(begun, now).is_none()))
    }

    /// Asks the provider what it has; gives what becomes of the job, unless there is nothing and will be nothing.
    async fn ask(&mut self, credentials: &Credentials) -> Result<Option<Outcome>, StoreError> {
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

    async fn call(&mut self, credentials: &Credentials) -> Result<Passed, StoreError> {
        if let Some((message, wait)) = self.not_now().await? {
            return self.leave_for_later(message, wait).await;
        }
        let Some(begun) = self.begin().await? else {
            let outcome = after_giving_up(self.inquiry.context, self.inquiry.run).await?;
            return Ok(Passed::Ended(outcome));
        };
        let context = self.inquiry.context;
        if !context.settling.may_send(begun, context.clock.now()) {
            return self.leave_unsent().await.map(Passed::Ended);
        }
        let (result, exchange) = self.inquiry.subject.make(context, credentials).await;
        reach(S::POINTS.answered);
        let is_last = self.inquiry.run.is_last;
        let is_our_limit = matches!(result, Err(CallError::Limited { is_own: true, .. }));
        let (failed, is_final) = match result {
            Ok(news) => return self.record(news, exchange).await.map(Passed::Ended),
            Err(CallError::Declined(failure)) => {
                let declined = self.record(S::gave_up(failure), exchange);
                return declined.await.map(Passed::Ended);
            }
            Err(CallError::Refused { code, message }) => (
                Outcome::Fail(Reason::new(ErrorClass::Refused, format!("{code}: {message}"))),
                true,
            ),
            Err(CallError::Limited {
                message, retry_after, ..
            }) => {
                let reason = Reason::new(ErrorClass::ProviderUnavailable, message);
                let delay = retry_after;
                (Outcome::Snooze { reason, delay }, false)
            }
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
        // A crowd of our own is no reason to go elsewhere: the provider is well.
        if is_our_limit {
            return Ok(Passed::Ended(failed));
        }
        let failed = match self.move_on_or(failed).await? {
            Passed::Ended(failed) => failed,
            Passed::MovedOn => return Ok(Passed::MovedOn),
        };
        // Before anything final is said, a call without a known end is asked about.
        if !is_final || self.inquiry.open_call().await?.is_none() {
            return Ok(Passed::Ended(failed));
        }
        Ok(Passed::Ended(match (self.ask(credentials).await?, failed) {
            (Some(outcome), _) => outcome,
            (None, refused @ Outcome::Fail(_)) => refused,
            (None, Outcome::Retry { .. } | Outcome::Snooze { .. } | Outcome::Done) => {
                Outcome::retry(absent::<S>())
            }
        }))
    }

    /// The call that storing the subject, or moving it, had begun was never made.
    async fn note_not_sent(&mut self, reason: &Reason) -> Result<(), StoreError> {
        if self.begun.take().is_some() {
            self.end_unsent(reason).await?;
        }
        Ok(())
    }

    /// Why the call is not to be made now, and how long that will last.
    async fn not_now(&self) -> Result<Option<(String, Duration)>, StoreError> {
        let Inquiry { subject, context, .. } = &self.inquiry;
        let channel = subject.channel();
        let let_through = if subject.is_made_by_request() {
            context.channels.admits(channel)
        } else {
            context.channels.is_going(channel)
        };
        if let Err(CallError::Limited {
            message, retry_after, ..
        }) = let_through
        {
            return Ok(Some((message, retry_after)));
        }
        let wait = subject.must_wait(context).await?;
        Ok(wait.map(|wait| {
            let message = format!("{channel} wants more time between two of one payment");
            (message, wait)
        }))
    }

    /// Nothing is sent to a provider that does not answer or is busy with us: the job is not to blame, and waits.
    /// Somewhere else it may be made at once.
    async fn leave_for_later(&mut self, message: String, delay: Duration) -> Result<Passed, StoreError> {
        let reason = Reason::new(ErrorClass::ProviderUnavailable, message);
        self.note_not_sent(&reason).await?;
        self.move_on_or(Outcome::Snooze { reason, delay }).await
    }

    /// So long after its beginning, others may be about to conclude that the call had no effect.
    async fn leave_unsent(&mut self) -> Result<Outcome, StoreError> {
        let message = "too long after the call was begun to send it; it will be begun again";
        let reason = Reason::new(ErrorClass::TimedOut, message);
        self.end_unsent(&reason).await?;
        let delay = self.inquiry.context.nap(self.inquiry.run.snoozes);
        Ok(Outcome::Snooze { reason, delay })
    }

    /// Ends the call that was begun and not sent, unless the subject changed: then it may have been ended by others.
    async fn end_unsent(&mut self, reason: &Reason) -> Result<(), StoreError> {
        let not_sent = not_sent::<S>(&reason.message);
        self.inquiry.record_unless_changed(not_sent).await.map(drop)
    }

    /// When the call was begun that is about to be made, if it is to be made.
    async fn begin(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        if let Some(begun) = self.begun.take() {
            return Ok(Some(begun));
        }
        let begun = self.inquiry.context.clock.now();
        Ok(self.note_begun().await?.then_some(begun))
    }

    /// Writes down that a call is about to be made; false when there is nothing left to make. Whoever concludes at the
    /// same time that no call is open has to look again, or was first, and then no call is made.
    async fn note_begun(&mut self) -> Result<bool, StoreError> {
        for _ in 0..MAX_LOOKS {
            let begun = said::<S>("started", None);
            match self.inquiry.record_unless_changed(begun).await? {
                Verdict::Written => {
                    reach(S::POINTS.call_noted);
                    return Ok(true);
                }
                Verdict::Stale | Verdict::Duplicate => {}
            }
            match self.inquiry.subject.again(&self.inquiry.context.store).await? {
                Some(subject) if !subject.is_settled() => self.inquiry.subject = subject,
                Some(_) | None => return Ok(false),
            }
        }
        Err(StoreError::Contended(self.inquiry.subject.id()))
    }

    async fn record(&self, news: S::News, exchange: Exchange) -> Result<Outcome, StoreError> {
        let recorded = self.inquiry.record(news, exchange).await?;
        Ok(recorded.map_or_else(Outcome::Fail, |()| Outcome::Done))
    }

    /// The subject changed while the provider was asked; what was concluded no longer holds.
    fn look_again(&self) -> Outcome {
        let id = self.inquiry.subject.id();
        let message = format!("{id} changed while its provider was asked about it");
        Outcome::Snooze {
            reason: Reason::new(ErrorClass::OutcomeUnknown, message),
            delay: self.inquiry.context.nap(self.inquiry.run.snoozes),
        }
    }
}

/// Why a subject is given up for which the provider surely has nothing.
fn absent<S: Subject>() -> Reason {
    let object = S::OBJECT;
    let message = format!("no try succeeded, and asked for it, the provider has no such {object}");
    Reason::new(ErrorClass::ProviderUnavailable, message)
}

/// What ends a call that storing the subject, or writing its beginning down, had begun, and that was not made.
pub fn not_sent<S: Subject>(why: &str) -> Exchange {
    said::<S>("not_done", Some(why.to_owned()))
}

/// What there is to say about a call apart from the provider's answer.
fn said<S: Subject>(outcome: &'static str, error: Option<String>) -> Exchange {
    Exchange {
        operation: S::CALL,
        outcome,
        intent_id: None,
        error,
        duration_ms: 0,
    }
}
