//! Putting ingress together, and taking it down in order.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use broker::topology::{self, TopologyError};
use channels::ChannelsError;
use domain::clock::Clock;
use runtime::{InternalListener, serve_internal};
use store::{Store, StoreError};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet},
};
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
    /// What callbacks are verified with cannot be used.
    #[error(transparent)]
    Callbacks(#[from] ChannelsError),
    /// The database's URL cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues are not as this version needs them, or RabbitMQ turned us away.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// Something ended that ingress cannot do without.
    #[error("{what} ended although nobody asked it to")]
    EndedEarly {
        /// What it was.
        what: &'static str,
        /// How, if it was not by itself.
        #[source]
        why: Option<JoinError>,
    },
}

/// Builds ingress.
#[derive(Debug, Clone, Copy)]
pub struct Ingress;

/// Ingress at work.
pub struct Running {
    address: SocketAddr,
    drain: Duration,
    leave: Leave,
    server: JoinSet<()>,
    internal: InternalListener,
    topology: JoinSet<Result<(), TopologyError>>,
    watching: JoinSet<Infallible>,
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
        let app = Arc::new(App::new(&config, store.clone(), clock, leave.stopping.clone())?);
        let probed = Arc::clone(&app);
        let internal = serve_internal(
            config.internal_listen,
            move || health::checks(Arc::clone(&probed)),
            leave.closed.clone(),
        );
        let internal = internal.await.map_err(cannot_listen(config.internal_listen))?;
        let drain = config.drain;
        let watching = JoinSet::from_iter([health::watch_store(Arc::clone(&app))]);
        let topology = JoinSet::from_iter([ensure_topology(config, Arc::clone(&app))]);
        let serving = server::serve(listener, routes::router(app), leave.closing.clone());
        let server = JoinSet::from_iter([serving]);
        tracing::info!(%address, "listening");
        Ok(Running {
            address,
            drain,
            leave,
            server,
            internal,
            topology,
            watching,
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
    /// The queues turn out not to be as this version needs them, or a part of ingress has ended. The rest is stopped
    /// then too.
    pub async fn run_until(mut self, stop: CancellationToken) -> Result<(), IngressError> {
        let failure = tokio::select! {
            () = stop.cancelled() => None,
            failure = self.failure() => Some(failure),
        };
        match failure {
            None => {
                self.stop().await;
                Ok(())
            }
            Some(failure) => {
                // It cannot serve, so nobody is given time to notice that it is about to end.
                self.close().await;
                Err(failure)
            }
        }
    }

    /// Waits until it is clear that ingress cannot go on.
    async fn failure(&mut self) -> IngressError {
        let early = |what, why| IngressError::EndedEarly { what, why };
        loop {
            tokio::select! {
                Some(ended) = self.server.join_next() => return early("the public listener", ended.err()),
                Some(ended) = self.watching.join_next() => return early("the watch over PostgreSQL", ended.err()),
                () = self.internal.ended() => return early("the internal listener", None),
                Some(ended) = self.topology.join_next() => match ended {
                    // In place; nothing more to learn.
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return error.into(),
                    Err(error) => return early("the check of the queues", Some(error)),
                },
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

    async fn close(mut self) {
        tracing::info!("accepting nothing more");
        self.topology.abort_all();
        self.leave.stopping.cancel();
        self.leave.closing.cancel();
        while let Some(ended) = self.server.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the public listener failed while it stopped");
            }
        }
        self.watching.shutdown().await;
        self.leave.closed.cancel();
        self.internal.ended().await;
        self.store.close().await;
        tracing::info!("stopped");
    }
}

async fn ensure_topology(config: Config, app: Shared) -> Result<(), TopologyError> {
    topology::ensure(&config.broker).await?;
    app.topology_is_in_place();
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::clock::SystemClock;
    use runtime::Settings;

    use super::*;

    /// Ingress without a server that it could reach.
    async fn alone() -> Running {
        let settings = Settings::from_pairs([
            ("DATABASE_URL", "postgres://127.0.0.1:1/sluice"),
            ("AMQP_URL", "amqp://127.0.0.1:1/sluice"),
            (
                "SLUICE_SECRETS_KEY",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
            ("INGRESS_LISTEN", "127.0.0.1:0"),
            ("INGRESS_INTERNAL_LISTEN", "127.0.0.1:0"),
            ("INGRESS_DRAIN_MS", "0"),
        ]);
        let config = Config::read(settings).unwrap();
        Ingress::start(config, Arc::new(SystemClock)).await.unwrap()
    }

    #[tokio::test]
    async fn it_ends_with_an_error_when_a_part_of_it_ends() {
        type Break = fn(&mut Running);
        let breaks: [(&str, Break); 3] = [
            ("the public listener", |running| running.server.abort_all()),
            ("the watch over PostgreSQL", |running| {
                running.watching.abort_all()
            }),
            ("the check of the queues", |running| running.topology.abort_all()),
        ];
        for (what, breaks) in breaks {
            let mut running = alone().await;
            breaks(&mut running);
            let failure = running.run_until(CancellationToken::new()).await.unwrap_err();
            assert_eq!(
                failure.to_string(),
                format!("{what} ended although nobody asked it to")
            );
        }
    }
}
