//! `cancel_payment`: close a payment before it is paid, because its merchant wants it.
//!
//! A payment with an intent is closed at the provider first: only what the provider has closed is canceled here. One
//! that surely has no intent is canceled at once. While a call that opens it may be under way, neither can be done.

use domain::{
    job::{CancelPayment, Job},
    outcome::Outcome,
    payment::{ActionKind, ActionOutcome, Closing, Payment, PaymentEvent, PaymentStatus},
};
use store::{StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{
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

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        wish::reply(context, &self.0).await
    }
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
