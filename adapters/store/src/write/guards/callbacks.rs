//! The inbox: each event of a provider is taken in once.

use std::collections::HashSet;

use sqlx::Row;
use uuid::Uuid;

use super::{Guarded, Lost, Numbered};
use crate::{
    StoreError,
    record::{CallbackRecord, Verdict},
    write::Tx,
};

const INSERT: &str = "
insert into payment_callbacks (channel, merchant_id, event_id, event_type, payment_id, outcome, sealed_body,
                               received_at, processed_at)
select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                     $8::timestamptz[], $9::timestamptz[])
on conflict do nothing
returning merchant_id, channel, event_id";

/// Takes callbacks in, unless they were taken in before.
pub async fn insert(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let seen = Guarded::of(records, |record| record.callback.as_ref(), key);
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(INSERT)
        .bind(seen.column(|callback| callback.channel.name()))
        .bind(seen.column(|callback| callback.merchant_id.as_uuid()))
        .bind(seen.column(|callback| callback.event_id.as_str()))
        .bind(seen.column(|callback| callback.event_type.as_str()))
        .bind(seen.column(|callback| callback.payment_id.map(|id| id.as_uuid())))
        .bind(seen.column(|callback| callback.outcome.name()))
        .bind(seen.column(|callback| callback.sealed_body.as_str()))
        .bind(seen.column(|callback| callback.received_at))
        .bind(seen.column(|callback| callback.processed_at))
        .fetch_all(&mut **tx)
        .await?;
    let mut taken_in: HashSet<(Uuid, String, String)> = HashSet::new();
    for row in rows {
        taken_in.insert((
            row.try_get("merchant_id")?,
            row.try_get("channel")?,
            row.try_get("event_id")?,
        ));
    }
    Ok(seen.lost(&taken_in, key, Verdict::Duplicate))
}

fn key(callback: &CallbackRecord) -> (Uuid, String, String) {
    let (merchant_id, channel) = (callback.merchant_id.as_uuid(), callback.channel.name());
    (merchant_id, channel.to_owned(), callback.event_id.clone())
}
