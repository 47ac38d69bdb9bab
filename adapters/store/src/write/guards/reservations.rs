//! What is set aside in wallets: holds, and withdrawals. A new one is stored unless it is there, and a changed one over the
//! version that it was read at: to the table both are one version after another.

use domain::{
    channel::Channel,
    wallet::{Hold, Withdrawal},
};

use super::{Guarded, Lost, Numbered, ids};
use crate::{StoreError, record::Verdict, write::Tx};

const UPSERT_HOLDS: &str = "
insert into wallet_holds as stored (id, version, merchant_id, wallet_id, user_id, currency, amount_minor, captured_minor,
                                    status, reason, created_at, updated_at)
select id, version + 1, merchant_id, wallet_id, user_id, currency, amount_minor, captured_minor, status, reason, created_at,
       updated_at
from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
            $10::text[], $11::timestamptz[], $12::timestamptz[])
     as seen (id, version, merchant_id, wallet_id, user_id, currency, amount_minor, captured_minor, status, reason, created_at,
              updated_at)
on conflict (id) do update
set captured_minor = excluded.captured_minor, status = excluded.status, version = excluded.version,
    updated_at = excluded.updated_at
where stored.version + 1 = excluded.version
returning id";

/// Stores holds, new and changed.
pub async fn upsert_holds(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let holds = Guarded::of(records, |record| record.hold.as_deref(), |hold: &Hold| hold.id);
    if holds.is_empty() {
        return Ok(Vec::new());
    }
    let stored = sqlx::query(UPSERT_HOLDS)
        .bind(holds.column(|hold| hold.id.as_uuid()))
        .bind(holds.column(|hold| hold.version))
        .bind(holds.column(|hold| hold.merchant_id.as_uuid()))
        .bind(holds.column(|hold| hold.wallet_id.as_uuid()))
        .bind(holds.column(|hold| hold.user_id.as_str()))
        .bind(holds.column(|hold| hold.currency.code()))
        .bind(holds.column(|hold| hold.amount_minor))
        .bind(holds.column(|hold| hold.captured_minor))
        .bind(holds.column(|hold| hold.status.name()))
        .bind(holds.column(|hold| hold.reason.as_str()))
        .bind(holds.column(|hold| hold.created_at))
        .bind(holds.column(|hold| hold.updated_at))
        .fetch_all(&mut **tx)
        .await?;
    Ok(holds.lost(&ids(&stored)?, |hold| hold.id.as_uuid(), Verdict::Stale))
}

const UPSERT_WITHDRAWALS: &str = "
insert into wallet_withdrawals as stored (id, version, merchant_id, wallet_id, user_id, currency, amount_minor, status, note,
                                          reason, reference, created_at, updated_at, channel, account_id, paying_since,
                                          in_review_since)
select id, version + 1, merchant_id, wallet_id, user_id, currency, amount_minor, status, note, reason, reference, created_at,
       updated_at, channel, account_id, paying_since, in_review_since
from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
            $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::uuid[], $16::timestamptz[],
            $17::timestamptz[])
     as seen (id, version, merchant_id, wallet_id, user_id, currency, amount_minor, status, note, reason, reference,
              created_at, updated_at, channel, account_id, paying_since, in_review_since)
on conflict (id) do update
set status = excluded.status, channel = excluded.channel, reason = excluded.reason, reference = excluded.reference,
    account_id = excluded.account_id, paying_since = excluded.paying_since, in_review_since = excluded.in_review_since,
    version = excluded.version, updated_at = excluded.updated_at,
    -- What changed is asked about anew.
    next_query_at = case when (stored.status, stored.in_review_since) is not distinct from
                              (excluded.status, excluded.in_review_since) then stored.next_query_at end
where stored.version + 1 = excluded.version
returning id";

/// Stores withdrawals, new and changed.
pub async fn upsert_withdrawals(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let withdrawals = Guarded::of(
        records,
        |record| record.withdrawal.as_deref(),
        |withdrawal: &Withdrawal| withdrawal.id,
    );
    if withdrawals.is_empty() {
        return Ok(Vec::new());
    }
    let stored = sqlx::query(UPSERT_WITHDRAWALS)
        .bind(withdrawals.column(|withdrawal| withdrawal.id.as_uuid()))
        .bind(withdrawals.column(|withdrawal| withdrawal.version))
        .bind(withdrawals.column(|withdrawal| withdrawal.merchant_id.as_uuid()))
        .bind(withdrawals.column(|withdrawal| withdrawal.wallet_id.as_uuid()))
        .bind(withdrawals.column(|withdrawal| withdrawal.user_id.as_str()))
        .bind(withdrawals.column(|withdrawal| withdrawal.currency.code()))
        .bind(withdrawals.column(|withdrawal| withdrawal.amount_minor))
        .bind(withdrawals.column(|withdrawal| withdrawal.status.name()))
        .bind(withdrawals.column(|withdrawal| withdrawal.note.as_deref()))
        .bind(withdrawals.column(|withdrawal| withdrawal.reason.as_deref()))
        .bind(withdrawals.column(|withdrawal| withdrawal.reference.as_deref()))
        .bind(withdrawals.column(|withdrawal| withdrawal.created_at))
        .bind(withdrawals.column(|withdrawal| withdrawal.updated_at))
        .bind(withdrawals.column(|withdrawal| withdrawal.channel.map(Channel::name)))
        .bind(withdrawals.column(|withdrawal| withdrawal.account_id.map(|id| id.as_uuid())))
        .bind(withdrawals.column(|withdrawal| withdrawal.paying_since))
        .bind(withdrawals.column(|withdrawal| withdrawal.in_review_since))
        .fetch_all(&mut **tx)
        .await?;
    Ok(withdrawals.lost(
        &ids(&stored)?,
        |withdrawal| withdrawal.id.as_uuid(),
        Verdict::Stale,
    ))
}
