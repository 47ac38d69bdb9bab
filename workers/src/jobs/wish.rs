//! What the two wishes about a payment have in common: how they are checked, waited with, concluded and answered.
//!
//! What came of a wish is kept in the same record as the change that it brought about, under the merchant's key. So a
//! repeat finds either nothing, and begins again, or the end. A wish that was given up leaves nothing behind but its
//! parked job: sent again, or asked for again under the same key, it is carried out like a new one.

mod answers;

use channels::Credentials;
use domain::{
    channel::{Channel, Exchange},
    job::Wish,
    outcome::{ErrorClass, Outcome, Reason},
    payment::{
        ActionKind, ActionOutcome, Applied, Closing, Payment, PaymentAction, PaymentEvent, TransitionError,
    },
};
use store::{ExchangeRecord, Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{MAX_LOOKS, Run},
    jobs::{change::record_of, closing::Answer, patience::wait, subject::seen},
};
use answers::{action, is_of};
pub use answers::{at_work, payment, refusal, refused, reply};

/// One run that carries out a wish.
pub struct Wishing<'a> {
    pub context: &'a Context,
    pub run: &'a Run,
    pub wish: &'a Wish,
}

/// What a run begins with.
pub enum Start {
    /// The payment, which may be in any state.
    Payment(Box<Payment>),
    /// There is nothing to do, or nothing to do yet.
    Ended(Outcome),
}

/// What there is to say about a wish, given the payment as it stands by now.
pub enum Judgement {
    /// This came of it.
    Kept(ActionOutcome),
    /// The same, and the payment is no longer being closed.
    KeptOpen(ActionOutcome),
    /// Nothing came of it yet.
    Undecided,
}

