//! The workers of one process, put together.

use std::{sync::Arc, time::Duration};

use broker::{ConsumerConfig, Pause, Publisher, RabbitBackend, topology};
use channels::Channels;
use domain::{clock::Clock, job::Kind};
use runtime::serve_internal;
use store::{Recorder, Store, StoreConfig, StoreError};
use tokio::{sync::Notify, task::JoinSet};

use crate::{
    auditor::Auditor,
    bulkhead::Bulkhead,
    circuits::Circuits,
    config::WorkersConfig,
    context::Context,
    execute::{self, Executor},
    jobs::people,
    letters::{Carrier, Clerk, Describing},
    months::MonthKeeper,
    notifier::Notifier,
    readiness::Readiness,
    reconciler::Reconciler,
    registry,
    relay::Relay,
    rolling_up::RollingUp,
    running::{Running, Stop},
    settling::Settling,
    sweeper::Sweeper,
    switches::{PausedMerchants, Switches},
};

/// How long to wait before a server that is not there yet is tried again.
const WAIT_FOR_SERVER: Duration = Duration::from_secs(1);

/// One for the recorder, and two for the relay, which holds them while it publishes.
const WRITING_CONNECTIONS: u32 = 3;
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

impl Workers {
    /// Starts a worker for every kind of job, the outbox relay, the sweeper and the internal listener. Waits for servers
    /// that are not there yet.
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

        let stop = Stop::new(config.stop_timeout);
        let committed = Arc::new(Notify::new());
        let publisher = Publisher::connect(config.broker.clone());
        let retry_unit = config.broker.retry_unit;
        let recorder = Recorder::start(writing.clone(), Arc::clone(&committed));
        let context = Arc::new(Context {
            callback_base: config.callback_base.clone(),
            store: store.clone(),
            recorder: recorder.clone(),
            channels,
            notifier,
            notifying: Bulkhead::new(usize::from(config.concurrency) / MERCHANT_SHARE),
            paused_merchants: PausedMerchants::default(),
            clock: Arc::clone(&clock),
            retry_unit,
            settling: Settling::new(retry_unit, config.channels.timeout),
        });
        let switches = Switches {
            store: store.clone(),
            context: Arc::clone(&context),
            queues: Kind::ALL.map(|kind| (kind, Pause::default())),
            committed: Arc::clone(&committed),
            clock: Arc::clone(&clock),
        };
        wait_for_switches(&switches).await?;
        let executor = Executor::new(context, publisher.clone(), stop.cut_off.clone());

        let backends = switches.queues.each_ref().map(|(kind, pause)| {
            let kind = *kind;
            let consumer = ConsumerConfig {
                broker: config.broker.clone(),
                kind,
                prefetch: config.concurrency,
            };
            (
                kind,
                RabbitBackend::new(consumer, publisher.clone(), pause.clone(), stop.taking.clone()),
            )
        });
        let readiness = Readiness {
            store: store.clone(),
            recorder: recorder.clone(),
            publisher: publisher.clone(),
            consumers: backends
                .each_ref()
                .map(|(kind, backend)| (kind.name(), backend.status()))
                .into(),
            stopping: stop.taking.clone(),
        };
        let readiness = move || readiness.clone().checks();
        // Before anything is taken: a process that cannot start must not have begun a job.
        let internal = serve_internal(config.internal_listen, readiness, stop.rest.clone()).await?;

        execute::begin_at_zero();
        people::begin_at_zero();
        let mut jobs = JoinSet::new();
        for (kind, backend) in backends {
            jobs.spawn(registry::worker(
                kind,
                backend,
                executor.clone(),
                stop.taking.clone(),
            ));
        }
        let relayed = Relay {
            store: writing.clone(),
            reading: store.clone(),
            publisher: publisher.clone(),
            committed: Arc::clone(&committed),
            clock: Arc::clone(&clock),
        };
        let mut relay = JoinSet::new();
        relay.spawn(relayed.run(stop.rest.clone()));
        let reconciled = Reconciler {
            store: store.clone(),
            committed: Arc::clone(&committed),
            clock: Arc::clone(&clock),
            retry_unit,
        };
        let counted = RollingUp {
            store: store.clone(),
            clock: Arc::clone(&clock),
            retry_unit,
        };
        let audited = Auditor {
            store: store.clone(),
            clock: Arc::clone(&clock),
            every: config.ledger_check_every,
            retry_unit,
        };
        let kept = MonthKeeper {
            store: store.clone(),
            clock: Arc::clone(&clock),
            retain: config.retain_exchanges,
            retry_unit,
        };
        let describing = Describing {
            store: store.clone(),
            clock: Arc::clone(&clock),
        };
        let noted = Clerk {
            describing: describing.clone(),
            broker: config.broker.clone(),
            publisher: publisher.clone(),
        };
        let carried = Carrier::new(describing, config.broker, publisher);
        let mut letters = JoinSet::new();
        letters.spawn(noted.run(stop.taking.clone()));
        letters.spawn(carried.run(stop.taking.clone()));
        let swept = Sweeper {
            store: store.clone(),
            committed,
            clock: Arc::clone(&clock),
            retry_unit,
        };
        let telling = Circuits {
            store: store.clone(),
            context: Arc::clone(&switches.context),
            clock,
        };
        let mut sweeper = JoinSet::new();
        sweeper.spawn(telling.run(stop.taking.clone()));
        sweeper.spawn(switches.run(stop.taking.clone()));
        sweeper.spawn(swept.run(stop.taking.clone()));
        sweeper.spawn(reconciled.run(stop.taking.clone()));
        sweeper.spawn(counted.run(stop.taking.clone()));
        sweeper.spawn(audited.run(stop.taking.clone()));
        sweeper.spawn(kept.run(stop.taking.clone()));
        Ok(Running {
            jobs,
            relay,
            sweeper,
            letters,
            recorder,
            internal,
            stores: [store, writing],
            stop,
        })
    }
}

/// What is paused is known before anything is taken. PostgreSQL has answered a moment ago; it is waited for again.
async fn wait_for_switches(switches: &Switches) -> Result<(), StoreError> {
    loop {
        match switches.obey().await {
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "waiting for PostgreSQL");
                tokio::time::sleep(WAIT_FOR_SERVER).await;
            }
            decided => return decided.map(drop),
        }
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
