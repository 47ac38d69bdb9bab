//! What all requests share.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::clock::Clock;
use store::Store;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    client::TrustedProxies, collector::Collector, config::PublicUrl, progress::Progress, session::Sessions,
};

/// Passwords that are compared at once: each takes 19 MiB and a whole processor for a while.
const COMPARING: usize = 2;
/// Pages that are kept up to date at once.
const LIVE: usize = 200;

/// What all requests share.
pub(super) struct App {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub public_url: Option<PublicUrl>,
    pub proxies: TrustedProxies,
    pub sessions: Sessions,
    pub collector: Arc<Collector>,
    pub progress: Arc<Progress>,
    pub comparing: Arc<Semaphore>,
    pub live: Arc<Semaphore>,
    /// Cancelled when nothing more is accepted: what never ends by itself ends then.
    pub stopping: CancellationToken,
}

/// The same, in as many hands as there are requests.
pub(super) type Shared = Arc<App>;

impl App {
    pub(super) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        public_url: Option<PublicUrl>,
        proxies: TrustedProxies,
        collector: Arc<Collector>,
        stopping: CancellationToken,
    ) -> Self {
        let is_secure = public_url.as_ref().is_some_and(|url| url.is_secure);
        Self {
            progress: Arc::new(Progress::new(store.clone(), Arc::clone(&clock), stopping.clone())),
            sessions: Sessions::new(store.clone(), Arc::clone(&clock), is_secure),
            store,
            clock,
            public_url,
            proxies,
            collector,
            comparing: Arc::new(Semaphore::new(COMPARING)),
            live: Arc::new(Semaphore::new(LIVE)),
            stopping,
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
