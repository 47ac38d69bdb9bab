//! What the changes of payments and refunds do to their orders, as part of the same record: so both are written, or neither.
//! The order's version guards it like the payment's guards the payment.

use domain::{
    id::OrderId,
    notification::{Notification, NotificationType},
    order::{HeardOrder, LoggedStep, Order, OrderEvent, OrderLog, RefundNews},
    payment::Payment,
    refund::{Refund, RefundStatus},
};
use store::{Record, StoreError};

use super::tell;
use crate::{context::Context, execute::Run};

/// Why a payment is given back that its order does not take.
const NOT_WANTED: &str = "its order was paid or canceled before";
/// Why a payment is given back that its merchant does not take.
const TOO_LATE: &str = "it was paid after it had been closed";

/// Adds to `record` what the order of `payment` hears, given what the merchant is told, and whether it `takes` late money.
/// False when the money is not wanted.
///
/// # Errors
/// PostgreSQL is away.
pub async fn tell_of_payment(
    context: &Context,
    run: &Run,
    payment: &Payment,
    told: &[NotificationType],
    takes: bool,
    record: &mut Record,
) -> Result<bool, StoreError> {
    let is_told = |what| told.contains(&what);
    let (event, step) = if is_told(NotificationType::PaymentSucceeded) {
        (OrderEvent::Paid(payment.id), LoggedStep::Paid)
    } else if is_told(NotificationType::PaymentFailed) {
        (OrderEvent::PaymentFailed(payment.id), LoggedStep::PaymentFailed)
    } else {
        return Ok(takes);
    };
    let Some(order_id) = payment.request.order_id else {
        return Ok(takes);
    };
    let order = read(context, order_id).await?;
    let heard = if takes {
        order.hear(event)
    } else {
        HeardOrder {
            order,
            changed: false,
            is_wanted: false,
        }
    };
    let step = match (heard.changed, heard.is_wanted) {
        (true, _) => step,
        (false, false) => LoggedStep::PaymentNotWanted,
        (false, true) => return Ok(true),
    };
    let reason = match &payment.failure {
        _ if !takes => Some(TOO_LATE.into()),
        _ if !heard.is_wanted => Some(NOT_WANTED.into()),
        failure => failure.as_ref().map(|failure| failure.message.clone()),
    };
    let log = OrderLog {
        payment_id: Some(payment.id),
        ..OrderLog::of(&heard.order, step, payment.updated_at).by_ourselves(reason)
    };
    let order = add_step(record, run, heard.order, log);
    record.order = heard.changed.then(|| Box::new(order));
    Ok(heard.is_wanted)
}

/// Adds to `record` what the order hears of which `refund` gives something back, and which stood like this `before`.
///
/// # Errors
/// PostgreSQL is away.
pub async fn tell_of_refund(
    context: &Context,
    run: &Run,
    refund: &Refund,
    before: RefundStatus,
    record: &mut Record,
) -> Result<(), StoreError> {
    let (news, step) = match (before, refund.status) {
        (RefundStatus::Succeeded, RefundStatus::Failed) => (RefundNews::Returned, LoggedStep::RefundFailed),
        (before, RefundStatus::Failed) if before != RefundStatus::Failed => {
            (RefundNews::Failed, LoggedStep::RefundFailed)
        }
        (before, RefundStatus::Succeeded) if before != RefundStatus::Succeeded => {
            (RefundNews::Made, LoggedStep::Refunded)
        }
        (
            _,
            RefundStatus::Pending
            | RefundStatus::NeedsReview
            | RefundStatus::Processing
            | RefundStatus::Succeeded
            | RefundStatus::Failed,
        ) => return Ok(()),
    };
    let Some(of_order) = &refund.request.order else {
        return Ok(());
    };
    let order = read(context, of_order.order_id).await?;
    let heard = order.hear(OrderEvent::Refund(news, &of_order.items));
    let reason = refund.failure.as_ref().map(|failure| failure.message.clone());
    let log = OrderLog {
        payment_id: Some(refund.payment_id),
        refund_id: Some(refund.id),
        ..OrderLog::of(&heard.order, step, refund.updated_at).by_ourselves(reason)
    };
    record.order = Some(Box::new(add_step(record, run, heard.order, log)));
    Ok(())
}

/// Adds to `record` what happened to an order that stands so since then, and tells its merchant, if it is told of such steps.
/// Gives the order as it is to be stored.
pub fn add_step(record: &mut Record, run: &Run, order: Order, log: OrderLog) -> Order {
    if let Some(notification) = Notification::about_order(&order, &log) {
        tell(record, run, notification);
    }
    let updated_at = log.at;
    record.order_logs.push(log);
    Order { updated_at, ..order }
}

/// The order as it stands by now. Payments and refunds name none that is not there.
async fn read(context: &Context, id: OrderId) -> Result<Order, StoreError> {
    let order = context.store.order(id).await?;
    order.ok_or_else(|| StoreError::Unreadable {
        what: id.to_string(),
        problem: "it is not there".into(),
    })
}
