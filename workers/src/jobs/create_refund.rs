//! `create_refund`: give money of a payment back.
//!
//! The amount is set aside on the payment before the provider is asked, in the same record that stores the refund; of two
//! that want the same money, one finds the payment changed and looks again. What cannot be refunded is stored all the
//! same, as failed and with its reason, and nothing is sent. The call itself is made like the one that opens an intent.
//!
//! What was paid into a wallet is set aside in the wallet, and refused when it was spent.

mod into_wallet;
mod reserving;

use domain::{
    job::{CreateRefund, CreateRefundReply},
    notification::{Notification, NotificationType},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Failure, Payment},
    refund::{Refund, RefundStatus, RefundView},
};
use failpoints::{Point, reach};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{
        change::{tell, tell_of_refund},
        opening::{after_giving_up, give_up, open},
        patience::wait,
        subject::{RefundOfPayment, Subject, is_settled},
    },
};
use reserving::new_refund;
pub use reserving::reserve;

impl Handler for CreateRefund {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        if let Err(error) = self.request.validate() {
            let reason = Reason::new(ErrorClass::Invalid, error.to_string());
            return Ok(Outcome::Fail(reason));
        }
        match prepare(self, context, run).await? {
            Prepared::Reserved(refund) => make(context, run, *refund, true).await,
            Prepared::ToMake(refund) => make(context, run, *refund, false).await,
            Prepared::Settled => Ok(Outcome::Done),
            Prepared::GivenUp => after_giving_up(context, run).await,
            Prepared::Conflict => {
                let message = "the idempotency key was used before for another request; nothing was done";
                Ok(Outcome::Fail(Reason::new(ErrorClass::Conflict, message)))
            }
            // Its own job may still be on the way here, so this is final only when it is still so at the last try.
            Prepared::NoSuchPayment => {
                let message = format!("the merchant has no payment {}", self.request.payment_id);
                Ok(wait(context, run, Reason::new(ErrorClass::TooEarly, message)))
            }
        }
    }

    async fn give_up(&self, context: &Context, run: &Run, reason: &Reason) -> Result<Record, StoreError> {
        let stored = context.store.refund(self.refund_id()).await?;
        let Some(refund) = stored.filter(|refund| !is_settled(refund)) else {
            return Ok(Record::default());
        };
        match RefundOfPayment::load(&context.store, refund).await? {
            Some(refund) if refund.channel().is_provider() => give_up(context, run, refund, reason).await,
            // What is left undone in our own ledger is done when its job comes again.
            Some(_) | None => Ok(Record::default()),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = match context.store.refund(self.refund_id()).await? {
            Some(refund) if refund.fingerprint == self.request.fingerprint() => {
                CreateRefundReply::Refund(Box::new(RefundView::from(&refund)))
            }
            Some(_) => CreateRefundReply::Conflict,
            None if payment_of(self, context).await?.is_some() => return Ok(None),
            None => CreateRefundReply::NoSuchPayment,
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}

/// Has the provider make it, or our own ledger.
async fn make(
    context: &Context,
    run: &Run,
    refund: RefundOfPayment,
    is_new: bool,
) -> Result<Outcome, StoreError> {
    if refund.channel().is_provider() {
        open(context, run, refund, is_new).await
    } else {
        Box::pin(into_wallet::give_back(context, run, refund)).await
    }
}

enum Prepared {
    /// Stored just now, and its amount set aside.
    Reserved(Box<RefundOfPayment>),
    /// Stored before, and not known to the provider.
    ToMake(Box<RefundOfPayment>),
    /// There is nothing left to make: the provider has it, or it was refused just now.
    Settled,
    /// It was given up, or refused, and its merchant told so.
    GivenUp,
    /// Another request was stored under the same key.
    Conflict,
    /// The merchant has no such payment, or not yet.
    NoSuchPayment,
}

/// Stores the refund, unless it is there, and sets its amount aside.
async fn prepare(job: &CreateRefund, context: &Context, run: &Run) -> Result<Prepared, StoreError> {
    for _ in 0..MAX_LOOKS {
        if let Some(refund) = context.store.refund(job.refund_id()).await? {
            return stored_before(job, context, refund).await;
        }
        let Some(payment) = payment_of(job, context).await? else {
            return Ok(Prepared::NoSuchPayment);
        };
        let (record, prepared) = match reserve(job, context, payment.clone()).await? {
            Ok((record, refund)) => (record, Prepared::Reserved(Box::new(refund))),
            Err(failure) => {
                let refused = refuse(job, context, run, &payment, failure);
                (refused.await?, Prepared::Settled)
            }
        };
        match context.recorder.write(record).await? {
            Verdict::Written => {
                reach(Point::CreateRefundStored);
                return Ok(prepared);
            }
            // The same request came at the same time, or another one took of the same money.
            Verdict::Duplicate | Verdict::Stale => {}
        }
    }
    Err(StoreError::Contended(job.request.payment_id.to_string()))
}

/// The payment that the job names, if it is its merchant's.
async fn payment_of(job: &CreateRefund, context: &Context) -> Result<Option<Payment>, StoreError> {
    let payment = context.store.payment(job.request.payment_id).await?;
    Ok(payment.filter(|payment| payment.merchant_id == job.merchant_id))
}

async fn stored_before(
    job: &CreateRefund,
    context: &Context,
    refund: Refund,
) -> Result<Prepared, StoreError> {
    if refund.fingerprint != job.request.fingerprint() {
        return Ok(Prepared::Conflict);
    }
    if is_settled(&refund) {
        let is_known = refund.channel_refund_id.is_some();
        return Ok(if is_known {
            Prepared::Settled
        } else {
            Prepared::GivenUp
        });
    }
    Ok(match RefundOfPayment::load(&context.store, refund).await? {
        Some(refund) => Prepared::ToMake(Box::new(refund)),
        None => Prepared::NoSuchPayment,
    })
}

/// The refund as failed, for which nothing is set aside or sent.
async fn refuse(
    job: &CreateRefund,
    context: &Context,
    run: &Run,
    payment: &Payment,
    failure: Failure,
) -> Result<Record, StoreError> {
    let now = context.clock.now();
    let asked = job.request.asked_of(payment);
    let refund = new_refund(job, payment, asked, now).refused(failure);
    let mut record = Record::default();
    let told = Notification::about_refund(&refund, NotificationType::RefundFailed, now);
    tell(&mut record, run, told);
    Box::pin(tell_of_refund(
        context,
        run,
        &refund,
        RefundStatus::Pending,
        &mut record,
    ))
    .await?;
    record.new_refund = Some(refund);
    Ok(record)
}
