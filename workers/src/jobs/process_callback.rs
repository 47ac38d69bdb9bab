//! `process_callback`: take in a provider's callback whose signature ingress has verified.
//!
//! It is taken in once, together with what it changes, in one transaction. One that comes before the worker that made
//! the provider's object has stored it waits for that; one that contradicts what is stored is parked for people, and so is
//! one of another account at the provider than the one that the payment was opened for.

mod account;
mod dispute;
mod intent;
mod payout;
mod refund;

use channels::CallbackProblem;
use domain::{
    callback::{CallbackEvent, CallbackNews},
    channel::CallError,
    id::PaymentId,
    job::ProcessCallback,
    outcome::{ErrorClass, Outcome, Reason},
    payment::Payment,
};
use failpoints::{Point, reach};
use store::{CallbackOutcome, CallbackRecord, Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{patience::wait_for_key, people},
};

/// One run that takes a callback in.
struct Intake<'a> {
    job: &'a ProcessCallback,
    context: &'a Context,
    run: &'a Run,
    /// The provider's account that the callback is of, where it is not the merchant's own.
    account: Option<String>,
}

/// What a callback comes to, as the world stands.
enum Judged {
    /// It is about this payment, or a refund or dispute of it.
    About {
        payment_id: PaymentId,
        /// Whether it tells something new.
        changed: bool,
        /// What it changes.
        record: Box<Record>,
    },
    /// It is about an account of a user.
    OfAccount {
        /// Whether it tells something new.
        changed: bool,
        /// What it changes.
        record: Box<Record>,
    },
    /// It is about nothing of ours.
    Foreign,
    /// It cannot be taken in, or not now.
    NotTaken(Outcome),
}

impl Handler for ProcessCallback {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let CallbackNews { account, event } = match read(self, context, run).await? {
            Ok(news) => news,
            Err(outcome) => return Ok(outcome),
        };
        reach(Point::ProcessCallbackOpened);
        let intake = Intake {
            job: self,
            context,
            run,
            account,
        };
        for _ in 0..MAX_LOOKS {
            let record = match intake.judge(&event).await? {
                Judged::NotTaken(outcome) => return Ok(outcome),
                Judged::Foreign => intake.taken(None, CallbackOutcome::Ignored, Record::default()),
                Judged::About {
                    payment_id,
                    changed: true,
                    record,
                } => intake.taken(Some(payment_id), CallbackOutcome::Applied, *record),
                Judged::OfAccount { changed, record } => {
                    let outcome = if changed {
                        CallbackOutcome::Applied
                    } else {
                        CallbackOutcome::Unchanged
                    };
                    intake.taken(None, outcome, *record)
                }
                Judged::About {
                    payment_id, record, ..
                } => intake.taken(Some(payment_id), CallbackOutcome::Unchanged, *record),
            };
            match context.recorder.write(record).await? {
                Verdict::Written => {
                    intake.call_people(&event);
                    return Ok(Outcome::Done);
                }
                Verdict::Duplicate => return Ok(Outcome::Done),
                Verdict::Stale => {}
            }
        }
        Err(StoreError::Contended(format!("what {} is about", self.event_id)))
    }
}

/// What the callback says, or what becomes of it when it cannot be read.
async fn read(
    job: &ProcessCallback,
    context: &Context,
    run: &Run,
) -> Result<Result<CallbackNews, Outcome>, StoreError> {
    let body = match open(job, context, run) {
        Ok(body) => body,
        Err(outcome) => return Ok(Err(outcome)),
    };
    let credentials = if channels::capabilities(job.channel).callbacks.needs_credentials {
        match context.credentials(job.merchant_id, job.channel).await? {
            Ok(credentials) => Some(credentials),
            Err(reason) => return Ok(Err(Outcome::Fail(reason))),
        }
    } else {
        None
    };
    let news = channels::translate_callback(job.channel, credentials.as_ref(), &body);
    Ok(news.map_err(|problem| {
        let class = match problem {
            CallbackProblem::Unreadable(_) => ErrorClass::Unreadable,
            CallbackProblem::OtherAccount(_) => ErrorClass::Mismatch,
            CallbackProblem::NoCredentials => ErrorClass::Misconfigured,
        };
        Outcome::Fail(Reason::new(class, problem.to_string()))
    }))
}

/// The callback's body, or what becomes of the job when it cannot be opened.
fn open(job: &ProcessCallback, context: &Context, run: &Run) -> Result<Vec<u8>, Outcome> {
    let place = ProcessCallback::place(job.channel, job.merchant_id, &job.event_id);
    let opened = context.store.vault().open_text(&place, &job.sealed_body);
    opened.map_err(|error| wait_for_key(context, run, "the callback's body", error))
}

