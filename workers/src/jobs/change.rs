//! What changed, as a record: the payment, refund, dispute or account itself, its order or wallet, the ledger, who is told, and
//! the jobs that follow.

mod order;
mod wallet;

use chrono::{DateTime, Utc};
use domain::{
    connect::AppliedAccount,
    dispute::AppliedDispute,
    job::{CapturePayment, CreateRefund, Envelope, NotifyMerchant},
    merchant::LatePayments,
    notification::{Notification, NotificationType},
    payment::{Applied, Effect, Payment},
    refund::AppliedRefund,
    wallet::WalletRefused,
};
use store::{Record, StoreError, TransferRecord};

use crate::{context::Context, execute::Run};
pub use order::{add_step, tell_of_refund};
pub use wallet::moved_by;

/// Everything that has to be written when a payment changed; nothing when it did not.
///
/// # Errors
/// The merchant's terms, the order or the wallet are needed and PostgreSQL is away.
pub async fn record_of(context: &Context, run: &Run, applied: Applied) -> Result<Record, StoreError> {
    let Applied {
        mut payment,
        effects,
        changed,
    } = applied;
    if !changed {
        return Ok(Record::default());
    }
    let run = &run.about(&payment);
    payment.updated_at = context.clock.now();
    let at = payment.updated_at;
    let told: Vec<NotificationType> = effects.iter().filter_map(Effect::told).collect();
    let takes = !effects.contains(&Effect::PaidLate) || takes_late(context, &payment).await?;
    let tells = |told| Notification::about(&payment, told, at);
    let mut record = what_follows(run, &payment, effects, at, tells);
    // Few payments have an order or a wallet, and all would carry its future along.
    let is_wanted = order::tell_of_payment(context, run, &payment, &told, takes, &mut record);
    let mut is_wanted = Box::pin(is_wanted).await?;
    if is_wanted && told.contains(&NotificationType::PaymentSucceeded) {
        is_wanted = Box::pin(wallet::top_up(context, &mut payment, &mut record)).await?;
    }
    if !is_wanted {
        let job = CreateRefund::of_late_payment(&payment);
        record.jobs.push(Envelope::new(&job, run.trace, at));
    }
    Ok(Record {
        payment: Some(payment),
        ..record
    })
}

/// Everything that has to be written when a refund changed; nothing when it did not. The inner error is that of a wallet that
/// does not take what comes back to it.
///
/// # Errors
/// As [`record_of`].
pub async fn record_of_refund(
    context: &Context,
    run: &Run,
    applied: AppliedRefund,
) -> Result<Result<Record, WalletRefused>, StoreError> {
    let AppliedRefund {
        mut refund,
        mut payment,
        effects,
        changed,
        payment_changed,
        before,
    } = applied;
    if !changed {
        return Ok(Ok(Record::default()));
    }
    let run = &run.about(&payment);
    let at = context.clock.now();
    refund.updated_at = at;
    let tells = |told| Notification::about_refund(&refund, told, at);
    let mut record = what_follows(run, &payment, effects, at, tells);
    // One of them at the most is about a wallet: what is paid into one, or out of one, goes on nowhere.
    for moved in &record.transfers {
        match Box::pin(moved_by(context, &moved.transfer, at)).await? {
            Some(Ok(change)) => record.wallets.push(change),
            Some(Err(refused)) => return Ok(Err(refused)),
            None => {}
        }
    }
    Box::pin(tell_of_refund(context, run, &refund, before, &mut record)).await?;
    payment.updated_at = at;
    Ok(Ok(Record {
        refund: Some(refund),
        payment: payment_changed.then_some(payment),
        ..record
    }))
}

/// Everything that has to be written when a dispute changed; nothing when it did not. The payment is written with every
/// change, as its version guards the dispute's.
pub fn record_of_dispute(run: &Run, applied: AppliedDispute) -> Record {
    let AppliedDispute {
        dispute,
        mut payment,
        effects,
        changed,
    } = applied;
    if !changed {
        return Record::default();
    }
    let run = &run.about(&payment);
    let at = dispute.updated_at;
    let tells = |told| Notification::about_dispute(&dispute, told, at);
    let record = what_follows(run, &payment, effects, at, tells);
    payment.updated_at = at;
    Record {
        dispute: Some(dispute),
        payment: Some(payment),
        ..record
    }
}

/// Everything that has to be written when an account of a user changed; nothing when it did not.
pub fn record_of_account(context: &Context, run: &Run, applied: AppliedAccount) -> Record {
    let AppliedAccount { mut account, changed } = applied;
    let mut record = Record::default();
    if changed {
        account.updated_at = context.clock.now();
        tell(&mut record, run, Notification::about_account(&account));
        record.account = Some(Box::new(account));
    }
    record
}

/// Stores a notification and the job that delivers it.
pub fn tell(record: &mut Record, run: &Run, notification: Notification) {
    let job = NotifyMerchant::from(&notification);
    let at = notification.created_at;
    record.jobs.push(Envelope::new(&job, run.trace, at));
    record.notifications.push(notification);
}

/// What the effects of a change to `payment`, or to something of it, have to be written as.
fn what_follows(
    run: &Run,
    payment: &Payment,
    effects: Vec<Effect>,
    at: DateTime<Utc>,
    tells: impl Fn(NotificationType) -> Notification,
) -> Record {
    let mut record = Record::default();
    for effect in effects {
        match effect {
            Effect::Notify(told) => tell(&mut record, run, tells(told)),
            Effect::Post(transfer) => record.transfers.push(TransferRecord { transfer, at }),
            Effect::Capture => {
                let job = CapturePayment::from(payment);
                record.jobs.push(Envelope::new(&job, run.trace, at));
            }
            // Whether its money is taken is asked with the payment as a whole.
            Effect::PaidLate => {}
        }
    }
    record
}

/// Whether the merchant has agreed to take money that comes late.
async fn takes_late(context: &Context, payment: &Payment) -> Result<bool, StoreError> {
    let terms = context.store.terms(payment.merchant_id).await?;
    Ok(terms.late_payments == LatePayments::Accept)
}
