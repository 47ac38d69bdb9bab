//! Workers at work, and how they stop.
//!
//! Stopping goes from the front to the back, so that each step finds everything before it at rest: no more jobs are
//! taken; those in hand are finished, or cut off and put off when their time is over; what they recorded is written; what
//! that left in the outbox is relayed. Every step has a limit, because a server may be away just then, and nothing that
//! a step leaves undone is lost: it is in a queue or in the outbox, where other processes find it.
//!
//! The limits together stay below the 30 seconds after which orchestrators commonly kill.

use std::{net::SocketAddr, time::Duration};

use runtime::InternalListener;
use store::{Recorder, Store};
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// How long jobs that were cut off may take to be put off, and what they handed over to be written.
const CUT_OFF_GRACE: Duration = Duration::from_secs(3);
/// How long the relay may go on publishing once the jobs are done.
const RELAY_GRACE: Duration = Duration::from_secs(4);

/// Something ended that the workers cannot do without.
#[derive(Debug, thiserror::Error)]
#[error("{what} ended although nobody asked it to")]
pub struct EndedEarly {
    what: &'static str,
    #[source]
    why: Option<JoinError>,
}

/// Running workers.
pub struct Running {
    pub(crate) jobs: JoinSet<()>,
    pub(crate) relay: JoinSet<()>,
    pub(crate) sweeper: JoinSet<()>,
    pub(crate) letters: JoinSet<()>,
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

    /// Works until `stop` is cancelled, then stops as [`Self::stop`] does.
    ///
    /// # Errors
    /// A part of it has ended before. The rest is stopped then too: a process that does half its work looks well and
    /// is not.
    pub async fn run_until(mut self, stop: &CancellationToken) -> Result<(), EndedEarly> {
        let ended_early = tokio::select! {
            () = stop.cancelled() => None,
            ended_early = self.ended_early() => Some(ended_early),
        };
        self.stop().await;
        ended_early.map_or(Ok(()), Err)
    }

    /// Waits until something ends, which nothing does before it is told to.
    async fn ended_early(&mut self) -> EndedEarly {
        let (what, why) = tokio::select! {
            Some(ended) = self.jobs.join_next() => ("a worker", ended.err()),
            () = self.recorder.ended() => ("the recorder", None),
            Some(ended) = self.relay.join_next() => ("the outbox relay", ended.err()),
            Some(ended) = self.sweeper.join_next() => ("the sweeper", ended.err()),
            Some(ended) = self.letters.join_next() => ("a reader of dead letters", ended.err()),
            () = self.internal.ended() => ("the internal listener", None),
        };
        EndedEarly { what, why }
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
        // What was sent again is written down before its readers end.
        if timeout_at(cut_off, ended(&mut self.letters)).await.is_err() {
            self.letters.shutdown().await;
        }
        if timeout_at(cut_off, self.recorder.close()).await.is_err() {
            tracing::warn!("a record was not waited for; its job comes again elsewhere");
        }
        self.stop.rest.cancel();
        if timeout(RELAY_GRACE, ended(&mut self.relay)).await.is_err() {
            tracing::warn!("the outbox was not emptied in time; another process relays the rest");
            self.relay.shutdown().await;
        }
        self.internal.ended().await;
        let [reading, writing] = &self.stores;
        tokio::join!(reading.close(), writing.close());
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

/// Waits for all of them. One that fails while it stops must not go unnoticed.
async fn ended(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a task failed while it stopped");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::secret::Secret;
    use runtime::serve_internal;
    use store::{StoreConfig, Vault};
    use tokio::sync::Notify;

    use super::*;

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    /// Workers with nothing to do, and no server that they could reach.
    async fn idle() -> Running {
        let config = StoreConfig {
            url: Secret::new("postgres://nobody@127.0.0.1:1/nothing"),
            max_connections: 1,
            acquire_timeout: Duration::from_millis(1),
            read_only: false,
        };
        let vault = Vault::from_keys(&Secret::new(KEY)).unwrap();
        let store = Store::connect_lazily(&config, vault).unwrap();
        let stop = Stop::new(Duration::from_secs(5));
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Running {
            jobs: until(&stop.taking),
            relay: until(&stop.rest),
            sweeper: until(&stop.taking),
            letters: until(&stop.taking),
            recorder: Recorder::start(store.clone(), Arc::new(Notify::new())),
            internal: serve_internal(anywhere, async || Vec::new(), stop.rest.clone())
                .await
                .unwrap(),
            stores: [store.clone(), store],
            stop,
        }
    }

    fn until(stop: &CancellationToken) -> JoinSet<()> {
        JoinSet::from_iter([stop.clone().cancelled_owned()])
    }

    /// What it says when nobody tells it to stop.
    async fn why_it_ends(running: Running) -> String {
        let never = CancellationToken::new();
        running.run_until(&never).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn it_ends_in_order_when_it_is_told_to() {
        let stop = CancellationToken::new();
        stop.cancel();
        idle().await.run_until(&stop).await.unwrap();
    }

    #[tokio::test]
    async fn it_ends_with_an_error_when_a_part_of_it_ends() {
        type Break = fn(&mut Running);
        let breaks: [(&str, Break); 4] = [
            ("a worker", |running| running.jobs.abort_all()),
            ("the outbox relay", |running| running.relay.abort_all()),
            ("the sweeper", |running| running.sweeper.abort_all()),
            ("a reader of dead letters", |running| running.letters.abort_all()),
        ];
        for (what, breaks) in breaks {
            let mut running = idle().await;
            breaks(&mut running);
            assert_eq!(
                why_it_ends(running).await,
                format!("{what} ended although nobody asked it to")
            );
        }
    }

    #[tokio::test]
    async fn it_ends_with_an_error_when_the_recorder_ends() {
        let running = idle().await;
        // Whoever waits for its end cannot tell this from a panic: either way its task is gone.
        running.recorder.close().await;
        assert_eq!(
            why_it_ends(running).await,
            "the recorder ended although nobody asked it to"
        );
    }
}