impl Intake<'_> {
    async fn judge(&self, event: &CallbackEvent) -> Result<Judged, StoreError> {
        let judged = match event {
            CallbackEvent::Intent { intent, change } => self.judge_intent(intent, change).await?,
            CallbackEvent::Refund(seen) => self.judge_refund(seen).await?,
            CallbackEvent::RefundTold(refund_id) => self.judge_told(*refund_id).await?,
            CallbackEvent::Dispute(seen) => self.judge_dispute(seen).await?,
            CallbackEvent::AccountTold {
                channel_account_id,
                account_id,
            } => self.judge_account(channel_account_id, *account_id).await?,
            CallbackEvent::AccountLost(channel_account_id) => {
                self.judge_lost_account(channel_account_id).await?
            }
            CallbackEvent::TransferReversed(seen) => self.judge_reversal(seen).await?,
            CallbackEvent::NeedsPeople { .. } | CallbackEvent::Other => return Ok(Judged::Foreign),
        };
        if matches!(judged, Judged::About { .. } | Judged::OfAccount { .. }) {
            reach(Point::ProcessCallbackApplied);
        }
        Ok(judged)
    }

    /// Calls people to what the callback tells and Sluice cannot settle: once, as a repeat stops at the inbox.
    fn call_people(&self, event: &CallbackEvent) {
        match event {
            CallbackEvent::NeedsPeople { payment_id } => people::call_to_account(self.job, *payment_id),
            CallbackEvent::Refund(seen) => people::call_to_refund(self.job.channel, seen),
            CallbackEvent::Intent { .. }
            | CallbackEvent::RefundTold(_)
            | CallbackEvent::Dispute(_)
            | CallbackEvent::AccountTold { .. }
            | CallbackEvent::AccountLost(_)
            | CallbackEvent::TransferReversed(_)
            | CallbackEvent::Other => {}
        }
    }

    /// What is written: the callback in the inbox, and what it changes.
    fn taken(&self, payment_id: Option<PaymentId>, outcome: CallbackOutcome, record: Record) -> Record {
        let job = self.job;
        let callback = CallbackRecord {
            channel: job.channel,
            merchant_id: job.merchant_id,
            event_id: job.event_id.clone(),
            event_type: job.event_type.clone(),
            payment_id,
            outcome,
            sealed_body: job.sealed_body.clone(),
            received_at: job.received_at,
            processed_at: self.context.clock.now(),
        };
        Record {
            callback: Some(callback),
            ..record
        }
    }

    /// What becomes of the callback when it is of another account than the payment that it names: whoever holds an account
    /// at the provider can put any mark on what happens there.
    fn of_another_account(&self, payment: &Payment) -> Option<Judged> {
        let expected = &payment.request.connected_account;
        (self.account != *expected).then(|| {
            let named = |account: &Option<String>| match account {
                Some(account) => format!("account {account:.64}"),
                None => "the merchant's own account".into(),
            };
            let (seen, expected) = (named(&self.account), named(expected));
            mismatch(format!(
                "it is of {seen}, but {} is paid to {expected}",
                payment.id
            ))
        })
    }

    /// The provider, asked because of the callback, did not say.
    fn not_told(what: &str, error: &CallError) -> Judged {
        let reason = |class| Reason::new(class, format!("asked {what}: {error}"));
        Judged::NotTaken(match error {
            CallError::Declined(_) | CallError::Refused { .. } => Outcome::Fail(reason(ErrorClass::Refused)),
            CallError::Limited { retry_after, .. } => Outcome::Snooze {
                reason: reason(ErrorClass::ProviderUnavailable),
                delay: *retry_after,
            },
            CallError::NotDone { retry_after, .. } => Outcome::Retry {
                reason: reason(ErrorClass::ProviderUnavailable),
                after: *retry_after,
            },
            CallError::Unknown { .. } => Outcome::retry(reason(ErrorClass::OutcomeUnknown)),
        })
    }

    /// It has come before what it is about is stored.
    fn too_early(&self, message: String) -> Judged {
        Judged::NotTaken(Outcome::Snooze {
            reason: Reason::new(ErrorClass::TooEarly, message),
            delay: self.context.nap(self.run.snoozes),
        })
    }
}

/// It contradicts what is stored: people have to look at it.
fn mismatch(message: String) -> Judged {
    Judged::NotTaken(Outcome::Fail(Reason::new(ErrorClass::Mismatch, message)))
}
