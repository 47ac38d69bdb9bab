//! What sweepers claim: rows that something is due for, held until the jobs that do it stand in the outbox.
//!
//! Due rows are claimed by locking them, passing over those that another process has locked. When they are due again is
//! noted, and the jobs are put into the outbox, in the same transaction: however many processes sweep, each thing is
//! done once, and what was cut off happened not at all.

use std::time::Duration;

use domain::job::Envelope;
use failpoints::{Point, reach};

use crate::{
    Store, StoreError,
    pool::answered,
    write::{Together, Tx, insert_jobs},
};

/// The transaction that holds what was claimed. When it is dropped, nothing was.
#[derive(Debug)]
pub struct Claim {
    pub tx: Tx<'static>,
}

impl Claim {
    /// Begins a claim with nothing in it.
    pub async fn begin(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            tx: store.pool.begin().await?,
        })
    }

    /// Puts the jobs into the outbox and keeps what was noted.
    pub async fn finish(self, jobs: &[Envelope]) -> Result<(), StoreError> {
        answered(self.commit(jobs)).await
    }

    async fn commit(mut self, jobs: &[Envelope]) -> Result<(), StoreError> {
        let mut all = Together::default();
        insert_jobs(&mut all, &jobs.iter().collect::<Vec<_>>());
        all.run(&mut self.tx).await?;
        reach(Point::SweepBeforeCommit);
        self.tx.commit().await?;
        reach(Point::SweepCommitted);
        Ok(())
    }
}

/// Pauses as PostgreSQL takes them, in seconds.
pub fn seconds(pauses: &[Duration]) -> Vec<f64> {
    pauses.iter().map(Duration::as_secs_f64).collect()
}
