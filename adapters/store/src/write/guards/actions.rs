//! What came of merchants' wishes: each is kept once under its key.

use std::collections::HashSet;

use domain::payment::PaymentAction;
use sqlx::Row;
use uuid::Uuid;

use super::{Guarded, Lost, Numbered};
use crate::{StoreError, json::json, record::Verdict, write::Tx};

const INSERT: &str = "
insert into payment_actions (merchant_id, action, idempotency_key, payment_id, fingerprint, request, outcome, at)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bytea[], $6::jsonb[], $7::jsonb[],
                     $8::timestamptz[])
on conflict do nothing
returning merchant_id, action, idempotency_key";

/// Keeps what came of wishes, unless something is kept under their keys.
pub async fn insert(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let new = Guarded::of(records, |record| record.action.as_ref(), key);
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(INSERT)
        .bind(new.column(|action| action.merchant_id.as_uuid()))
        .bind(new.column(|action| action.request.kind().name()))
        .bind(new.column(|action| action.idempotency_key.as_str()))
        .bind(new.column(|action| action.payment_id.as_uuid()))
        .bind(new.column(|action| &action.fingerprint[..]))
        .bind(new.column(|action| json(&action.request)))
        .bind(new.column(|action| json(&action.outcome)))
        .bind(new.column(|action| action.at))
        .fetch_all(&mut **tx)
        .await?;
    let mut kept: HashSet<(Uuid, String, String)> = HashSet::new();
    for row in rows {
        kept.insert((
            row.try_get("merchant_id")?,
            row.try_get("action")?,
            row.try_get("idempotency_key")?,
        ));
    }
    Ok(new.lost(&kept, key, Verdict::Duplicate))
}

fn key(action: &PaymentAction) -> (Uuid, String, String) {
    let (merchant_id, kind) = (action.merchant_id.as_uuid(), action.request.kind().name());
    (
        merchant_id,
        kind.to_owned(),
        action.idempotency_key.as_str().to_owned(),
    )
}
