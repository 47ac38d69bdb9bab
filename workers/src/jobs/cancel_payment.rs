//! `cancel_payment`: close a payment before it is paid, because its merchant wants it.
//!
//! A payment with an intent is closed at the provider first: only what the provider has closed is canceled here. One
//! that surely has no intent is canceled at once. While a call that opens it may be under way, neither can be done.
//!
//! A wish that was given up may have been carried out all the same, and then what was noted still says why. But at a channel
//! that captures, nothing is closed by anybody but us: there the note is taken back, so that what the payer agrees to is captured.

use domain::{
    job::{CancelPayment, Job},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{ActionKind, ActionOutcome, Closing, Payment, PaymentEvent, PaymentStatus},
};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{
        change::record_of,
        closing,
        wish::{self, Judgement, Start, Wishing, at_work, refusal},
    },
};

impl Handler for CancelPayment {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let wishing = Wishing {
            context,
            run,
            wish: &self.0,
        };
        for _ in 0..MAX_LOOKS {
            let payment = match wishing.start(ActionKind::Cancel).await? {
                Start::Payment(payment) => *payment,
                Start::Ended(outcome) => return Ok(outcome),
            };
            let ended = match end_of(&payment) {
                Some(end) => wishing.keep(payment.unchanged(), end).await?,
                None if payment.intent_id.is_some() => close(self, &wishing, payment).await?,
                None => cancel_unopened(&wishing, payment).await?,
            };
            if let Some(outcome) = ended {
                return Ok(outcome);
            }
        }
        Err(StoreError::Contended(self.0.payment_id.to_string()))
    }

    async fn give_up(&self, context: &Context, run: &Run, reason: &Reason) -> Result<Record, StoreError> {
        let payment = wish::payment(context, &self.0)
            .await?
            .filter(|payment| has_begun(reason) && channels::capabilities(payment.channel).captures);
        let reopened = payment.map(|payment| payment.apply(PaymentEvent::ClosingRefused(Closing::Canceled)));
        match reopened {
            Some(Ok(applied)) => record_of(context, run, applied).await,
            // The event cannot be refused: it is about the payment alone.
            Some(Err(_)) | None => Ok(Record::default()),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        wish::reply(context, &self.0).await
    }
}

/// Whether a wish that was given up for this reason may have noted anything; otherwise the note is another one's.
const fn has_begun(reason: &Reason) -> bool {
    !matches!(
        reason.class,
        ErrorClass::Invalid | ErrorClass::Conflict | ErrorClass::Forbidden
    )
}

/// Closes the intent at the provider; none when the payment has changed before that was begun.
async fn close(
    job: &CancelPayment,
    wishing: &Wishing<'_>,
    payment: Payment,
) -> Result<Option<Outcome>, StoreError> {
    let Wishing { context, run, .. } = wishing;
    let credentials = match wishing.credentials(&payment).await? {
        Ok(credentials) => credentials,
        Err(outcome) => return Ok(Some(outcome)),
    };
    let Some(cancellation) = closing::cancellation(&payment, job.id()) else {
        return Ok(None);
    };
    if closing::note(context, run, payment, Closing::Canceled).await? != Verdict::Written {
        return Ok(None);
    }
    let answer = closing::close(context, run, &credentials, &cancellation).await?;
    let is_at_work = closing::is_at_work(answer.seen.as_ref());
    let judge = |payment: &Payment| match end_of(payment) {
        Some(_) if payment.status == PaymentStatus::Processing => Judgement::KeptOpen(at_work()),
        Some(end) => Judgement::Kept(end),
        None if is_at_work => Judgement::KeptOpen(at_work()),
        None => Judgement::Undecided,
    };
    wishing.conclude(answer, judge).await.map(Some)
}

/// Cancels a payment that surely has no intent; none when it has changed meanwhile. Whoever begins a call that opens the
/// intent changes its version, so of the two one has to look again.
async fn cancel_unopened(wishing: &Wishing<'_>, payment: Payment) -> Result<Option<Outcome>, StoreError> {
    if wishing.context.store.open_call(&payment).await?.is_some() {
        return Ok(Some(wishing.wait_for_intent()));
    }
    // The event cannot be refused: it is about the payment alone.
    let Ok(applied) = payment.apply(PaymentEvent::Closed(Closing::Canceled)) else {
        return Ok(None);
    };
    wishing.keep(applied, ActionOutcome::Done).await
}

/// What comes of the wish when the payment stands like this; none while it can be closed.
fn end_of(payment: &Payment) -> Option<ActionOutcome> {
    if payment.status == PaymentStatus::Canceled {
        return Some(ActionOutcome::Done);
    }
    refusal(payment)
}
