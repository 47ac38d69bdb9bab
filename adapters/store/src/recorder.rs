//! Group commit: the records of all jobs that are ready at the same moment share one transaction.
//!
//! While one batch is being committed, the next one gathers. A lonely record waits for nobody; under load a batch holds
//! dozens, which is what keeps PostgreSQL's cost per payment low. When the batch as a whole is refused, or runs into a lock
//! of somebody else's, its records are written one by one, so that a bad one cannot hurt its neighbours. That ends when
//! the trouble proves to be everybody's: there is no use in each record finding that out for itself.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use uuid::Uuid;

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
        let written = write_batch(&store, batch).await;
        if written.jobs {
            committed.notify_one();
        }
        held_back = answer_overtaken(held_back, &written.versions);
    }
}

/// What a batch has left behind.
#[derive(Default)]
struct Written {
    /// Whether the outbox got something.
    jobs: bool,
    /// What was changed, by id, and the version that is no more.
    versions: HashSet<(Uuid, i32)>,
}

/// Answers those who changed a version that is no more, and keeps the others. In a batch, each of them would have it written
/// twice, and where many change one thing, such as a wallet, everybody would wait for that.
fn answer_overtaken(held_back: Vec<Waiting>, gone: &HashSet<(Uuid, i32)>) -> Vec<Waiting> {
    let is_overtaken = |waiting: &Waiting| waiting.record.versions().any(|version| gone.contains(&version));
    let (overtaken, left): (Vec<_>, Vec<_>) = held_back.into_iter().partition(is_overtaken);
    for waiting in overtaken {
        let _ = waiting.answer.send(Ok(Verdict::Stale));
    }
    left
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

/// Writes and answers a batch.
async fn write_batch(store: &Store, batch: Vec<Waiting>) -> Written {
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
            Written::default()
        }
    }
}

async fn write_one_by_one(store: &Store, records: &[Record], answers: Vec<Answer>) -> Written {
    let mut written = Written::default();
    let mut held_up = 0;
    let mut left = answers.into_iter();
    for record in records {
        let Some(answer) = left.next() else { break };
        match write::write_all(store, std::slice::from_ref(record)).await {
            Ok(verdicts) => {
                let more = answer_all(std::slice::from_ref(record), vec![answer], verdicts);
                written.jobs |= more.jobs;
                written.versions.extend(more.versions);
            }
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
    written
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

fn answer_all(records: &[Record], answers: Vec<Answer>, verdicts: Vec<Verdict>) -> Written {
    let mut written = Written::default();
    for ((record, verdict), answer) in records.iter().zip(verdicts).zip(answers) {
        if verdict == Verdict::Written {
            written.jobs |= !record.jobs.is_empty();
            written.versions.extend(record.versions());
        }
        let _ = answer.send(Ok(verdict));
    }
    written
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{currency::Currency, id::MerchantId, ledger::Transfer, wallet::Wallet};

    use super::*;

    fn waiting(wallet: &Wallet) -> (Waiting, oneshot::Receiver<Result<Verdict, StoreError>>) {
        let transfer = Transfer::wallet_adjusted(wallet, 5, "wish".into());
        let change = wallet.after(&transfer, None, DateTime::UNIX_EPOCH).unwrap();
        let record = Record {
            wallets: vec![change],
            ..Record::default()
        };
        let (answer, answered) = oneshot::channel();
        let record = Box::new(record);
        (Waiting { record, answer }, answered)
    }

    #[test]
    fn who_saw_a_version_that_is_no_more_need_not_be_tried() {
        let merchant = MerchantId::random();
        let wallet = |user: &str| {
            let user = user.parse().unwrap();
            Wallet::new(merchant, user, Currency::EUR, DateTime::UNIX_EPOCH)
        };
        let (anna, bob) = (wallet("anna"), wallet("bob"));
        let again = Wallet {
            version: 1,
            ..anna.clone()
        };
        let (late, mut is_late) = waiting(&anna);
        let (other, mut is_other) = waiting(&bob);
        let (next, mut is_next) = waiting(&again);
        let gone = HashSet::from([(anna.id.as_uuid(), 0)]);
        let left = answer_overtaken(vec![late, other, next], &gone);
        assert_eq!(left.len(), 2);
        assert!(matches!(is_late.try_recv(), Ok(Ok(Verdict::Stale))));
        assert!(is_other.try_recv().is_err() && is_next.try_recv().is_err());
    }
}
