//! Putting ingress together, and taking it down in order.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use broker::topology::{self, TopologyError};
use domain::clock::Clock;
use runtime::{InternalListener, serve_internal};
use store::{Store, StoreError};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, Shared},
    config::Config,
    health, routes, server,
};

/// Ingress cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum IngressError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The database's URL cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues are not as this version needs them, or RabbitMQ turned us away.
    #[error(transparent)]
    Topology(#[from] TopologyError),
}

/// Builds ingress.
#[derive(Debug, Clone, Copy)]
pub struct Ingress;

/// Ingress at work.
pub struct Running {
    address: SocketAddr,
    drain: Duration,
    leave: Leave,
    server: JoinHandle<()>,
    internal: InternalListener,
    topology: JoinHandle<Result<(), TopologyError>>,
    store: Store,
}

/// The steps in which ingress goes.
#[derive(Default)]
struct Leave {
    /// It says so, and still accepts.
    stopping: CancellationToken,
    /// It accepts nothing more.
    closing: CancellationToken,
    /// All is answered.
    closed: CancellationToken,
}

impl Ingress {
    /// Starts listening. RabbitMQ and PostgreSQL are reached in the background: until then, requests get 503.
    ///
    /// # Errors
    /// An address cannot be listened on, or the database's URL cannot be read.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Running, IngressError> {
        let store = Store::connect_lazily(&config.store, config.vault.clone())?;
        let cannot_listen = |address| move |source| IngressError::Listen { address, source };
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(cannot_listen(config.listen))?;
        let address = listener.local_addr().map_err(cannot_listen(config.listen))?;
        let leave = Leave::default();
        let app = Arc::new(App::new(&config, store.clone(), clock, leave.stopping.clone()));
        let probed = Arc::clone(&app);
        let internal = serve_internal(
            config.internal_listen,
            move || health::checks(Arc::clone(&probed)),
            leave.closed.clone(),
        );
        let internal = internal.await.map_err(cannot_listen(config.internal_listen))?;
        let watching = health::watch_store(Arc::clone(&app));
        tokio::spawn(leave.closed.clone().run_until_cancelled_owned(watching));
        let drain = config.drain;
        let topology = tokio::spawn(ensure_topology(config, Arc::clone(&app)));
        let server = tokio::spawn(server::serve(
            listener,
            routes::router(app),
            leave.closing.clone(),
        ));
        tracing::info!(%address, "listening");
        Ok(Running {
            address,
            drain,
            leave,
            server,
            internal,
            topology,
            store,
        })
    }
}

impl Running {
    /// Where merchants and providers reach it.
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics and probes are served.
    pub const fn internal_addr(&self) -> SocketAddr {
        self.internal.address()
    }

    /// Works until `stop` is cancelled, then takes leave as [`Self::stop`] does.
    ///
    /// # Errors
    /// The queues turn out not to be as this version needs them. Ingress is stopped then too.
    pub async fn run_until(mut self, stop: CancellationToken) -> Result<(), IngressError> {
        let mismatch = async {
            match (&mut self.topology).await {
                Ok(Err(error)) => error,
                // In place, or cancelled: nothing more to learn.
                Ok(Ok(())) | Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {
                self.stop().await;
                Ok(())
            }
            error = mismatch => {
                // It has never been ready, so nobody has to notice that it is not.
                self.close().await;
                Err(error.into())
            }
        }
    }

    /// Says that it is not ready, goes on accepting until that was noticed, then accepts nothing more and finishes the
    /// requests under way.
    pub async fn stop(self) {
        let drain_ms = self.drain.as_millis() as u64;
        tracing::info!(drain_ms, "not ready any more");
        self.leave.stopping.cancel();
        tokio::time::sleep(self.drain).await;
        self.close().await;
    }

    async fn close(self) {
        tracing::info!("accepting nothing more");
        self.topology.abort();
        self.leave.stopping.cancel();
        self.leave.closing.cancel();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the listener ended abnormally");
        }
        self.leave.closed.cancel();
        self.internal.stopped().await;
        self.store.close().await;
        tracing::info!("stopped");
    }
}

async fn ensure_topology(config: Config, app: Shared) -> Result<(), TopologyError> {
    topology::ensure(&config.broker).await?;
    app.topology_is_in_place();
    Ok(())
}
