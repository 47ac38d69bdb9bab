//! Workers at work, and how they stop.
//!
//! Stopping goes from the front to the back, so that each step finds everything before it at rest: no more jobs are
//! taken; those in hand are finished, or cut off and put off when their time is over; what they recorded is written; what
//! that left in the outbox is relayed. Every step has a limit, because a server may be away just then, and nothing that
//! a step leaves undone is lost: it is in a queue or in the outbox, where other processes find it.
//!
//! The limits together stay below the 30 seconds after which orchestrators commonly kill.

use std::{net::SocketAddr, time::Duration};

use apalis::prelude::WorkerError;
use runtime::InternalListener;
use store::{Recorder, Store};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// How long jobs that were cut off may take to be put off, and what they handed over to be written.
const CUT_OFF_GRACE: Duration = Duration::from_secs(3);
/// How long the relay may go on publishing once the jobs are done.
const RELAY_GRACE: Duration = Duration::from_secs(4);

/// Running workers.
pub struct Running {
    pub(crate) jobs: JoinSet<Result<(), WorkerError>>,
    pub(crate) relay: JoinSet<()>,
    pub(crate) sweeper: JoinSet<()>,
    pub(crate) recorder: Recorder,
    pub(crate) internal: InternalListener,
    /// Closed at the end.
    pub(crate) stores: [Store; 2],
    pub(crate) stop: Stop,
}

/// The steps in which workers stop.
pub(crate) struct Stop {
    /// No more jobs are taken.
    pub taking: CancellationToken,
    /// Jobs in hand end where they are.
    pub cut_off: CancellationToken,
    /// Everything that the jobs needed ends.
    pub rest: CancellationToken,
    /// How long jobs in hand may take.
    timeout: Duration,
}

impl Stop {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            taking: CancellationToken::new(),
            cut_off: CancellationToken::new(),
            rest: CancellationToken::new(),
            timeout,
        }
    }
}

impl Running {
    /// Where the internal listener is.
    pub const fn internal_addr(&self) -> SocketAddr {
        self.internal.address()
    }

    /// Waits until a worker, the relay or the sweeper ends, which none does before it is told to.
    pub async fn ended_early(&mut self) {
        tokio::select! {
            Some(ended) = self.jobs.join_next() => tracing::error!(?ended, "a worker ended although nobody asked it to"),
            Some(ended) = self.relay.join_next() => tracing::error!(?ended, "the outbox relay ended although nobody asked it to"),
            Some(ended) = self.sweeper.join_next() => tracing::error!(?ended, "the sweeper ended although nobody asked it to"),
        }
    }

    /// Stops taking jobs, finishes those in hand, relays what they left in the outbox, and closes. Jobs that do not
    /// finish in time are cut off and go back to their queues.
    pub async fn stop(mut self) {
        tracing::info!("stopping: no new jobs are taken");
        self.stop.taking.cancel();
        let in_time = Instant::now() + self.stop.timeout;
        let cut_off = in_time + CUT_OFF_GRACE;
        if timeout_at(in_time, ended(&mut self.jobs)).await.is_err() {
            self.cut_jobs_off(cut_off).await;
        }
        // It leaves nothing half done: a sweep is one transaction.
        self.sweeper.shutdown().await;
        if timeout_at(cut_off, self.recorder.close()).await.is_err() {
            tracing::warn!("a record was not waited for; its job comes again elsewhere");
        }
        self.stop.rest.cancel();
        if timeout(RELAY_GRACE, ended(&mut self.relay)).await.is_err() {
            tracing::warn!("the outbox was not emptied in time; another process relays the rest");
            self.relay.shutdown().await;
        }
        self.internal.stopped().await;
        for store in &self.stores {
            store.close().await;
        }
        tracing::info!("stopped");
    }

    async fn cut_jobs_off(&mut self, until: Instant) {
        tracing::warn!("jobs in hand did not finish in time; they are cut off and come again elsewhere");
        self.stop.cut_off.cancel();
        if timeout_at(until, ended(&mut self.jobs)).await.is_err() {
            tracing::warn!("RabbitMQ was not told about all of them; it notices when this process is gone");
            self.jobs.shutdown().await;
        }
    }
}

async fn ended<T: 'static>(tasks: &mut JoinSet<T>) {
    while tasks.join_next().await.is_some() {}
}
