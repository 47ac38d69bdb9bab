//! Everything the sandbox holds, shared by all handlers: accounts, dials, merchants and logs.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::alipay;
use crate::callbacks::Callbacks;
use crate::calls::Calls;
use crate::config::SandboxConfig;
use crate::faults::Faults;
use crate::listener::Wire;
use crate::locking::lock;
use crate::merchant::Merchants;
use crate::stripe;
use crate::wechat::Wechat;

/// The sandbox's whole state.
pub struct World {
    /// The address told to clients, without a trailing slash.
    pub base_url: String,
    /// The settings the sandbox was started with.
    pub config: SandboxConfig,
    /// Fault dials of all providers.
    pub faults: Faults,
    /// Callback dials and the record of deliveries.
    pub callbacks: Callbacks,
    /// API calls that were received.
    pub calls: Calls,
    /// Merchant endpoints and what they received.
    pub merchants: Merchants,
    /// Stripe's accounts, by secret key.
    pub stripe: Accounts<stripe::Account>,
    /// Alipay's apps, by app id.
    pub alipay: Accounts<alipay::App>,
    /// WeChat Pay's merchants and keys.
    pub wechat: Wechat,
    stop: CancellationToken,
    epoch: Mutex<CancellationToken>,
}

impl World {
    /// An empty world that answers at `address`.
    pub fn build(config: SandboxConfig, address: SocketAddr) -> io::Result<Self> {
        let base_url = match &config.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{address}"),
        };
        let stop = CancellationToken::new();
        Ok(Self {
            base_url,
            callbacks: Callbacks::build(&config).map_err(io::Error::other)?,
            faults: Faults::default(),
            calls: Calls::keeping(config.log_limit),
            merchants: Merchants::keeping(config.log_limit),
            config,
            stripe: Accounts::default(),
            alipay: Accounts::default(),
            wechat: Wechat::open()?,
            epoch: Mutex::new(stop.child_token()),
            stop,
        })
    }

    /// Cancelled when the sandbox stops.
    pub fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Cancelled when the sandbox stops or is reset: background work of the present state ends with it.
    pub fn epoch(&self) -> CancellationToken {
        lock(&self.epoch).clone()
    }

    /// Ends everything that waits.
    pub fn shut_down(&self) {
        self.stop.cancel();
    }

    /// Forgets all state, dials and logs, and ends deliveries that are still waiting.
    pub fn reset(&self) {
        let old = std::mem::replace(&mut *lock(&self.epoch), self.stop.child_token());
        old.cancel();
        self.stripe.clear();
        self.alipay.clear();
        self.wechat.clear();
        self.faults.clear();
        self.callbacks.clear();
        self.calls.clear();
        self.merchants.clear();
    }

    /// How long this many seconds of a provider's published schedule last here.
    pub fn seconds(&self, seconds: u64) -> Duration {
        Duration::from_millis(seconds.saturating_mul(self.config.second_ms))
    }

    /// Holds a connection without answering, at most for the configured cap, then breaks it off.
    pub async fn hang(&self, wire: &Wire) {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(self.config.hang_cap_ms)) => {}
            () = self.stop.cancelled() => {}
        }
        wire.break_off();
    }
}
