//! Putting the web console together, and taking it down in order.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::http::Method;
use domain::{clock::Clock, operator::Role};
use management::{ManagementError, Rabbit};
use store::{Store, StoreError};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{app::App, collector::Collector, config::WebConfig, routes, routes::Access};

/// How long requests under way may take once nothing is accepted any more.
const GRACE: Duration = Duration::from_secs(3);
/// How long RabbitMQ's management API may take.
const MANAGEMENT_TIMEOUT: Duration = Duration::from_secs(4);

/// The web console cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// PostgreSQL is there, and its schema is not the one that is needed; or its address cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address of RabbitMQ cannot be used.
    #[error(transparent)]
    Management(#[from] ManagementError),
    /// No client can be made for RabbitMQ's management API.
    #[error("cannot make an HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    /// Something ended that the console cannot do without.
    #[error("the listener ended although nobody asked it to")]
    EndedEarly,
}

/// Builds the web console.
#[derive(Debug, Clone, Copy)]
pub struct Web;

/// The web console at work.
pub struct Running {
    address: SocketAddr,
    stopping: CancellationToken,
    tasks: JoinSet<()>,
    store: Store,
}

impl Web {
    /// Every address with its method, and the least role that it takes; none where anyone may come.
    pub fn addresses() -> Vec<(Method, &'static str, Option<Role>)> {
        let least = |access| match access {
            Access::Anyone => None,
            Access::Role(role) | Access::Following(role) => Some(role),
        };
        let pages = routes::pages().into_iter();
        pages
            .map(|page| (page.method, page.path, least(page.access)))
            .collect()
    }

    /// Starts listening. A PostgreSQL or a RabbitMQ that is away is no reason not to: the pages say so. A schema that this
    /// version was not built for is one.
    ///
    /// # Errors
    /// The address cannot be listened on, or the schema is not the one that is needed.
    pub async fn start(config: WebConfig, clock: Arc<dyn Clock>) -> Result<Running, WebError> {
        let store = Store::connect_lazily(&config.console.store, config.console.vault.clone())?;
        match store.check().await {
            Err(error) if !error.is_transient() => return Err(error.into()),
            Err(error) => tracing::warn!(%error, "PostgreSQL is not there yet"),
            Ok(()) => {}
        }
        if config.is_exposed() {
            tracing::warn!(
                address = %config.listen,
                "others than this machine may reach it without https, and then passwords and sessions can be read on the way: put a proxy that ends TLS before it, and set CONSOLE_PUBLIC_URL to its https:// address"
            );
        }
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(MANAGEMENT_TIMEOUT)
            .build()?;
        let rabbit = Rabbit::new(http, config.management_url.expose(), config.amqp_url.expose())?;
        let address = config.listen;
        let cannot_listen = move |source| WebError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let stopping = CancellationToken::new();
        let collector = Arc::new(Collector::new(store.clone(), rabbit, Arc::clone(&clock)));
        let app = App::new(
            store.clone(),
            clock,
            config.public_url,
            config.proxies,
            Arc::clone(&collector),
            stopping.clone(),
        );
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::new(app), stopping.clone()));
        tasks.spawn(collector.keep_fresh(stopping.clone()));
        tracing::info!(%address, "listening");
        Ok(Running {
            address,
            stopping,
            tasks,
            store,
        })
    }
}

impl Running {
    /// Where browsers reach it.
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Works until `stop` is cancelled, then finishes the requests under way.
    ///
    /// # Errors
    /// A part of it has ended by itself.
    pub async fn run_until(mut self, stop: CancellationToken) -> Result<(), WebError> {
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            _ = self.tasks.join_next() => Err(WebError::EndedEarly),
        };
        self.stop().await;
        ended
    }

    /// Accepts nothing more and finishes the requests under way.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the web console failed while it stopped");
            }
        }
        self.store.close().await;
        tracing::info!("stopped");
    }
}

async fn serve(listener: TcpListener, app: Arc<App>, stopping: CancellationToken) {
    let routes = routes::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, routes).with_graceful_shutdown(stopping.clone().cancelled_owned());
    let overdue = async {
        stopping.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = served.into_future() => if let Err(error) = served {
            tracing::error!(%error, "the listener stopped serving");
        },
        () = overdue => tracing::warn!("a browser was not waited for"),
    }
}
