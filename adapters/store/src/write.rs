//! Writing many records in one transaction: a statement for each kind of guard, and one for all that follows.

mod effects;
mod guards;
mod together;

use std::collections::HashSet;

pub use effects::{insert_jobs, insert_transfers};
use failpoints::{Point, reach};
use sqlx::{Connection, PgConnection, Postgres, Transaction};

pub use together::Together;

use crate::{
    Store, StoreError,
    pool::answered,
    record::{Record, Verdict},
};

/// Everything here goes by a key. While a table is young, the planner would rather read it whole for a few rows, and keep to that
/// plan while the table grows, until it is analyzed for the first time.
const BEGIN: &str = "begin; set local enable_seqscan = off";

/// A transaction, on a connection that is borrowed, or on one of its own from the pool.
pub type Tx<'c> = Transaction<'c, Postgres>;

/// Writes each record whole or not at all, all in one transaction. The records share no key.
pub async fn write_all(store: &Store, records: &[Record]) -> Result<Vec<Verdict>, StoreError> {
    let mut connection = store.kept.lend(&store.pool).await?;
    let written = answered(write_batch(store, &mut connection, records)).await;
    let verdicts = store.refusals.note(written)?;
    connection.keep();
    Ok(verdicts)
}

async fn write_batch(
    store: &Store,
    connection: &mut PgConnection,
    records: &[Record],
) -> Result<Vec<Verdict>, StoreError> {
    let mut left_out: HashSet<usize> = HashSet::new();
    let mut verdicts = vec![Verdict::Written; records.len()];
    loop {
        let kept = || {
            records
                .iter()
                .enumerate()
                .filter(|(index, _)| !left_out.contains(index))
        };
        reach(Point::RecordBegin);
        let mut tx = connection.begin_with(BEGIN).await?;
        let lost = guards::write(&mut tx, store, &kept().collect::<Vec<_>>()).await?;
        reach(Point::RecordGuarded);
        // Whatever a record lost first is what it hears.
        for (index, verdict) in lost.iter().rev() {
            verdicts[*index] = *verdict;
        }
        // A lost record with one guard wrote nothing. One with more may have written another: start over without it.
        if lost.iter().any(|(index, _)| records[*index].guards() > 1) {
            tx.rollback().await?;
            left_out.extend(lost.into_iter().map(|(index, _)| index));
            continue;
        }
        left_out.extend(lost.into_iter().map(|(index, _)| index));
        let written: Vec<&Record> = records
            .iter()
            .enumerate()
            .filter(|(index, _)| !left_out.contains(index))
            .map(|(_, r)| r)
            .collect();
        effects::write(&mut tx, &written).await?;
        reach(Point::RecordBeforeCommit);
        tx.commit().await?;
        reach(Point::RecordCommitted);
        return Ok(verdicts);
    }
}
