//! The workers of one process: built, running, stopped.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use apalis::prelude::WorkerError;
use broker::{ConsumerConfig, Publisher, RabbitBackend, topology};
use channels::Channels;
use domain::{clock::Clock, job::Kind};
use runtime::{InternalListener, serve_internal};
use store::{Recorder, Store, StoreConfig, StoreError};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    bulkhead::Bulkhead, config::WorkersConfig, context::Context, execute::Executor, notifier::Notifier,
    readiness::Readiness, registry, relay::Relay, sweeper::Sweeper,
};

/// How long to wait before a server that is not there yet is tried again.
const WAIT_FOR_SERVER: Duration = Duration::from_secs(1);

/// How long the relay may go on publishing once the jobs are done. With `STOP_TIMEOUT_MS` it has to stay below the time
/// after which an orchestrator kills the process, commonly 30 seconds.
const RELAY_GRACE: Duration = Duration::from_secs(6);
/// One for the recorder, and one for the relay, which holds its own while it publishes.
const WRITING_CONNECTIONS: u32 = 2;
/// One merchant may hold this part of the places for notifications.
const MERCHANT_SHARE: usize = 8;

/// Starts workers.
pub struct Workers;

/// Why the workers cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database is not the one this version works with.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues are not the ones this version works with.
    #[error(transparent)]
    Topology(#[from] topology::TopologyError),
    /// The channels cannot be set up.
    #[error(transparent)]
    Channels(#[from] channels::ChannelsError),
    /// The client for merchants' endpoints cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Notifier(#[from] reqwest::Error),
    /// The internal listener cannot be bound.
    #[error("WORKERS_INTERNAL_LISTEN cannot be bound: {0}")]
    Listen(#[from] std::io::Error),
}

/// Running workers.
pub struct Running {
    jobs: JoinSet<Result<(), WorkerError>>,
    relay: JoinSet<()>,
    sweeper: JoinSet<()>,
    internal: InternalListener,
    stores: [Store; 2],
    stop_jobs: CancellationToken,
    stop_rest: CancellationToken,
    stop_timeout: Duration,
}

impl Workers {
    /// Starts a worker for every kind of job, the outbox relay, the sweeper and the internal listener. Waits for servers that are
    /// not there yet.
    ///
    /// # Errors
    /// A setting, the database schema or the topology is wrong; waiting would not mend it.
    pub async fn start(config: WorkersConfig, clock: impl Clock + 'static) -> Result<Running, StartError> {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let channels = Channels::new(&config.channels)?;
        let notifier = Notifier::new(config.notify_timeout, config.notify_allow_private)?;
        let store = Store::connect_lazily(&config.store, config.vault.clone())?;
        // What jobs have decided is written over connections of its own. In the line with all who read, a crowd that
        // begins would keep out those who are about to end, and give up with nothing done.
        let writing = StoreConfig {
            max_connections: WRITING_CONNECTIONS,
            ..config.store
        };
        let writing = Store::connect_lazily(&writing, config.vault)?;
        wait_for_store(&store).await?;
        topology::ensure(&config.broker).await?;

        let (stop_jobs, stop_rest) = (CancellationToken::new(), CancellationToken::new());
        let committed = Arc::new(Notify::new());
        let publisher = Publisher::connect(config.broker.clone());
        let retry_unit = config.broker.retry_unit;
        let recorder = Recorder::start(writing.clone(), Arc::clone(&committed));
        let context = Context {
            store: store.clone(),
            recorder: recorder.clone(),
            channels,
            notifier,
            notifying: Bulkhead::new(usize::from(config.concurrency) / MERCHANT_SHARE),
            clock: Arc::clone(&clock),
            retry_unit,
        };
        let executor = Executor::new(Arc::new(context), publisher.clone());

        let mut jobs = JoinSet::new();
        let mut consumers = Vec::new();
        for kind in Kind::ALL {
            let consumer = ConsumerConfig {
                broker: config.broker.clone(),
                kind,
                prefetch: config.concurrency,
            };
            let backend = RabbitBackend::new(consumer, publisher.clone());
            consumers.push((kind.name(), backend.status()));
            jobs.spawn(registry::worker(
                kind,
                backend,
                executor.clone(),
                stop_jobs.clone(),
            ));
        }
        let relayed = Relay {
            store: writing.clone(),
            publisher: publisher.clone(),
            committed: Arc::clone(&committed),
            clock: Arc::clone(&clock),
        };
        let mut relay = JoinSet::new();
        relay.spawn(relayed.run(stop_rest.clone()));
        let swept = Sweeper {
            store: store.clone(),
            committed,
            clock,
            retry_unit,
        };
        let mut sweeper = JoinSet::new();
        sweeper.spawn(swept.run(stop_jobs.clone()));

        let readiness = Readiness {
            store: store.clone(),
            recorder,
            publisher,
            consumers,
        };
        let readiness = move || readiness.clone().checks();
        let internal = serve_internal(config.internal_listen, readiness, stop_rest.clone()).await?;
        let stop_timeout = config.stop_timeout;
        Ok(Running {
            jobs,
            relay,
            sweeper,
            internal,
            stores: [store, writing],
            stop_jobs,
            stop_rest,
            stop_timeout,
        })
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
    /// finish in time go back to their queues when the process ends.
    pub async fn stop(mut self) {
        tracing::info!("stopping: no new jobs are taken");
        self.stop_jobs.cancel();
        let drained = async {
            while self.jobs.join_next().await.is_some() {}
            while self.sweeper.join_next().await.is_some() {}
        };
        if tokio::time::timeout(self.stop_timeout, drained).await.is_err() {
            tracing::warn!("jobs in hand did not finish in time; they come again elsewhere");
            self.jobs.shutdown().await;
            self.sweeper.shutdown().await;
        }
        self.stop_rest.cancel();
        let relayed = async { while self.relay.join_next().await.is_some() {} };
        if tokio::time::timeout(RELAY_GRACE, relayed).await.is_err() {
            tracing::warn!("the outbox was not emptied in time; another process relays the rest");
            self.relay.shutdown().await;
        }
        self.internal.stopped().await;
        for store in &self.stores {
            store.close().await;
        }
        tracing::info!("stopped");
    }
}

/// A server that is not there yet is waited for; a schema that is too old is not.
async fn wait_for_store(store: &Store) -> Result<(), StoreError> {
    loop {
        match store.check().await {
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "waiting for PostgreSQL");
                tokio::time::sleep(WAIT_FOR_SERVER).await;
            }
            decided => return decided,
        }
    }
}
