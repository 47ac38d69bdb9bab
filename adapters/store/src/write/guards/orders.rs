//! New and changed orders. Their items follow when the guards held.

use domain::order::{Order, Shipment};

use super::{Guarded, Lost, Numbered, ids};
use crate::{StoreError, json::json, record::Verdict, write::Tx};

const INSERT: &str = "
insert into orders (id, merchant_id, idempotency_key, fingerprint, status, stage, total_minor, currency, user_id, reference,
                    description, metadata, created_at, updated_at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::jsonb[], $13::timestamptz[], $14::timestamptz[])
on conflict do nothing
returning id";

/// Stores orders, unless they are there.
pub async fn insert(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let new = Guarded::of(
        records,
        |record| record.new_order.as_deref(),
        |order: &Order| order.id,
    );
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let inserted = sqlx::query(INSERT)
        .bind(new.column(|order| order.id.as_uuid()))
        .bind(new.column(|order| order.merchant_id.as_uuid()))
        .bind(new.column(|order| order.idempotency_key.as_str()))
        .bind(new.column(|order| &order.fingerprint[..]))
        .bind(new.column(|order| order.status.name()))
        .bind(new.column(|order| order.stage.name()))
        .bind(new.column(|order| order.money.amount_minor))
        .bind(new.column(|order| order.money.currency.code()))
        .bind(new.column(|order| order.user_id.as_ref().map(|user| user.as_str())))
        .bind(new.column(|order| order.reference.as_deref()))
        .bind(new.column(|order| order.description.as_deref()))
        .bind(new.column(|order| json(&order.metadata)))
        .bind(new.column(|order| order.created_at))
        .bind(new.column(|order| order.updated_at))
        .fetch_all(&mut **tx)
        .await?;
    Ok(new.lost(&ids(&inserted)?, |order| order.id.as_uuid(), Verdict::Duplicate))
}

const UPDATE: &str = "
update orders as stored
set status = seen.status, stage = seen.stage, last_payment_id = seen.last_payment_id, paid_by = seen.paid_by,
    refunding_minor = seen.refunding_minor, refunded_minor = seen.refunded_minor, carrier = seen.carrier,
    tracking = seen.tracking, updated_at = seen.updated_at, version = stored.version + 1
from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::bigint[], $8::bigint[],
            $9::text[], $10::text[], $11::timestamptz[])
     as seen (id, version, status, stage, last_payment_id, paid_by, refunding_minor, refunded_minor, carrier, tracking,
              updated_at)
where stored.id = seen.id and stored.version = seen.version
returning stored.id";

/// Stores orders over the versions that they were read at.
pub async fn update(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let changed = Guarded::of(
        records,
        |record| record.order.as_deref(),
        |order: &Order| order.id,
    );
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let updated = sqlx::query(UPDATE)
        .bind(changed.column(|order| order.id.as_uuid()))
        .bind(changed.column(|order| order.version))
        .bind(changed.column(|order| order.status.name()))
        .bind(changed.column(|order| order.stage.name()))
        .bind(changed.column(|order| order.last_payment.map(|id| id.as_uuid())))
        .bind(changed.column(|order| order.paid_by.map(|id| id.as_uuid())))
        .bind(changed.column(Order::refunding_minor))
        .bind(changed.column(Order::refunded_minor))
        .bind(changed.column(|order| shipment(order, |shipment| &shipment.carrier)))
        .bind(changed.column(|order| shipment(order, |shipment| &shipment.tracking)))
        .bind(changed.column(|order| order.updated_at))
        .fetch_all(&mut **tx)
        .await?;
    Ok(changed.lost(&ids(&updated)?, |order| order.id.as_uuid(), Verdict::Stale))
}

fn shipment(order: &Order, part: fn(&Shipment) -> &String) -> Option<&str> {
    order.shipment.as_ref().map(|shipment| part(shipment).as_str())
}
