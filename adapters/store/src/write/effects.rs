//! The writes that follow when all guards of a record held: one statement for each table.

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

use super::Tx;
use crate::{StoreError, held::hold, record::Record};

/// Writes everything of these records but their guards.
pub async fn write(tx: &mut Tx, records: &[&Record]) -> Result<(), StoreError> {
    disputes::upsert(tx, &each(records, |record| &record.dispute)).await?;
    ledger::insert(tx, &each(records, |record| &record.transfers)).await?;
    wallets::insert_transactions(tx, &each(records, |record| &record.wallets)).await?;
    exchanges::insert(tx, &each(records, |record| &record.exchanges)).await?;
    exchanges::insert_of_refunds(tx, &each(records, |record| &record.refund_exchanges)).await?;
    exchanges::insert_of_connect(tx, &each(records, |record| &record.connect_exchanges)).await?;
    orders::insert_items(tx, &each(records, |record| record.new_order.as_deref())).await?;
    orders::update_items(tx, &each(records, |record| record.order.as_deref())).await?;
    orders::insert_logs(tx, &each(records, |record| &record.order_logs)).await?;
    notifications::insert(tx, &each(records, |record| &record.notifications)).await?;
    audits::insert(tx, &each(records, |record| &record.audits)).await?;
    attempts::insert(tx, &each(records, |record| &record.attempt)).await?;
    hold(tx, &each(records, |record| &record.held)).await?;
    failures::insert(tx, &each(records, |record| &record.failure)).await?;
    replays::update(tx, &each(records, |record| &record.replayed)).await?;
    jobs::insert(tx, &each(records, |record| &record.jobs)).await
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
