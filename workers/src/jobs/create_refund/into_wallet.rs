//! A refund of what a wallet has paid: it goes back into the wallet.
//!
//! Like the payment it needs nobody outside, so it is one record: the refund, its payment, the transfer and the wallet.

use domain::{
    channel::{Exchange, Operation},
    outcome::Outcome,
    payment::Failure,
    refund::RefundEvent,
    wallet::WalletRefused,
};
use failpoints::{Point, reach};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{MAX_LOOKS, Run},
    jobs::{
        change::record_of_refund,
        subject::{RefundOfPayment, Subject},
    },
};

/// Gives it back. A wallet that does not take it has it fail.
pub async fn give_back(
    context: &Context,
    run: &Run,
    mut subject: RefundOfPayment,
) -> Result<Outcome, StoreError> {
    for _ in 0..MAX_LOOKS {
        let given_back = subject.refund.given_back(&subject.payment);
        reach(Point::CreateRefundAnswered);
        let (mut record, exchange) = match record_of(context, run, &subject, given_back).await? {
            Ok(record) => (record, said("ok", None)),
            Err(refused) => {
                let failure = Failure::refund_refused(refused.code(), &refused.to_string());
                let failed = record_of(context, run, &subject, RefundEvent::GaveUp(failure));
                let exchange = said("declined", Some(refused.code().to_owned()));
                (failed.await?.unwrap_or_default(), exchange)
            }
        };
        subject.add_exchange(&mut record, run, exchange, context.clock.now());
        match context.recorder.write(record).await? {
            Verdict::Written => return Ok(Outcome::Done),
            // The wallet has moved meanwhile, or somebody was faster.
            Verdict::Stale | Verdict::Duplicate => {}
        }
        match subject.again(&context.store).await? {
            Some(now) if !now.is_settled() => subject = now,
            Some(_) | None => return Ok(Outcome::Done),
        }
    }
    Err(StoreError::Contended(subject.id()))
}

/// What the event has to be written as. It cannot be about another refund: it was made for this one.
async fn record_of(
    context: &Context,
    run: &Run,
    subject: &RefundOfPayment,
    event: RefundEvent,
) -> Result<Result<Record, WalletRefused>, StoreError> {
    let RefundOfPayment { refund, payment, .. } = subject.clone();
    match refund.apply(payment, event) {
        Ok(applied) => record_of_refund(context, run, applied).await,
        Err(error) => Err(StoreError::Unreadable {
            what: subject.id(),
            problem: error.to_string(),
        }),
    }
}

/// What our own ledger is noted to have said.
const fn said(outcome: &'static str, error: Option<String>) -> Exchange {
    Exchange {
        operation: Operation::CreateRefund,
        outcome,
        intent_id: None,
        error,
        duration_ms: 0,
    }
}
