//! What merchants are told.

use domain::notification::Notification;

use super::column;
use crate::{StoreError, write::Tx};

const INSERT: &str = "
insert into notifications (id, merchant_id, payment_id, event_type, payload, created_at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
on conflict do nothing";

/// Stores notifications; one that is stored already stays as it is.
pub async fn insert(tx: &mut Tx, notifications: &[&Notification]) -> Result<(), StoreError> {
    if notifications.is_empty() {
        return Ok(());
    }
    sqlx::query(INSERT)
        .bind(column(notifications, |told| told.id.as_uuid()))
        .bind(column(notifications, |told| told.merchant_id.as_uuid()))
        .bind(column(notifications, |told| {
            told.payment_id.map(|id| id.as_uuid())
        }))
        .bind(column(notifications, |told| told.event_type.name()))
        .bind(column(notifications, |told| told.payload.as_str()))
        .bind(column(notifications, |told| told.created_at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
