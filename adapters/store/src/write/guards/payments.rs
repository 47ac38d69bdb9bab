//! New and changed payments.

use domain::{
    payment::{Closing, Payment},
    routing::Routing,
    user::UserId,
};

use super::{Guarded, Lost, Numbered, ids};
use crate::{Store, StoreError, json::json, payments::seal_next_action, record::Verdict, write::Tx};

const INSERT: &str = "
insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, request,
                      created_at, updated_at, expires_at, routing, order_id, user_id, wallet_id, traceparent)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], $7::text[], $8::text[],
                     $9::jsonb[], $10::timestamptz[], $10::timestamptz[], $11::timestamptz[],
                     $12::jsonb[], $13::uuid[], $14::text[], $15::uuid[], $16::text[])
on conflict do nothing
returning id";

/// Stores payments, unless they are there.
pub async fn insert(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let new = Guarded::of(
        records,
        |record| record.new_payment.as_ref(),
        |payment: &Payment| payment.id,
    );
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let inserted = sqlx::query(INSERT)
        .bind(new.column(|payment| payment.id.as_uuid()))
        .bind(new.column(|payment| payment.merchant_id.as_uuid()))
        .bind(new.column(|payment| payment.idempotency_key.as_str()))
        .bind(new.column(|payment| &payment.fingerprint[..]))
        .bind(new.column(|payment| payment.status.name()))
        .bind(new.column(|payment| payment.money.amount_minor))
        .bind(new.column(|payment| payment.money.currency.code()))
        .bind(new.column(|payment| payment.channel.name()))
        .bind(new.column(|payment| json(&payment.request)))
        .bind(new.column(|payment| payment.created_at))
        .bind(new.column(|payment| payment.expires_at))
        .bind(new.column(|payment| payment.routing.as_ref().map(json)))
        .bind(new.column(|payment| payment.request.order_id.map(|id| id.as_uuid())))
        .bind(new.column(|payment| payment.request.user_id.as_ref().map(UserId::as_str)))
        .bind(new.column(|payment| payment.request.wallet_id.map(|id| id.as_uuid())))
        .bind(new.column(|payment| payment.trace.map(|trace| trace.to_string())))
        .fetch_all(&mut **tx)
        .await?;
    Ok(new.lost(
        &ids(&inserted)?,
        |payment| payment.id.as_uuid(),
        Verdict::Duplicate,
    ))
}

const UPDATE: &str = "
update payments as stored
set status = seen.status, intent_id = seen.intent_id, next_action = seen.next_action, failure = seen.failure,
    updated_at = seen.updated_at, version = stored.version + 1, closing = seen.closing, is_late = seen.is_late,
    refunded_minor = seen.refunded_minor, refund_reserved_minor = seen.refund_reserved_minor,
    disputed_minor = seen.disputed_minor, channel = seen.channel, paid_into = seen.paid_into,
    routing = coalesce(seen.routing, stored.routing),
    -- What changed is asked about anew.
    next_query_at = case when stored.status = seen.status then stored.next_query_at end
from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[], $7::timestamptz[], $8::text[],
            $9::boolean[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::jsonb[],
            $15::text[])
     as seen (id, version, status, intent_id, next_action, failure, updated_at, closing, is_late, refunded_minor,
              refund_reserved_minor, disputed_minor, channel, routing, paid_into)
where stored.id = seen.id and stored.version = seen.version
returning stored.id";

/// Stores payments over the versions that they were read at.
pub async fn update(
    tx: &mut Tx<'_>,
    store: &Store,
    records: &[Numbered<'_>],
) -> Result<Vec<Lost>, StoreError> {
    let changed = Guarded::of(
        records,
        |record| record.payment.as_ref(),
        |payment: &Payment| payment.id,
    );
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let updated = sqlx::query(UPDATE)
        .bind(changed.column(|payment| payment.id.as_uuid()))
        .bind(changed.column(|payment| payment.version))
        .bind(changed.column(|payment| payment.status.name()))
        .bind(changed.column(|payment| payment.intent_id.as_deref()))
        .bind(changed.column(|payment| seal_next_action(store.vault(), payment)))
        .bind(changed.column(|payment| payment.failure.as_ref().map(json)))
        .bind(changed.column(|payment| payment.updated_at))
        .bind(changed.column(|payment| payment.closing.map(Closing::name)))
        .bind(changed.column(|payment| payment.is_late))
        .bind(changed.column(|payment| payment.refunded_minor))
        .bind(changed.column(|payment| payment.refund_reserved_minor))
        .bind(changed.column(|payment| payment.disputed_minor))
        .bind(changed.column(|payment| payment.channel.name()))
        .bind(changed.column(|payment| moved(payment).map(json)))
        .bind(changed.column(|payment| payment.paid_into.as_ref().map(UserId::as_str)))
        .fetch_all(&mut **tx)
        .await?;
    Ok(changed.lost(&ids(&updated)?, |payment| payment.id.as_uuid(), Verdict::Stale))
}

/// The routing of a payment that has left a channel. Nothing else of it ever changes, so it is not written again for others.
fn moved(payment: &Payment) -> Option<&Routing> {
    payment
        .routing
        .as_ref()
        .filter(|routing| !routing.failovers.is_empty())
}
