//! What a step of an order is written as: the order afterwards, or why it does not allow the step.

use domain::{
    id::{PaymentId, RefundId},
    job::{ChangeOrder, Envelope, Job},
    order::{LoggedStep, Order, OrderAction, OrderLog, OrderRefused, OrderStep, PayOrder},
    outcome::Outcome,
    payment::ActionOutcome,
};
use store::{Record, StoreError};

use crate::{
    context::Context,
    execute::Run,
    jobs::create_intent::{check, sealed},
};

/// The code of a wish to pay an order in a way that no channel takes.
const NOT_TAKEN: &str = "payment_not_taken";

/// A step that is taken.
struct Taken {
    order: Order,
    payment_id: Option<PaymentId>,
    refund_id: Option<RefundId>,
    jobs: Vec<Envelope>,
}

/// A step that is not taken.
enum Untaken {
    /// This comes of the wish.
    Refused(ActionOutcome),
    /// This becomes of the job, and nothing of the wish yet.
    Open(Outcome),
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
            Record {
                order: Some(Box::new(Order {
                    updated_at: now,
                    ..taken.order
                })),
                order_action: Some(Box::new(action(ActionOutcome::Done, taken.payment_id))),
                order_logs: vec![log],
                jobs: taken.jobs,
                ..Record::default()
            }
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
        jobs: Vec::new(),
    };
    Ok(match &job.request {
        OrderStep::Pay(pay) => begin_payment(job, context, run, &order, pay, taken),
        OrderStep::Refund { .. } => begin_refund(job, context, run, &order, taken),
        OrderStep::Cancel {} => {
            let open = context.store.open_payments_of_order(order.id).await?;
            let cancel = |id| published(context, run, &job.cancel(id));
            Ok(Taken {
                jobs: open.into_iter().map(cancel).collect(),
                ..taken
            })
        }
        OrderStep::Ship { .. } | OrderStep::Complete {} => Ok(taken),
    })
}

fn begin_payment(
    job: &ChangeOrder,
    context: &Context,
    run: &Run,
    order: &Order,
    pay: &PayOrder,
    taken: Taken,
) -> Result<Taken, Untaken> {
    let mut payment = job.pay(order, pay);
    check(&payment, context, run).map_err(not_taken)?;
    payment.request.payer = sealed(&payment, context);
    Ok(Taken {
        payment_id: Some(payment.payment_id()),
        jobs: vec![published(context, run, &payment)],
        ..taken
    })
}

fn begin_refund(
    job: &ChangeOrder,
    context: &Context,
    run: &Run,
    order: &Order,
    taken: Taken,
) -> Result<Taken, Untaken> {
    let items = order
        .refund_of(&job.request)
        .map_err(|refusal| refused(&refusal))?;
    let amount_minor = order.price_of(&items).map_err(|refusal| refused(&refusal))?;
    // An order that can be refunded has been paid by a payment.
    let Some(payment_id) = order.paid_by else {
        return Ok(taken);
    };
    let refund = job.refund(payment_id, amount_minor, items);
    Ok(Taken {
        payment_id: None,
        refund_id: Some(refund.refund_id()),
        jobs: vec![published(context, run, &refund)],
        ..taken
    })
}

fn published(context: &Context, run: &Run, job: &impl Job) -> Envelope {
    Envelope::new(job, run.trace.child(), context.clock.now())
}

fn refused(refusal: &OrderRefused) -> Untaken {
    Untaken::Refused(ActionOutcome::Refused {
        code: refusal.code().to_owned(),
        message: refusal.to_string(),
    })
}

/// What no channel takes is refused for good; what is told of the payer may be read later.
fn not_taken(outcome: Outcome) -> Untaken {
    match outcome {
        Outcome::Fail(reason) => Untaken::Refused(ActionOutcome::Refused {
            code: NOT_TAKEN.to_owned(),
            message: reason.message,
        }),
        Outcome::Done | Outcome::Retry { .. } | Outcome::Snooze { .. } => Untaken::Open(outcome),
    }
}
