//! New and changed refunds.

use domain::refund::Refund;

use super::{Guarded, Lost, Numbered, ids};
use crate::{StoreError, json::json, record::Verdict, write::Tx};

const INSERT: &str = "
insert into refunds (id, merchant_id, payment_id, idempotency_key, fingerprint, status, amount_minor, currency, channel,
                     channel_refund_id, failure, request, created_at, updated_at, reversed_minor)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::text[], $7::bigint[], $8::text[],
                     $9::text[], $10::text[], $11::jsonb[], $12::jsonb[], $13::timestamptz[], $14::timestamptz[],
                     $15::bigint[])
on conflict do nothing
returning id";

/// Stores refunds, unless they are there.
pub async fn insert(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let new = Guarded::of(
        records,
        |record| record.new_refund.as_ref(),
        |refund: &Refund| refund.id,
    );
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let inserted = sqlx::query(INSERT)
        .bind(new.column(|refund| refund.id.as_uuid()))
        .bind(new.column(|refund| refund.merchant_id.as_uuid()))
        .bind(new.column(|refund| refund.payment_id.as_uuid()))
        .bind(new.column(|refund| refund.idempotency_key.as_str()))
        .bind(new.column(|refund| &refund.fingerprint[..]))
        .bind(new.column(|refund| refund.status.name()))
        .bind(new.column(|refund| refund.money.amount_minor))
        .bind(new.column(|refund| refund.money.currency.code()))
        .bind(new.column(|refund| refund.channel.name()))
        .bind(new.column(|refund| refund.channel_refund_id.as_deref()))
        .bind(new.column(|refund| refund.failure.as_ref().map(json)))
        .bind(new.column(|refund| json(&refund.request)))
        .bind(new.column(|refund| refund.created_at))
        .bind(new.column(|refund| refund.updated_at))
        .bind(new.column(|refund| refund.reversed_minor))
        .fetch_all(&mut **tx)
        .await?;
    Ok(new.lost(&ids(&inserted)?, |refund| refund.id.as_uuid(), Verdict::Duplicate))
}

const UPDATE: &str = "
update refunds as stored
set status = seen.status, channel_refund_id = seen.channel_refund_id, failure = seen.failure,
    updated_at = seen.updated_at, version = stored.version + 1,
    -- What changed is asked about anew.
    next_query_at = case when stored.status = seen.status then stored.next_query_at end
from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[])
     as seen (id, version, status, channel_refund_id, failure, updated_at)
where stored.id = seen.id and stored.version = seen.version
returning stored.id";

/// Stores refunds over the versions that they were read at.
pub async fn update(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let changed = Guarded::of(
        records,
        |record| record.refund.as_ref(),
        |refund: &Refund| refund.id,
    );
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let updated = sqlx::query(UPDATE)
        .bind(changed.column(|refund| refund.id.as_uuid()))
        .bind(changed.column(|refund| refund.version))
        .bind(changed.column(|refund| refund.status.name()))
        .bind(changed.column(|refund| refund.channel_refund_id.as_deref()))
        .bind(changed.column(|refund| refund.failure.as_ref().map(json)))
        .bind(changed.column(|refund| refund.updated_at))
        .fetch_all(&mut **tx)
        .await?;
    Ok(changed.lost(&ids(&updated)?, |refund| refund.id.as_uuid(), Verdict::Stale))
}