impl Wishing<'_> {
    /// The payment, unless the wish cannot be read, was ended before, or came too early.
    pub async fn start(&self, kind: ActionKind) -> Result<Start, StoreError> {
        if let Err(reason) = check(self.wish, kind) {
            return Ok(Start::Ended(Outcome::Fail(reason)));
        }
        if let Some(ended) = self.kept().await? {
            return Ok(Start::Ended(ended));
        }
        Ok(match self.payment().await? {
            Some(payment) => Start::Payment(Box::new(payment)),
            None => {
                let message = format!("the merchant has no payment {}", self.wish.payment_id);
                Start::Ended(wait(
                    self.context,
                    self.run,
                    Reason::new(ErrorClass::TooEarly, message),
                ))
            }
        })
    }

    /// What becomes of a job whose wish was ended before.
    async fn kept(&self) -> Result<Option<Outcome>, StoreError> {
        Ok(action(self.context, self.wish).await?.map(|kept| {
            if is_of(&kept, self.wish) {
                Outcome::Done
            } else {
                let message = "the idempotency key was used before for another wish; nothing was done";
                Outcome::Fail(Reason::new(ErrorClass::Conflict, message))
            }
        }))
    }

    /// The payment as it stands by now, if it is there and the merchant's.
    async fn payment(&self) -> Result<Option<Payment>, StoreError> {
        payment(self.context, self.wish).await
    }

    /// What becomes of the wish while the payment's intent is not known yet.
    pub fn wait_for_intent(&self) -> Outcome {
        let message = "a call that opens the intent may be under way, so there is nothing to act upon yet";
        wait(self.context, self.run, Reason::new(ErrorClass::TooEarly, message))
    }

    /// The merchant's credentials for the payment's channel, or what becomes of the job without them.
    pub async fn credentials(&self, payment: &Payment) -> Result<Result<Credentials, Outcome>, StoreError> {
        let credentials = self.context.credentials(payment.merchant_id, payment.channel);
        Ok(credentials.await?.map_err(Outcome::Fail))
    }

    /// Keeps what came of the wish with the payment as `applied` leaves it; none when somebody was faster.
    pub async fn keep(
        &self,
        applied: Applied,
        outcome: ActionOutcome,
    ) -> Result<Option<Outcome>, StoreError> {
        let record = Record {
            action: Some(self.action(outcome)),
            ..record_of(self.context, self.run, applied).await?
        };
        let verdict = self.context.recorder.write(record).await?;
        Ok((verdict == Verdict::Written).then_some(Outcome::Done))
    }

    /// Writes what the provider said, what that does to the payment as it stands by now, and what came of the wish.
    pub async fn conclude(
        &self,
        answer: Answer,
        judge: impl Fn(&Payment) -> Judgement,
    ) -> Result<Outcome, StoreError> {
        let mut was_kept = None;
        for _ in 0..MAX_LOOKS {
            let Some(payment) = self.payment().await? else {
                break;
            };
            let channel = payment.channel;
            let (applied, kept) = match judged(payment, &answer, &judge) {
                Ok(judged) => judged,
                Err(error) => {
                    self.note(channel, mismatched(answer.exchanges)).await?;
                    return Ok(Outcome::Fail(Reason::new(
                        ErrorClass::Mismatch,
                        error.to_string(),
                    )));
                }
            };
            let outcome = if kept.is_some() {
                Outcome::Done
            } else {
                answer.otherwise.clone()
            };
            let record = Record {
                // Whoever kept something under this key meanwhile has not written what this answer says.
                action: kept.filter(|_| was_kept.is_none()).map(|kept| self.action(kept)),
                exchanges: self.exchange_records(channel, &answer.exchanges),
                ..record_of(self.context, self.run, applied).await?
            };
            match self.context.recorder.write(record).await? {
                Verdict::Written => return Ok(was_kept.unwrap_or(outcome)),
                Verdict::Duplicate => was_kept = self.kept().await?,
                Verdict::Stale => {}
            }
        }
        Err(StoreError::Contended(self.wish.payment_id.to_string()))
    }

    fn action(&self, outcome: ActionOutcome) -> PaymentAction {
        let Wish {
            merchant_id,
            idempotency_key,
            payment_id,
            request,
        } = self.wish;
        PaymentAction {
            merchant_id: *merchant_id,
            payment_id: *payment_id,
            idempotency_key: idempotency_key.clone(),
            fingerprint: request.fingerprint(*payment_id),
            request: request.clone(),
            outcome,
            at: self.context.clock.now(),
        }
    }

    /// Keeps exchanges that changed nothing.
    async fn note(&self, channel: Channel, exchanges: Vec<Exchange>) -> Result<(), StoreError> {
        let record = Record {
            exchanges: self.exchange_records(channel, &exchanges),
            ..Record::default()
        };
        self.context.recorder.write(record).await.map(drop)
    }

    fn exchange_records(&self, channel: Channel, exchanges: &[Exchange]) -> Vec<ExchangeRecord> {
        let record = |exchange: &Exchange| ExchangeRecord {
            payment_id: self.wish.payment_id,
            channel,
            job_id: self.run.job_id.clone(),
            attempt: self.run.attempt,
            exchange: exchange.clone(),
            at: self.context.clock.now(),
        };
        exchanges.iter().map(record).collect()
    }
}

/// Ingress checks this at the door; upstream systems that publish jobs themselves do not pass it.
fn check(wish: &Wish, kind: ActionKind) -> Result<(), Reason> {
    let invalid = |problem: String| Reason::new(ErrorClass::Invalid, problem);
    let wanted = wish.request.kind();
    if wanted != kind {
        let (wanted, kind) = (wanted.name(), kind.name());
        return Err(invalid(format!(
            "action: {wanted:?} in a job that can only {kind}"
        )));
    }
    wish.request
        .validate()
        .map_err(|error| invalid(error.to_string()))
}

/// The payment after the provider's answer, and what came of the wish, if that is known.
fn judged(
    payment: Payment,
    answer: &Answer,
    judge: impl Fn(&Payment) -> Judgement,
) -> Result<(Applied, Option<ActionOutcome>), TransitionError> {
    let applied = match &answer.seen {
        Some(intent) => payment.apply(seen(intent.clone()))?,
        None => payment.unchanged(),
    };
    Ok(match judge(&applied.payment) {
        Judgement::Kept(outcome) => (applied, Some(outcome)),
        Judgement::KeptOpen(outcome) => {
            let event = PaymentEvent::ClosingRefused(Closing::Canceled);
            (applied.then(event)?, Some(outcome))
        }
        Judgement::Undecided => (applied, None),
    })
}

/// What was said is not about this payment.
fn mismatched(exchanges: Vec<Exchange>) -> Vec<Exchange> {
    let outcome = "mismatch";
    let mismatched = |exchange| Exchange { outcome, ..exchange };
    exchanges.into_iter().map(mismatched).collect()
}
