//! Publishing a job and waiting for its worker's answer, over the broker's direct reply-to.
//!
//! The answer comes back on the very channel the request went out on, without a queue in between, so it is lost when
//! either side goes away. That is in order: an answer is a courtesy, the job itself is confirmed and durable. Hence a
//! call can fail only before the confirmation; afterwards the worst that can be said is that no answer came in time.
//!
//! Answers are recognised by `correlation_id`, which workers set to the job id of the request. Two callers may wait
//! for the same job, as when a client repeats a request: the first answer serves them all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::job::Envelope;
use futures::StreamExt;
use lapin::Consumer;
use tokio::sync::oneshot;

use crate::{
    config::BrokerConfig,
    line::{Line, PublishError, PublishLimits},
    message::{DIRECT_REPLY_TO, Writer},
    publisher::count,
};

/// How a call ended, once its request was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// The worker's answer.
    Replied(Vec<u8>),
    /// No answer came in time. The job goes on.
    TimedOut,
}

/// Publishes jobs and waits for their answers. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Caller {
    line: Line,
    writer: Writer,
    waiting: Arc<Waiting>,
}

impl Caller {
    /// Starts connecting and keeps at it for as long as the caller lives. Must be called within a Tokio runtime.
    pub fn connect(config: BrokerConfig) -> Self {
        let waiting = Arc::new(Waiting::default());
        let writer = Writer::new(config.user().unwrap_or_default());
        let receiver = Arc::clone(&waiting);
        let on_replies = Arc::new(move |replies| {
            tokio::spawn(receive(replies, Arc::clone(&receiver)));
        });
        let line = Line::start(config, "caller", PublishLimits::default(), Some(on_replies));
        Self {
            line,
            writer,
            waiting,
        }
    }

    /// Publishes a job and waits up to `wait` for its answer, counted from the broker's confirmation.
    ///
    /// # Errors
    /// As publishing without waiting: see [`PublishError`]. Never once the broker confirmed the job.
    pub async fn call(&self, envelope: &Envelope, wait: Duration) -> Result<Called, PublishError> {
        self.call_until(envelope, async { tokio::time::sleep(wait).await })
            .await
    }

    /// Publishes a job and waits for its answer until `give_up` ends, which is first polled after the broker's
    /// confirmation.
    ///
    /// # Errors
    /// As [`Caller::call`].
    pub async fn call_until(
        &self,
        envelope: &Envelope,
        give_up: impl Future<Output = ()>,
    ) -> Result<Called, PublishError> {
        let request = Envelope {
            reply_to: Some(DIRECT_REPLY_TO.to_owned()),
            ..envelope.clone()
        };
        let mut answer = self.waiting.register(&envelope.job_id);
        let published = match self.writer.job(&request) {
            Ok(outgoing) => self.line.send(outgoing).await,
            Err(error) => Err(error),
        };
        count("jobs", &published);
        published?;
        tokio::select! {
            biased;
            answered = &mut answer.receiver => match answered {
                Ok(body) => Ok(Called::Replied(body)),
                // Without a sender the connection was lost, and no answer can come any more.
                Err(_) => Ok(Called::TimedOut),
            },
            () = give_up => Ok(Called::TimedOut),
        }
    }

    /// Whether a call has a chance now.
    pub fn is_ready(&self) -> bool {
        self.line.is_ready()
    }
}

/// Hands the answers of one channel to those who wait, until the channel is gone.
async fn receive(mut replies: Consumer, waiting: Arc<Waiting>) {
    while let Some(Ok(reply)) = replies.next().await {
        if let Some(job_id) = reply.properties.correlation_id() {
            waiting.answer(job_id.as_str(), &reply.data);
        }
    }
    waiting.release_all();
}

/// Who waits for which job's answer.
#[derive(Default)]
struct Waiting {
    by_job: Mutex<HashMap<String, Vec<Waiter>>>,
}

struct Waiter {
    token: u64,
    sender: oneshot::Sender<Vec<u8>>,
}

/// A place among those who wait, given up when dropped.
struct Place {
    waiting: Arc<Waiting>,
    job_id: String,
    token: u64,
    receiver: oneshot::Receiver<Vec<u8>>,
}

impl Waiting {
    fn register(self: &Arc<Self>, job_id: &str) -> Place {
        static TOKENS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let token = TOKENS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.lock()
            .entry(job_id.to_owned())
            .or_default()
            .push(Waiter { token, sender });
        Place {
            waiting: Arc::clone(self),
            job_id: job_id.to_owned(),
            token,
            receiver,
        }
    }

    fn answer(&self, job_id: &str, body: &[u8]) {
        let waiters = self.lock().remove(job_id).unwrap_or_default();
        for waiter in waiters {
            // A waiter that has just given up needs no answer.
            let _ = waiter.sender.send(body.to_vec());
        }
    }

    /// Lets all who wait go without an answer.
    fn release_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Waiter>>> {
        self.by_job.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_job = self.waiting.lock();
        if let Some(waiters) = by_job.get_mut(&self.job_id) {
            waiters.retain(|waiter| waiter.token != self.token);
            if waiters.is_empty() {
                by_job.remove(&self.job_id);
            }
        }
    }
}
