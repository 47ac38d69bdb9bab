//! A payment's change as a record: the payment itself, who is told, and the jobs that follow.

use chrono::{DateTime, Utc};
use domain::{
    job::{Envelope, NotifyMerchant},
    notification::Notification,
    payment::{Applied, Effect},
    trace::TraceParent,
};
use store::Record;

/// Everything that has to be written when a payment changed; nothing when it did not.
pub fn record_of(applied: Applied, trace: &TraceParent, now: DateTime<Utc>) -> Record {
    let Applied {
        mut payment,
        effects,
        changed,
    } = applied;
    if !changed {
        return Record::default();
    }
    payment.updated_at = now;
    let told = effects
        .into_iter()
        .map(|Effect::Notify(event_type)| Notification::about(&payment, event_type, now));
    let notifications: Vec<Notification> = told.collect();
    let jobs = notifications
        .iter()
        .map(|told| Envelope::new(&NotifyMerchant::from(told), trace.child(), now));
    Record {
        jobs: jobs.collect(),
        notifications,
        payment: Some(payment),
        ..Record::default()
    }
}
