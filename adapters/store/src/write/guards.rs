//! The guarded writes: what succeeds only if the world still is as the job saw it. Each says which records lost.
//!
//! The order is the same for everybody, so that batches of several processes rarely lock the same rows crosswise: first
//! what is new, then payments, then refunds, then accounts, then orders, then wallets and what is set aside in
//! them; and by id within each.

mod accounts;
mod actions;
mod callbacks;
mod order_actions;
mod orders;
mod payments;
mod refunds;
mod reservations;
mod wallet_actions;
mod wallets;

use std::{collections::HashSet, hash::Hash};

use failpoints::{Protection, is_missing};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::Tx;
use crate::{
    Store, StoreError,
    record::{Record, Verdict},
};

/// A record and its place in the batch.
pub type Numbered<'a> = (usize, &'a Record);

/// A record that lost a guard, by its place in the batch.
pub type Lost = (usize, Verdict);

/// Writes every guard and returns the records that lost one, with the verdict. A record that lost more than one is named
/// more than once: first as a duplicate, if it is one.
pub async fn write(
    tx: &mut Tx<'_>,
    store: &Store,
    records: &[Numbered<'_>],
) -> Result<Vec<Lost>, StoreError> {
    let mut lost = orders::insert(tx, records).await?;
    lost.extend(payments::insert(tx, records).await?);
    if !is_missing(Protection::Inbox) {
        lost.extend(callbacks::insert(tx, records).await?);
    }
    lost.extend(wallets::insert(tx, records).await?);
    lost.extend(accounts::insert(tx, records).await?);
    lost.extend(actions::insert(tx, records).await?);
    lost.extend(order_actions::insert(tx, records).await?);
    lost.extend(wallet_actions::insert(tx, records).await?);
    lost.extend(refunds::insert(tx, records).await?);
    lost.extend(payments::update(tx, store, records).await?);
    lost.extend(refunds::update(tx, records).await?);
    lost.extend(accounts::update(tx, records).await?);
    // An order that is paid by a payment which has just been lost would be refused by the table, and not only be stale.
    let is_left = |(index, _): &&Numbered<'_>| lost.iter().all(|(lost, _)| lost != index);
    let left: Vec<Numbered<'_>> = records.iter().filter(is_left).copied().collect();
    lost.extend(orders::update(tx, &left).await?);
    lost.extend(wallets::update(tx, &left).await?);
    lost.extend(reservations::upsert_holds(tx, &left).await?);
    lost.extend(reservations::upsert_withdrawals(tx, &left).await?);
    Ok(lost)
}

/// The values of one guard, with the places of the records that carry them.
struct Guarded<'a, T>(Vec<(usize, &'a T)>);

impl<'a, T> Guarded<'a, T> {
    /// What `guard` finds in these records, in the order of `key`.
    fn of<K: Ord>(
        records: &[Numbered<'a>],
        guard: impl Fn(&'a Record) -> Option<&'a T>,
        key: impl Fn(&T) -> K,
    ) -> Self {
        let carried = records
            .iter()
            .filter_map(|(index, record)| Some((*index, guard(record)?)));
        let mut values: Vec<(usize, &T)> = carried.collect();
        values.sort_by_cached_key(|(_, value)| key(value));
        Self(values)
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One column of all values.
    fn column<V>(&self, value: impl Fn(&'a T) -> V) -> Vec<V> {
        self.0.iter().map(|(_, carried)| value(carried)).collect()
    }

    /// The records whose value is not among those that were written.
    fn lost<K: Hash + Eq>(&self, written: &HashSet<K>, key: impl Fn(&T) -> K, verdict: Verdict) -> Vec<Lost> {
        let lost = self.0.iter().filter(|(_, value)| !written.contains(&key(value)));
        lost.map(|(index, _)| (*index, verdict)).collect()
    }
}

/// The ids that a statement returned.
fn ids(rows: &[PgRow]) -> Result<HashSet<Uuid>, StoreError> {
    let ids = rows.iter().map(|row| row.try_get("id"));
    Ok(ids.collect::<Result<_, _>>()?)
}
