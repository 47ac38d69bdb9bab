//! New and changed accounts of merchants' users.

use domain::connect::{AccountStatus, ConnectedAccount};

use super::{Guarded, Lost, Numbered, ids};
use crate::{StoreError, json::json, record::Verdict, write::Tx};

const INSERT: &str = "
insert into connected_accounts (id, merchant_id, user_id, channel, idempotency_key, fingerprint, country, status,
                                requirements, created_at, updated_at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[],
                     $9::jsonb[], $10::timestamptz[], $11::timestamptz[])
on conflict do nothing
returning id";

/// Stores accounts, unless they are there, or their owners have one.
pub async fn insert(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let new = Guarded::of(
        records,
        |record| record.new_account.as_deref(),
        |account: &ConnectedAccount| account.id,
    );
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let inserted = sqlx::query(INSERT)
        .bind(new.column(|account| account.id.as_uuid()))
        .bind(new.column(|account| account.merchant_id.as_uuid()))
        .bind(new.column(|account| account.user_id.as_str()))
        .bind(new.column(|account| account.channel.name()))
        .bind(new.column(|account| account.idempotency_key.as_str()))
        .bind(new.column(|account| &account.fingerprint[..]))
        .bind(new.column(|account| account.country.as_str()))
        .bind(new.column(|account| account.status.name()))
        .bind(new.column(|account| json(&account.requirements)))
        .bind(new.column(|account| account.created_at))
        .bind(new.column(|account| account.updated_at))
        .fetch_all(&mut **tx)
        .await?;
    Ok(new.lost(
        &ids(&inserted)?,
        |account| account.id.as_uuid(),
        Verdict::Duplicate,
    ))
}

const UPDATE: &str = "
update connected_accounts as stored
set status = seen.status, ended_as = seen.ended_as, channel_account_id = seen.channel_account_id, charges_enabled = seen.charges_enabled,
    payouts_enabled = seen.payouts_enabled, transfers_enabled = seen.transfers_enabled,
    details_submitted = seen.details_submitted, requirements = seen.requirements, failure = seen.failure,
    updated_at = seen.updated_at, version = stored.version + 1,
    -- What changed is asked about anew.
    next_query_at = case when stored.status = seen.status then stored.next_query_at end
from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::boolean[], $6::boolean[], $7::boolean[],
            $8::boolean[], $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::text[])
     as seen (id, version, status, channel_account_id, charges_enabled, payouts_enabled, transfers_enabled,
              details_submitted, requirements, failure, updated_at, ended_as)
where stored.id = seen.id and stored.version = seen.version
returning stored.id";

/// Stores accounts over the versions that they were read at.
pub async fn update(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let changed = Guarded::of(
        records,
        |record| record.account.as_deref(),
        |account: &ConnectedAccount| account.id,
    );
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let updated = sqlx::query(UPDATE)
        .bind(changed.column(|account| account.id.as_uuid()))
        .bind(changed.column(|account| account.version))
        .bind(changed.column(|account| at_its_provider(account.status).name()))
        .bind(changed.column(|account| account.channel_account_id.as_deref()))
        .bind(changed.column(|account| account.abilities.charges_enabled))
        .bind(changed.column(|account| account.abilities.payouts_enabled))
        .bind(changed.column(|account| account.abilities.transfers_enabled))
        .bind(changed.column(|account| account.abilities.details_submitted))
        .bind(changed.column(|account| json(&account.requirements)))
        .bind(changed.column(|account| account.failure.as_ref().map(json)))
        .bind(changed.column(|account| account.updated_at))
        .bind(changed.column(|account| account.status.is_over().then(|| account.status.name())))
        .fetch_all(&mut **tx)
        .await?;
    Ok(changed.lost(&ids(&updated)?, |account| account.id.as_uuid(), Verdict::Stale))
}

/// How an account stands that is there. One that is over can do nothing, and how it ended is stored beside it.
const fn at_its_provider(status: AccountStatus) -> AccountStatus {
    if status.is_over() {
        AccountStatus::Restricted
    } else {
        status
    }
}
