//! The guarded writes: new payments, the inbox, changed payments. Each says which records lost.

use std::collections::HashSet;

use domain::payment::{Closing, Payment};
use failpoints::{Protection, is_missing};
use sqlx::Row;
use uuid::Uuid;

use super::Tx;
use crate::{
    Store, StoreError,
    json::json,
    payments,
    record::{CallbackRecord, Record, Verdict},
};

type Numbered<'a> = (usize, &'a Record);

/// Writes every guard and returns the records that lost one, with the verdict.
pub async fn write(
    tx: &mut Tx,
    store: &Store,
    records: &[Numbered<'_>],
) -> Result<Vec<(usize, Verdict)>, StoreError> {
    let mut lost = insert_payments(tx, records).await?;
    if !is_missing(Protection::Inbox) {
        lost.extend(insert_callbacks(tx, records).await?);
    }
    lost.extend(update_payments(tx, store, records).await?);
    Ok(lost)
}

const INSERT_PAYMENTS: &str = "
insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, request,
                      created_at, updated_at, expires_at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], $7::text[], $8::text[],
                     $9::jsonb[], $10::timestamptz[], $10::timestamptz[], $11::timestamptz[])
on conflict do nothing
returning id";

async fn insert_payments(tx: &mut Tx, records: &[Numbered<'_>]) -> Result<Vec<(usize, Verdict)>, StoreError> {
    let new: Vec<(usize, &Payment)> = records
        .iter()
        .filter_map(|(index, record)| Some((*index, record.new_payment.as_ref()?)))
        .collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let column = || new.iter().map(|(_, payment)| *payment);
    let inserted = sqlx::query(INSERT_PAYMENTS)
        .bind(column().map(|payment| payment.id.as_uuid()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|payment| payment.merchant_id.as_uuid())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|payment| payment.idempotency_key.as_str().to_owned())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|payment| payment.fingerprint.to_vec())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|payment| payment.status.name()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|payment| payment.money.amount_minor)
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|payment| payment.money.currency.code())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|payment| payment.channel.name()).collect::<Vec<_>>())
        .bind(column().map(|payment| json(&payment.request)).collect::<Vec<_>>())
        .bind(column().map(|payment| payment.created_at).collect::<Vec<_>>())
        .bind(column().map(|payment| payment.expires_at).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await?;
    let inserted: HashSet<Uuid> = inserted
        .iter()
        .map(|row| row.try_get("id"))
        .collect::<Result<_, _>>()?;
    let lost = new
        .iter()
        .filter(|(_, payment)| !inserted.contains(&payment.id.as_uuid()));
    Ok(lost.map(|(index, _)| (*index, Verdict::Duplicate)).collect())
}

const INSERT_CALLBACKS: &str = "
insert into payment_callbacks (channel, merchant_id, event_id, event_type, payment_id, outcome, sealed_body,
                               received_at, processed_at)
select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                     $8::timestamptz[], $9::timestamptz[])
on conflict do nothing
returning merchant_id, channel, event_id";

async fn insert_callbacks(
    tx: &mut Tx,
    records: &[Numbered<'_>],
) -> Result<Vec<(usize, Verdict)>, StoreError> {
    let seen: Vec<(usize, &CallbackRecord)> = records
        .iter()
        .filter_map(|(index, record)| Some((*index, record.callback.as_ref()?)))
        .collect();
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let column = || seen.iter().map(|(_, callback)| *callback);
    let rows = sqlx::query(INSERT_CALLBACKS)
        .bind(
            column()
                .map(|callback| callback.channel.name())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|callback| callback.merchant_id.as_uuid())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|callback| callback.event_id.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|callback| callback.event_type.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|callback| callback.payment_id.map(|id| id.as_uuid()))
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|callback| callback.outcome.name())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|callback| callback.sealed_body.clone())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|callback| callback.received_at).collect::<Vec<_>>())
        .bind(column().map(|callback| callback.processed_at).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await?;
    let mut inserted: HashSet<(Uuid, String, String)> = HashSet::new();
    for row in rows {
        inserted.insert((
            row.try_get("merchant_id")?,
            row.try_get("channel")?,
            row.try_get("event_id")?,
        ));
    }
    let lost = seen.iter().filter(|(_, callback)| {
        let (merchant, channel) = (callback.merchant_id.as_uuid(), callback.channel.name().to_owned());
        !inserted.contains(&(merchant, channel, callback.event_id.clone()))
    });
    Ok(lost.map(|(index, _)| (*index, Verdict::Duplicate)).collect())
}

const UPDATE_PAYMENTS: &str = "
update payments as stored
set status = seen.status, intent_id = seen.intent_id, client_secret = seen.client_secret, failure = seen.failure,
    updated_at = seen.updated_at, version = stored.version + 1, closing = seen.closing, is_late = seen.is_late,
    refunded_minor = seen.refunded_minor, refund_reserved_minor = seen.refund_reserved_minor,
    disputed_minor = seen.disputed_minor,
    -- What changed is asked about anew.
    next_query_at = case when stored.status = seen.status then stored.next_query_at end
from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[], $7::timestamptz[], $8::text[],
            $9::boolean[], $10::bigint[], $11::bigint[], $12::bigint[])
     as seen (id, version, status, intent_id, client_secret, failure, updated_at, closing, is_late, refunded_minor,
              refund_reserved_minor, disputed_minor)
where stored.id = seen.id and stored.version = seen.version
returning stored.id";

async fn update_payments(
    tx: &mut Tx,
    store: &Store,
    records: &[Numbered<'_>],
) -> Result<Vec<(usize, Verdict)>, StoreError> {
    let mut changed: Vec<(usize, &Payment)> = records
        .iter()
        .filter_map(|(index, record)| Some((*index, record.payment.as_ref()?)))
        .collect();
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    // One order for everybody, so that two batches rarely lock the same rows crosswise.
    changed.sort_by_key(|(_, payment)| payment.id);
    let column = || changed.iter().map(|(_, payment)| *payment);
    let updated = sqlx::query(UPDATE_PAYMENTS)
        .bind(column().map(|payment| payment.id.as_uuid()).collect::<Vec<_>>())
        .bind(column().map(|payment| payment.version).collect::<Vec<_>>())
        .bind(column().map(|payment| payment.status.name()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|payment| payment.intent_id.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|payment| payments::seal_client_secret(store.vault(), payment))
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|payment| payment.failure.as_ref().map(json))
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|payment| payment.updated_at).collect::<Vec<_>>())
        .bind(
            column()
                .map(|payment| payment.closing.map(Closing::name))
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|payment| payment.is_late).collect::<Vec<_>>())
        .bind(column().map(|payment| payment.refunded_minor).collect::<Vec<_>>())
        .bind(
            column()
                .map(|payment| payment.refund_reserved_minor)
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|payment| payment.disputed_minor).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await?;
    let updated: HashSet<Uuid> = updated
        .iter()
        .map(|row| row.try_get("id"))
        .collect::<Result<_, _>>()?;
    let lost = changed
        .iter()
        .filter(|(_, payment)| !updated.contains(&payment.id.as_uuid()));
    Ok(lost.map(|(index, _)| (*index, Verdict::Stale)).collect())
}
