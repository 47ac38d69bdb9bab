//! What merchants are told.

use domain::notification::Notification;

use super::column;
use crate::write::Together;

const INSERT: &str = "
insert into notifications (id, merchant_id, payment_id, order_id, wallet_id, account_id, event_type, payload,
                           created_at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[],
                     $8::text[], $9::timestamptz[])
on conflict do nothing";

/// Stores notifications; one that is stored already stays as it is.
pub fn insert(all: &mut Together, notifications: &[&Notification]) {
    if notifications.is_empty() {
        return;
    }
    all.add(INSERT)
        .bind(column(notifications, |told| told.id.as_uuid()))
        .bind(column(notifications, |told| told.merchant_id.as_uuid()))
        .bind(column(notifications, |told| {
            told.about.payment().map(|id| id.as_uuid())
        }))
        .bind(column(notifications, |told| {
            told.about.order().map(|id| id.as_uuid())
        }))
        .bind(column(notifications, |told| {
            told.about.wallet().map(|id| id.as_uuid())
        }))
        .bind(column(notifications, |told| {
            told.about.account().map(|id| id.as_uuid())
        }))
        .bind(column(notifications, |told| told.event_type.name()))
        .bind(column(notifications, |told| told.payload.as_str()))
        .bind(column(notifications, |told| told.created_at));
}
