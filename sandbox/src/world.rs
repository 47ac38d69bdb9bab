//! Everything the sandbox holds, shared by all handlers: accounts, dials, merchants and logs.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use crate::callbacks::Callbacks;
use crate::calls::Calls;
use crate::config::SandboxConfig;
use crate::faults::Faults;
use crate::listener::Wire;
use crate::locking::lock;
use crate::merchant::Merchants;
use crate::stripe::Account;

/// The sandbox's whole state.
pub struct World {
    /// The address told to clients, without a trailing slash.
    pub base_url: String,
    /// The settings the sandbox was started with.
    pub config: SandboxConfig,
    /// Fault dials of the Stripe double.
    pub faults: Faults,
    /// Callback dials and the record of deliveries.
    pub callbacks: Callbacks,
    /// API calls that were received.
    pub calls: Calls,
    /// Merchant endpoints and what they received.
    pub merchants: Merchants,
    accounts: RwLock<HashMap<String, Arc<Account>>>,
    stop: CancellationToken,
    epoch: Mutex<CancellationToken>,
}

impl World {
    /// An empty world that answers at `address`.
    pub fn build(config: SandboxConfig, address: SocketAddr) -> Result<Self, reqwest::Error> {
        let base_url = match &config.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{address}"),
        };
        let stop = CancellationToken::new();
        Ok(Self {
            base_url,
            callbacks: Callbacks::build(&config)?,
            faults: Faults::default(),
            calls: Calls::keeping(config.log_limit),
            merchants: Merchants::keeping(config.log_limit),
            config,
            accounts: RwLock::default(),
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
        self.accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.faults.clear();
        self.callbacks.clear();
        self.calls.clear();
        self.merchants.clear();
    }

    /// The account of this secret key; made at first sight.
    pub fn account(&self, secret_key: &str) -> Arc<Account> {
        if let Some(account) = self
            .accounts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(secret_key)
        {
            return Arc::clone(account);
        }
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        let account = accounts
            .entry(secret_key.to_owned())
            .or_insert_with(|| Arc::new(Account::open(secret_key)));
        Arc::clone(account)
    }

    /// All accounts, in the order of their keys.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        let mut accounts: Vec<_> = self
            .accounts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .map(Arc::clone)
            .collect();
        accounts.sort_by(|a, b| a.secret_key.cmp(&b.secret_key));
        accounts
    }

    /// Holds a connection without answering, at most for the configured cap, then breaks it off.
    pub async fn hang(&self, wire: &Wire) {
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_millis(self.config.hang_cap_ms)) => {}
            () = self.stop.cancelled() => {}
        }
        wire.break_off();
    }
}
