//! New and changed wallets. The lines of their statements follow when the guards held.

use std::collections::HashSet;

use domain::wallet::{Wallet, WalletChange};

use super::{Guarded, Lost, Numbered, ids};
use crate::{StoreError, record::Verdict, write::Tx};

const INSERT: &str = "
insert into wallets (id, merchant_id, user_id, currency, created_at, updated_at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
on conflict do nothing
returning id";

/// Stores wallets, unless they are there.
pub async fn insert(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let new = Guarded::of(
        records,
        |record| record.new_wallet.as_ref(),
        |wallet: &Wallet| wallet.id,
    );
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let inserted = sqlx::query(INSERT)
        .bind(new.column(|wallet| wallet.id.as_uuid()))
        .bind(new.column(|wallet| wallet.merchant_id.as_uuid()))
        .bind(new.column(|wallet| wallet.user_id.as_str()))
        .bind(new.column(|wallet| wallet.currency.code()))
        .bind(new.column(|wallet| wallet.created_at))
        .bind(new.column(|wallet| wallet.updated_at))
        .fetch_all(&mut **tx)
        .await?;
    Ok(new.lost(&ids(&inserted)?, |wallet| wallet.id.as_uuid(), Verdict::Duplicate))
}

/// The rows are locked in the order of their ids before any is changed: a record may change two wallets, and another the
/// same two.
const UPDATE: &str = "
with seen as (
  select * from unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::timestamptz[])
    as seen (id, version, balance_minor, held_minor, updated_at)
), locked as materialized (
  select id, version from wallets where id = any($1) order by id for no key update
)
update wallets as stored
set balance_minor = seen.balance_minor, held_minor = seen.held_minor, updated_at = seen.updated_at,
    version = stored.version + 1
from seen join locked using (id, version)
where stored.id = seen.id
returning stored.id";

/// Stores wallets over the versions that they were read at.
pub async fn update(tx: &mut Tx<'_>, records: &[Numbered<'_>]) -> Result<Vec<Lost>, StoreError> {
    let changed = Guarded(records.iter().flat_map(changed).collect());
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let updated = sqlx::query(UPDATE)
        .bind(changed.column(|change| change.wallet.id.as_uuid()))
        .bind(changed.column(|change| change.wallet.version))
        .bind(changed.column(|change| change.wallet.balance_minor))
        .bind(changed.column(|change| change.wallet.held_minor))
        .bind(changed.column(|change| change.wallet.updated_at))
        .fetch_all(&mut **tx)
        .await?;
    let updated: HashSet<_> = ids(&updated)?;
    Ok(changed.lost(&updated, |change| change.wallet.id.as_uuid(), Verdict::Stale))
}

fn changed<'a>(&(index, record): &Numbered<'a>) -> impl Iterator<Item = (usize, &'a WalletChange)> {
    record.wallets.iter().map(move |change| (index, change))
}
