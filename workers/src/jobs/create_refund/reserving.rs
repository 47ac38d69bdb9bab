//! Setting aside what a refund gives back, in the same record that stores it. What was paid into a wallet is set aside in the
//! wallet, and refused when it was spent.

use channels::RefundNotTaken;
use chrono::{DateTime, Utc};
use domain::{
    job::CreateRefund,
    ledger::Transfer,
    money::Money,
    order::Order,
    payment::{Failure, Payment},
    refund::{Refund, RefundRefused},
};
use store::{Record, StoreError, TransferRecord};

use crate::{
    context::Context,
    jobs::{change::moved_by, subject::RefundOfPayment},
};

/// What has to be written so that `payment` gives back what is asked for, and the refund as it then is; or why it cannot.
///
/// # Errors
/// PostgreSQL is away.
pub async fn reserve(
    job: &CreateRefund,
    context: &Context,
    payment: Payment,
) -> Result<Result<(Record, RefundOfPayment), Failure>, StoreError> {
    // After the payment: what is set aside since then has changed it, and what has paid its order has done so with it.
    let earlier = context.store.refunds_made(payment.id).await?;
    let order = match payment.request.order_id {
        Some(id) => Box::pin(context.store.order(id)).await?,
        None => None,
    };
    let now = context.clock.now();
    let money = match refundable(job, &payment, order.as_ref(), earlier, now) {
        Ok(money) => money,
        Err(failure) => return Ok(Err(failure)),
    };
    let taken_back = context.store.taken_back(payment.id).await?;
    let refund = match new_refund(job, &payment, money, now).taking_back(&payment, taken_back) {
        Ok(refund) => refund,
        Err(refused) => return Ok(Err(refused.failure())),
    };
    let transfer = Transfer::refund_reserved(&refund, &payment);
    let wallet = match Box::pin(moved_by(context, &transfer, now)).await?.transpose() {
        Ok(wallet) => wallet,
        Err(refused) => {
            let failure = Failure::refund_refused(refused.code(), &refused.to_string());
            return Ok(Err(failure));
        }
    };
    let mut payment = payment.with_reserved(money);
    payment.updated_at = now;
    let record = Record {
        new_refund: Some(refund.clone()),
        payment: Some(payment.clone()),
        transfers: vec![TransferRecord { transfer, at: now }],
        wallets: wallet.into_iter().collect(),
        ..Record::default()
    };
    payment.version += 1;
    Ok(Ok((record, RefundOfPayment::new(refund, payment)?)))
}

/// The refund of so much of a payment that a job asks for.
pub fn new_refund(job: &CreateRefund, payment: &Payment, money: Money, now: DateTime<Utc>) -> Refund {
    let (key, request) = (job.idempotency_key.clone(), job.request.clone());
    Refund::new(payment, key, request, money, now)
}

/// How much a job gives back of a payment that had so many refunds before, or why nothing.
fn refundable(
    job: &CreateRefund,
    payment: &Payment,
    order: Option<&Order>,
    earlier: u32,
    now: DateTime<Utc>,
) -> Result<Money, Failure> {
    let money = payment
        .check_refund(order, &job.request)
        .map_err(RefundRefused::failure)?;
    channels::capabilities(payment.channel)
        .check_refund(money, now - payment.created_at, earlier)
        .map_err(RefundNotTaken::failure)?;
    Ok(money)
}
