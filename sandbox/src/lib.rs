//! Stateful doubles of Stripe, Alipay, WeChat Pay, PayPal and of a merchant's endpoint, over real HTTP, with fault dials.
//!
//! It exists so that the demo, the tests and the benches can drive the pipeline against something that
//! answers, declines, calls back, repeats itself and breaks the way the real parties do. It must never
//! share code with the pipeline: a double built from the code under test would agree with its mistakes.
//! All state is in memory and is gone when the process ends.
//!
//! Each provider is a folder with its routes. It shares the house's dials (`faults::play`), log of calls and delivery
//! (`callbacks::Letter`), keeps its accounts in a field of `World`, and tells `control` how its events are sent again.

mod accounts;
mod alipay;
mod callbacks;
mod calls;
mod clock;
mod config;
mod control;
mod faults;
mod listener;
mod locking;
mod merchant;
mod paypal;
mod ring_buffer;
mod stripe;
mod table;
mod wechat;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use config::{ConfigError, SandboxConfig};
/// The authority that vouches for the certificate of the PayPal double, as PEM.
pub use paypal::ROOT_PEM as PAYPAL_ROOT_PEM;

use listener::{AbortableListener, Wire};
use world::World;

/// How long [`Sandbox::stop`] waits for open connections before it drops them.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// A running sandbox: one listener that serves `/v1`, `/alipay`, `/v3`, `/paypal`, `/merchant` and `/sandbox`.
pub struct Sandbox {
    world: Arc<World>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// The address clients use, for example `http://127.0.0.1:12111`, without a trailing slash.
    pub fn base_url(&self) -> String {
        self.world.base_url.clone()
    }

    /// The socket address that was bound; tells the port when the configuration asked for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops serving, ends pending deliveries and hanging answers, and waits at most two seconds for them.
    pub async fn stop(mut self) {
        self.world.shut_down();
        if tokio::time::timeout(STOP_GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

/// Binds the listener and serves in background tasks until [`Sandbox::stop`].
///
/// # Errors
/// When the address cannot be bound or the HTTP client for callbacks cannot be built.
pub async fn start(config: SandboxConfig) -> std::io::Result<Sandbox> {
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let world = Arc::new(World::build(config, address)?);
    let service = router(Arc::clone(&world)).into_make_service_with_connect_info::<Wire>();
    let stopped = world.stopped();
    let server = tokio::spawn(async move {
        let served = axum::serve(AbortableListener::from(listener), service)
            .with_graceful_shutdown(async move { stopped.cancelled().await })
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the sandbox stopped serving");
        }
    });
    tracing::info!(address = %address, base_url = %world.base_url, "sandbox listens");
    Ok(Sandbox {
        world,
        address,
        server,
    })
}

fn router(world: Arc<World>) -> Router {
    Router::new()
        .merge(stripe::routes())
        .merge(alipay::routes())
        .merge(wechat::routes())
        .merge(paypal::routes())
        .route("/merchant/{name}", any(merchant::receive))
        .merge(control::routes())
        .with_state(world)
}
