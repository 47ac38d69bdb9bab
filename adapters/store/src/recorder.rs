//! Group commit: the records of all jobs that are ready at the same moment share one transaction.
//!
//! While one batch is being committed, the next one gathers. A lonely record waits for nobody; under load a batch holds
//! dozens, which is what keeps PostgreSQL's cost per payment low. When the batch as a whole is refused, or runs into a lock
//! of somebody else's, its records are written one by one, so that a bad one cannot hurt its neighbours. That ends when
//! the trouble proves to be everybody's: there is no use in each record finding that out for itself.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::{
    Store, StoreError,
    record::{Record, Verdict},
    write,
};

/// How many records may share a transaction.
const MAX_BATCH: usize = 128;
/// How many records of a refused batch may wait for a lock in vain before it is taken to be in everybody's way.
const MAX_HELD_UP: usize = 3;
/// How many records may wait; jobs beyond that wait to hand theirs over.
const QUEUE: usize = 1_024;

/// Hands records to the task that writes them. Cheap to clone; the task ends when the last clone is gone, or when it is
/// closed.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Waiting>,
    closing: Arc<Notify>,
    ended: watch::Receiver<()>,
}

type Answer = oneshot::Sender<Result<Verdict, StoreError>>;

struct Waiting {
    record: Box<Record>,
    answer: Answer,
}

impl Recorder {
    /// Starts the writing task. `committed` is notified after every commit that left something in the outbox.
    pub fn start(store: Store, committed: Arc<Notify>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let closing = Arc::new(Notify::new());
        let (ending, ended) = watch::channel(());
        let told = Arc::clone(&closing);
        tokio::spawn(async move {
            write_batches(store, waiting, &committed, &told).await;
            drop(ending);
        });
        Self {
            queue,
            closing,
            ended,
        }
    }

    /// Takes no more records, and waits until those that were handed over are written, by jobs that were cut off too.
    pub async fn close(&self) {
        self.closing.notify_one();
        self.ended().await;
    }

    /// Waits until the writing task has ended, because it was closed or because it failed.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    /// Whether the writing task is there.
    pub fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Writes `record` durably, or nothing of it.
    ///
    /// # Errors
    /// PostgreSQL is away or refuses the record. When the connection broke during the commit, the record may have been
    /// written all the same: its guards tell when it is handed over again.
    pub fn write(&self, record: Record) -> impl Future<Output = Result<Verdict, StoreError>> + Send {
        // A record is large, and whoever waits for this would otherwise carry it along.
        let record = Box::new(record);
        let gone = || StoreError::Unavailable(sqlx::Error::WorkerCrashed);
        async move {
            let (answer, verdict) = oneshot::channel();
            let handed_over = self.queue.send(Waiting { record, answer }).await;
            handed_over.map_err(|_| gone())?;
            verdict.await.map_err(|_| gone())?
        }
    }
}

async fn write_batches(
    store: Store,
    mut queue: mpsc::Receiver<Waiting>,
    committed: &Notify,
    closing: &Notify,
) {
    let mut held_back: Vec<Waiting> = Vec::new();
    loop {
        if held_back.is_empty() {
            tokio::select! {
                waiting = queue.recv() => match waiting {
                    Some(waiting) => held_back.push(waiting),
                    None => return,
                },
                () = closing.notified() => {
                    queue.close();
                    continue;
                }
            }
        }
        // However many clash with one another, there is always room for those that do not.
        for _ in 0..MAX_BATCH {
            let Ok(waiting) = queue.try_recv() else { break };
            held_back.push(waiting);
        }
        let (mut batch, clashing) = split_clashing(held_back);
        held_back = clashing;
        // One order for everybody, so that the batches of two processes rarely lock the same rows crosswise.
        batch.sort_by_cached_key(|waiting| waiting.record.keys().min());
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
    let (records, answers): (Vec<Record>, Vec<Answer>) =
        batch.into_iter().map(|w| (*w.record, w.answer)).unzip();
    metrics::histogram!("sluice_record_batch_size").record(records.len() as f64);
    match write::write_all(store, &records).await {
        Ok(verdicts) => answer_all(&records, answers, verdicts),
        Err(error) if records.len() > 1 && error.may_be_one_record() => {
            tracing::warn!(%error, records = records.len(), "a batch was refused; writing its records one by one");
            write_one_by_one(store, &records, answers).await
        }
        Err(error) => {
            refuse_all(answers, error);
            false
        }
    }
}

/// True when the outbox got something.
async fn write_one_by_one(store: &Store, records: &[Record], answers: Vec<Answer>) -> bool {
    let mut wrote_jobs = false;
    let mut held_up = 0;
    let mut left = answers.into_iter();
    for record in records {
        let Some(answer) = left.next() else { break };
        match write::write_all(store, std::slice::from_ref(record)).await {
            Ok(verdicts) => wrote_jobs |= answer_all(std::slice::from_ref(record), vec![answer], verdicts),
            Err(error) => {
                held_up += usize::from(error.is_lock_timeout());
                if !error.may_be_one_record() || held_up == MAX_HELD_UP {
                    refuse_all(std::iter::once(answer).chain(left), error);
                    break;
                }
                let _ = answer.send(Err(error));
            }
        }
    }
    wrote_jobs
}

fn refuse_all(answers: impl IntoIterator<Item = Answer>, error: StoreError) {
    let mut answers = answers.into_iter();
    let first = answers.next();
    // Nobody waits for an answer any more when the job was cut off.
    answers.for_each(|answer| drop(answer.send(Err(error.repeated()))));
    if let Some(first) = first {
        let _ = first.send(Err(error));
    }
}

fn answer_all(records: &[Record], answers: Vec<Answer>, verdicts: Vec<Verdict>) -> bool {
    let mut wrote_jobs = false;
    for ((record, verdict), answer) in records.iter().zip(verdicts).zip(answers) {
        wrote_jobs |= verdict == Verdict::Written && !record.jobs.is_empty();
        let _ = answer.send(Ok(verdict));
    }
    wrote_jobs
}
