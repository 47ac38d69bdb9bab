//! What a step of an order is written as: the order afterwards, or why it does not allow the step.
//!
//! The payment or the refund that a step begins is stored with it, so that it is never without its order's step, and the step
//! never without it: should the job that carries it out be lost, it is pending, and the sweeper sends its job again. No call
//! to the provider is begun by that, and the record says so.

use domain::{
    id::{PaymentId, RefundId},
    job::{ChangeOrder, Envelope, Job},
    order::{LoggedStep, Order, OrderAction, OrderLog, OrderRefused, OrderStep, PayOrder},
    outcome::Outcome,
    payment::{ActionOutcome, Payment},
};
use store::{Record, StoreError};

use crate::{
    context::Context,
    execute::Run,
    jobs::{
        change::add_step,
        create_intent::{check, new_payment},
        create_refund::reserve,
        opening::not_sent,
        subject::{RefundOfPayment, Subject},
    },
};

/// The code of a wish to pay an order in a way that no channel takes.
const NOT_TAKEN: &str = "payment_not_taken";
/// What is said of the call that storing a payment or a refund counts as the beginning of.
const OF_ORDER: &str = "it was stored with the step of its order, and is sent by its own job";

/// A step that is taken.
struct Taken {
    order: Order,
    payment_id: Option<PaymentId>,
    refund_id: Option<RefundId>,
    /// What it begins, and the jobs that carry it out.
    begun: Record,
}

/// A step that is not taken.
enum Untaken {
    /// This comes of the wish.
    Refused(ActionOutcome),
    /// This becomes of the job, and nothing of the wish yet.
    Open(Outcome),
}

impl Untaken {
    const fn refused(code: String, message: String) -> Self {
        Self::Refused(ActionOutcome::Refused { code, message })
    }
}

/// Everything that has to be written for a wish about an order that stands like this, or what becomes of the job instead.
pub async fn record_of(
    job: &ChangeOrder,
    context: &Context,
    run: &Run,
    order: Order,
) -> Result<Result<Record, Outcome>, StoreError> {
    let now = context.clock.now();
    let action = |outcome, payment_id| OrderAction {
        merchant_id: job.merchant_id,
        order_id: job.order_id,
        kind: job.request.kind(),
        idempotency_key: job.idempotency_key.clone(),
        fingerprint: job.fingerprint(),
        outcome,
        payment_id,
        at: now,
    };
    Ok(Ok(match take(job, context, run, order).await? {
        Err(Untaken::Open(outcome)) => return Ok(Err(outcome)),
        Err(Untaken::Refused(refused)) => Record {
            order_action: Some(Box::new(action(refused, None))),
            ..Record::default()
        },
        Ok(taken) => {
            let log = OrderLog {
                operator: job.operator.clone(),
                reason: job.reason.clone(),
                payment_id: taken.payment_id,
                refund_id: taken.refund_id,
                ..OrderLog::of(&taken.order, LoggedStep::Wish(job.request.kind()), now)
            };
            let mut record = taken.begun;
            record.order = Some(Box::new(add_step(&mut record, run, taken.order, log)));
            record.order_action = Some(Box::new(action(ActionOutcome::Done, taken.payment_id)));
            record
        }
    }))
}

/// The order after the step, and the jobs that carry it out.
async fn take(
    job: &ChangeOrder,
    context: &Context,
    run: &Run,
    order: Order,
) -> Result<Result<Taken, Untaken>, StoreError> {
    let after = match order.clone().take(&job.request, job.payment_id()) {
        Ok(after) => after,
        Err(refusal) => return Ok(Err(refused(&refusal))),
    };
    let taken = Taken {
        order: after,
        payment_id: None,
        refund_id: None,
        begun: Record::default(),
    };
    match &job.request {
        OrderStep::Pay(pay) => begin_payment(job, context, run, &order, pay, taken).await,
        OrderStep::Refund { .. } => begin_refund(job, context, run, &order, taken).await,
        OrderStep::Cancel {} => {
            let open = context.store.open_payments_of_order(order.id).await?;
            let cancel = |id| published(context, run, &job.cancel(id));
            let begun = Record {
                jobs: open.into_iter().map(cancel).collect(),
                ..taken.begun
            };
            Ok(Ok(Taken { begun, ..taken }))
        }
        OrderStep::Ship { .. } | OrderStep::Complete {} => Ok(Ok(taken)),
    }
}

async fn begin_payment(
    job: &ChangeOrder,
    context: &Context,
    run: &Run,
    order: &Order,
    pay: &PayOrder,
    taken: Taken,
) -> Result<Result<Taken, Untaken>, StoreError> {
    let mut opening = job.pay(order, pay);
    let payer = match check(&opening, context, run) {
        Ok(payer) => payer,
        Err(outcome) => return Ok(Err(not_taken(outcome))),
    };
    let payment = new_payment(&opening, &payer, context, run).await?;
    opening.request.payer = payment.request.payer.clone();
    let mut begun = Record {
        jobs: vec![published(context, run, &opening)],
        ..taken.begun
    };
    payment.add_exchange(&mut begun, run, not_sent::<Payment>(OF_ORDER), payment.created_at);
    Ok(Ok(Taken {
        payment_id: Some(payment.id),
        begun: Record {
            new_payment: Some(payment),
            ..begun
        },
        ..taken
    }))
}

async fn begin_refund(
    job: &ChangeOrder,
    context: &Context,
    run: &Run,
    order: &Order,
    taken: Taken,
) -> Result<Result<Taken, Untaken>, StoreError> {
    let wanted = order.refund_of(&job.request);
    let priced = wanted.and_then(|items| Ok((order.price_of(&items)?, items)));
    let (amount_minor, items) = match priced {
        Ok(priced) => priced,
        Err(refusal) => return Ok(Err(refused(&refusal))),
    };
    let payment = match order.paid_by {
        Some(id) => context.store.payment(id).await?,
        None => None,
    };
    // An order that can be refunded has been paid by a payment.
    let payment = payment.ok_or_else(|| StoreError::Unreadable {
        what: order.id.to_string(),
        problem: "the payment that has paid it is not there".into(),
    })?;
    let making = job.refund(payment.id, amount_minor, items);
    let (mut begun, refund) = match reserve(&making, context, payment).await? {
        Ok(reserved) => reserved,
        Err(failure) => return Ok(Err(Untaken::refused(failure.code, failure.message))),
    };
    refund.add_exchange(
        &mut begun,
        run,
        not_sent::<RefundOfPayment>(OF_ORDER),
        refund.refund.created_at,
    );
    begun.jobs.push(published(context, run, &making));
    Ok(Ok(Taken {
        refund_id: Some(refund.refund.id),
        begun,
        ..taken
    }))
}

fn published(context: &Context, run: &Run, job: &impl Job) -> Envelope {
    Envelope::new(job, run.trace, context.clock.now())
}

fn refused(refusal: &OrderRefused) -> Untaken {
    Untaken::refused(refusal.code().to_owned(), refusal.to_string())
}

/// What no channel takes is refused for good; what is told of the payer may be read later.
fn not_taken(outcome: Outcome) -> Untaken {
    match outcome {
        Outcome::Fail(reason) => Untaken::refused(NOT_TAKEN.to_owned(), reason.message),
        Outcome::Done | Outcome::Retry { .. } | Outcome::Snooze { .. } => Untaken::Open(outcome),
    }
}
