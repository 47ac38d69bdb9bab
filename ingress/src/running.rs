//! Putting ingress together, and taking it down in order.

use std::{io, net::SocketAddr, sync::Arc};

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
    stop: CancellationToken,
    server: JoinHandle<()>,
    internal: InternalListener,
    topology: JoinHandle<Result<(), TopologyError>>,
    store: Store,
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
        let stop = CancellationToken::new();
        let app = Arc::new(App::new(&config, store.clone(), clock, stop.clone()));
        let probed = Arc::clone(&app);
        let internal = serve_internal(
            config.internal_listen,
            move || health::checks(Arc::clone(&probed)),
            stop.clone(),
        );
        let internal = internal.await.map_err(cannot_listen(config.internal_listen))?;
        let watching = health::watch_store(Arc::clone(&app));
        tokio::spawn(stop.clone().run_until_cancelled_owned(watching));
        let topology = tokio::spawn(ensure_topology(config, Arc::clone(&app)));
        let server = tokio::spawn(server::serve(listener, routes::router(app), stop.clone()));
        tracing::info!(%address, "listening");
        Ok(Running {
            address,
            stop,
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

    /// Works until `stop` is cancelled, then finishes the requests under way.
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
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            error = mismatch => Err(error.into()),
        };
        self.stop().await;
        ended
    }

    /// Accepts nothing more and finishes the requests under way.
    pub async fn stop(self) {
        self.topology.abort();
        self.stop.cancel();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the listener ended abnormally");
        }
        self.internal.stopped().await;
        self.store.close().await;
    }
}

async fn ensure_topology(config: Config, app: Shared) -> Result<(), TopologyError> {
    topology::ensure(&config.broker).await?;
    app.topology_is_in_place();
    Ok(())
}
