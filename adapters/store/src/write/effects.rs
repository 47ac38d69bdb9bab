//! The writes that follow when all guards of a record held.

mod attempts;
mod audits;
mod disputes;
mod exchanges;
mod failures;
mod jobs;
mod ledger;
mod notifications;
mod orders;
mod replays;
mod wallets;

pub use jobs::insert as insert_jobs;
pub use ledger::insert as insert_transfers;

use super::{Together, Tx};
use crate::{StoreError, held::hold, record::Record};

/// Writes everything of these records but their guards: nearly all of it in one statement.
pub async fn write(tx: &mut Tx<'_>, records: &[&Record]) -> Result<(), StoreError> {
    let mut all = Together::default();
    disputes::upsert(&mut all, &each(records, |record| &record.dispute));
    ledger::insert(&mut all, &each(records, |record| &record.transfers));
    wallets::insert_transactions(&mut all, &each(records, |record| &record.wallets));
    exchanges::insert(&mut all, &each(records, |record| &record.exchanges));
    exchanges::insert_of_refunds(&mut all, &each(records, |record| &record.refund_exchanges));
    exchanges::insert_of_connect(&mut all, &each(records, |record| &record.connect_exchanges));
    orders::insert_items(&mut all, &each(records, |record| record.new_order.as_deref()));
    orders::update_items(&mut all, &each(records, |record| record.order.as_deref()));
    orders::insert_logs(&mut all, &each(records, |record| &record.order_logs));
    notifications::insert(&mut all, &each(records, |record| &record.notifications));
    audits::insert(&mut all, &each(records, |record| &record.audits));
    failures::insert(&mut all, &each(records, |record| &record.failure));
    replays::update(&mut all, &each(records, |record| &record.replayed));
    attempts::insert(&mut all, &each(records, |record| &record.attempt));
    jobs::insert(&mut all, &each(records, |record| &record.jobs));
    all.run(tx).await?;
    // Of a notification that was kept back there may also be an attempt, so it cannot be marked in the same statement.
    hold(tx, &each(records, |record| &record.held)).await
}

/// One field of all records.
fn each<'a, T: 'a, F>(records: &[&'a Record], field: impl Fn(&'a Record) -> F) -> Vec<&'a T>
where
    F: IntoIterator<Item = &'a T>,
{
    records.iter().flat_map(|record| field(record)).collect()
}

/// One column of all values.
fn column<'a, T, V>(values: &[&'a T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    values.iter().map(|carried| value(carried)).collect()
}
