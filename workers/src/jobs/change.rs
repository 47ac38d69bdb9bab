//! A payment's change as a record: the payment itself, the ledger, who is told, and the jobs that follow.

use domain::{
    channel::RefundReason,
    id::IdempotencyKey,
    job::{CreateRefund, Envelope, NotifyMerchant},
    merchant::LatePayments,
    notification::Notification,
    payment::{Applied, Effect, Payment},
    refund::RefundRequest,
};
use store::{Record, StoreError, TransferRecord};

use crate::{context::Context, execute::Run};

/// Who decides that a payment is refunded which came too late, where the merchant's terms say so.
const OPERATOR: &str = "sluice";

/// Everything that has to be written when a payment changed; nothing when it did not.
///
/// # Errors
/// The merchant's terms are needed and PostgreSQL is away.
pub async fn record_of(context: &Context, run: &Run, applied: Applied) -> Result<Record, StoreError> {
    let Applied {
        mut payment,
        effects,
        changed,
    } = applied;
    if !changed {
        return Ok(Record::default());
    }
    payment.updated_at = context.clock.now();
    let mut record = Record::default();
    for effect in effects {
        match effect {
            Effect::Notify(told) => {
                let told = Notification::about(&payment, told, payment.updated_at);
                tell(&mut record, run, told);
            }
            Effect::Post(transfer) => record.transfers.push(TransferRecord {
                transfer,
                at: payment.updated_at,
            }),
            Effect::PaidLate => record
                .jobs
                .extend(refund_if_unwanted(context, run, &payment).await?),
        }
    }
    record.payment = Some(payment);
    Ok(record)
}

/// Stores a notification and the job that delivers it.
pub fn tell(record: &mut Record, run: &Run, notification: Notification) {
    let job = NotifyMerchant::from(&notification);
    let at = notification.created_at;
    record.jobs.push(Envelope::new(&job, run.trace.child(), at));
    record.notifications.push(notification);
}

/// The job that gives a late payment back, if that is what the merchant has agreed to.
async fn refund_if_unwanted(
    context: &Context,
    run: &Run,
    payment: &Payment,
) -> Result<Option<Envelope>, StoreError> {
    let terms = context.store.terms(payment.merchant_id).await?;
    if terms.late_payments == LatePayments::Accept {
        return Ok(None);
    }
    let job = CreateRefund {
        merchant_id: payment.merchant_id,
        idempotency_key: late_refund_key(payment),
        request: RefundRequest {
            reason: Some(RefundReason::PaidLate),
            operator: Some(OPERATOR.into()),
            ..RefundRequest::all_of(payment.id)
        },
    };
    Ok(Some(Envelope::new(&job, run.trace.child(), payment.updated_at)))
}

/// One late payment is refunded once, whoever notices it.
#[expect(clippy::expect_used, reason = "a short text of visible ASCII is a key")]
fn late_refund_key(payment: &Payment) -> IdempotencyKey {
    let key = format!("late-payment:{}", payment.id);
    IdempotencyKey::try_from(key).expect("a key")
}
