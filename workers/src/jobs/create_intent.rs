//! `create_intent`: open the provider's intent for a payment that a merchant asked for.
//!
//! A payment whose time is over before an intent was opened for it, as after an outage, is not opened any more: nobody
//! waits for it by now, and a card charged at once would come as a surprise. It expires, and the merchant is told. Neither is
//! one whose order was paid or canceled meanwhile: what was charged would have to be given back. It is canceled.
//!
//! A payment from a wallet has no provider: its intent is the transfer that pays it.

mod destination;
mod from_wallet;
mod placing;
mod topping_up;
mod unopened;

use domain::{
    job::{CreateIntent, CreateIntentReply},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Payer, Payment, PaymentView},
};
use failpoints::{Point, reach};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::{
        opening::{after_giving_up, give_up, open, refuse},
        subject::Subject,
    },
};
pub use placing::{check, new_payment};

impl Handler for CreateIntent {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let prepared = match check(self, context, run) {
            Ok(payer) => match placeable(self, context, run).await? {
                Ok(()) => prepare(self, &payer, context, run).await?,
                Err(outcome) => return Ok(outcome),
            },
            // What is stored was found good then. Were its job refused now, it would be sent again for ever.
            Err(outcome) => match context.store.payment(self.payment_id()).await? {
                Some(stored) => found(self, stored),
                None => return Ok(outcome),
            },
        };
        match prepared {
            Prepared::Stored(payment) => proceed(context, run, *payment, true).await,
            Prepared::ToOpen(payment) => proceed(context, run, *payment, false).await,
            Prepared::Settled => Ok(Outcome::Done),
            Prepared::GivenUp => after_giving_up(context, run).await,
            Prepared::Conflict => {
                let message = "the idempotency key was used before for another request; nothing was done";
                Ok(Outcome::Fail(Reason::new(ErrorClass::Conflict, message)))
            }
        }
    }

    async fn give_up(&self, context: &Context, run: &Run, reason: &Reason) -> Result<Record, StoreError> {
        match context.store.payment(self.payment_id()).await? {
            Some(payment) if payment.channel.is_provider() => give_up(context, run, payment, reason).await,
            // What is left undone in our own ledger is done when its job comes again.
            Some(_) | None => Ok(Record::default()),
        }
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

/// Opens the intent, unless nobody wants the payment any more, or there is no channel to open it at.
async fn proceed(
    context: &Context,
    run: &Run,
    payment: Payment,
    is_new: bool,
) -> Result<Outcome, StoreError> {
    if !payment.channel.is_provider() {
        Box::pin(from_wallet::pay(context, run, payment)).await
    } else if let Some(why) = unopened::why_not(context, &payment).await? {
        Box::pin(unopened::close(context, run, payment, why, is_new)).await
    } else if let Some(reason) = placing::nowhere(&payment) {
        refuse(context, run, payment, reason).await
    } else if let Err(outcome) = placing::openable(context, run, payment.id, &payment.request) {
        Ok(outcome)
    } else {
        open(context, run, payment, is_new).await
    }
}

enum Prepared {
    /// Stored just now.
    Stored(Box<Payment>),
    /// Stored before, and without an intent.
    ToOpen(Box<Payment>),
    /// There is nothing left to open: the payment has its intent.
    Settled,
    /// The payment was given up and its merchant told so.
    GivenUp,
    /// Another request was stored under the same key.
    Conflict,
}

/// Stores the payment, unless it is there.
async fn prepare(
    job: &CreateIntent,
    payer: &Payer,
    context: &Context,
    run: &Run,
) -> Result<Prepared, StoreError> {
    let new = new_payment(job, payer, context, run).await?;
    let record = Record {
        new_payment: Some(new.clone()),
        ..Record::default()
    };
    match context.recorder.write(record).await? {
        Verdict::Written => {
            reach(Point::CreateIntentStored);
            return Ok(Prepared::Stored(Box::new(new)));
        }
        Verdict::Duplicate | Verdict::Stale => {}
    }
    let stored = context.store.payment(new.id).await?;
    let stored = stored.ok_or_else(|| StoreError::Contended(new.id.to_string()))?;
    Ok(found(job, stored))
}

/// What a job comes to whose payment was stored before.
fn found(job: &CreateIntent, stored: Payment) -> Prepared {
    if stored.fingerprint != job.request.fingerprint() {
        Prepared::Conflict
    } else if !stored.is_settled() {
        Prepared::ToOpen(Box::new(stored))
    } else if stored.intent_id.is_some() {
        Prepared::Settled
    } else {
        Prepared::GivenUp
    }
}

/// What becomes of a job whose payment is for a wallet or for an account that it cannot be for. What is stored already goes on.
async fn placeable(
    job: &CreateIntent,
    context: &Context,
    run: &Run,
) -> Result<Result<(), Outcome>, StoreError> {
    match topping_up::check(job, context, run).await? {
        Ok(()) => destination::check(job, context).await,
        refused => Ok(refused),
    }
}
