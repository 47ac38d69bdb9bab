//! Group commit: the records of all jobs that are ready at the same moment share one transaction.
//!
//! While one batch is being committed, the next one gathers. A lonely record waits for nobody; under load a batch holds
//! dozens, which is what keeps PostgreSQL's cost per payment low. When the batch as a whole is refused, its records are
//! written one by one, so that a bad one cannot hurt its neighbours.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::{Notify, mpsc, oneshot};

use crate::{
    Store, StoreError,
    record::{Record, Verdict},
    write,
};

/// How many records may share a transaction.
const MAX_BATCH: usize = 128;
/// How many records may wait; jobs beyond that wait to hand theirs over.
const QUEUE: usize = 1_024;

/// Hands records to the task that writes them. Cheap to clone; the task ends when the last clone is gone.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Waiting>,
}

struct Waiting {
    record: Record,
    answer: oneshot::Sender<Result<Verdict, StoreError>>,
}

impl Recorder {
    /// Starts the writing task. `committed` is notified after every commit that left something in the outbox.
    pub fn start(store: Store, committed: Arc<Notify>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write_batches(store, waiting, committed));
        Self { queue }
    }

    /// Writes `record` durably, or nothing of it.
    ///
    /// # Errors
    /// PostgreSQL is away or refuses the record. When the connection broke during the commit, the record may have been
    /// written all the same: its guards tell when it is handed over again.
    pub async fn write(&self, record: Record) -> Result<Verdict, StoreError> {
        let (answer, verdict) = oneshot::channel();
        let gone = || StoreError::Unavailable(sqlx::Error::WorkerCrashed);
        self.queue
            .send(Waiting { record, answer })
            .await
            .map_err(|_| gone())?;
        verdict.await.map_err(|_| gone())?
    }
}

async fn write_batches(store: Store, mut queue: mpsc::Receiver<Waiting>, committed: Arc<Notify>) {
    let mut held_back: Vec<Waiting> = Vec::new();
    loop {
        if held_back.is_empty() {
            match queue.recv().await {
                Some(waiting) => held_back.push(waiting),
                None => return,
            }
        }
        while held_back.len() < MAX_BATCH
            && let Ok(waiting) = queue.try_recv()
        {
            held_back.push(waiting);
        }
        let (batch, clashing) = split_clashing(held_back);
        held_back = clashing;
        if write_batch(&store, batch).await {
            committed.notify_one();
        }
    }
}

/// Keeps for the next batch whatever guards the same thing as a record before it.
fn split_clashing(waiting: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut taken = HashSet::new();
    waiting.into_iter().partition(|waiting| {
        let keys: Vec<String> = waiting.record.keys().collect();
        let free = keys.iter().all(|key| !taken.contains(key));
        taken.extend(keys);
        free
    })
}

/// Writes and answers a batch; true when the outbox got something.
async fn write_batch(store: &Store, batch: Vec<Waiting>) -> bool {
    let (records, answers): (Vec<Record>, Vec<_>) = batch.into_iter().map(|w| (w.record, w.answer)).unzip();
    metrics::histogram!("sluice_record_batch_size").record(records.len() as f64);
    let mut wrote_jobs = false;
    match write::write_all(store, &records).await {
        Ok(verdicts) => {
            for ((record, verdict), answer) in records.iter().zip(verdicts).zip(answers) {
                wrote_jobs |= verdict == Verdict::Written && !record.jobs.is_empty();
                let _ = answer.send(Ok(verdict));
            }
        }
        Err(error) if records.len() == 1 => answers.into_iter().for_each(drop_with(error)),
        Err(error) => {
            tracing::warn!(%error, records = records.len(), "a batch was refused; writing its records one by one");
            for (record, answer) in records.into_iter().zip(answers) {
                let result = write::write_all(store, std::slice::from_ref(&record)).await;
                let result = result.map(|verdicts| verdicts.first().copied().unwrap_or(Verdict::Stale));
                wrote_jobs |= matches!(result, Ok(Verdict::Written)) && !record.jobs.is_empty();
                let _ = answer.send(result);
            }
        }
    }
    wrote_jobs
}

/// Answers the one waiting job with the error; nobody waits any more when it was cancelled.
fn drop_with(error: StoreError) -> impl FnMut(oneshot::Sender<Result<Verdict, StoreError>>) {
    let mut error = Some(error);
    move |answer| {
        if let Some(error) = error.take() {
            let _ = answer.send(Err(error));
        }
    }
}
