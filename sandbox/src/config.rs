//! The sandbox's settings, read once at start. A bad value stops the process and names the setting.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// Settings of one sandbox. [`Default`] binds a free port on the loopback address.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address told to clients (3-D Secure pages, redirects) when it differs from the bound one.
    pub public_url: Option<String>,
    /// Delay before the first repeat of a callback that was not accepted; doubles with each repeat. A provider with a
    /// schedule of its own keeps to that, see `second_ms`.
    pub webhook_retry_ms: u64,
    /// The longest delay between two repeats.
    pub webhook_retry_max_ms: u64,
    /// How often one callback is tried in all.
    pub webhook_attempts: u32,
    /// How long a receiver of a callback may take to answer.
    pub webhook_timeout_ms: u64,
    /// How long a second of a provider's published retry schedule or rate limit lasts, for providers that have one.
    pub second_ms: u64,
    /// How long bank debits and pending refunds take to settle.
    pub settle_ms: u64,
    /// How long PayPal remembers an order that is not captured.
    pub paypal_order_lifetime_ms: u64,
    /// How many entries each log keeps: API calls, callbacks, and what each merchant received.
    pub log_limit: usize,
    /// How long a hanging answer holds its connection before the connection is reset.
    pub hang_cap_ms: u64,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            webhook_retry_ms: 500,
            webhook_retry_max_ms: 3_600_000,
            webhook_attempts: 8,
            webhook_timeout_ms: 10_000,
            second_ms: 1_000,
            settle_ms: 1_000,
            paypal_order_lifetime_ms: 10_800_000,
            log_limit: 20_000,
            hang_cap_ms: 120_000,
        }
    }
}

/// A setting that cannot be understood.
#[derive(Debug)]
pub struct ConfigError {
    name: &'static str,
    value: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} has a value that cannot be understood: {:?}",
            self.name, self.value
        )
    }
}

impl std::error::Error for ConfigError {}

impl SandboxConfig {
    /// Reads the `SANDBOX_*` variables; what is not set keeps its default (port 12111 for the listener).
    ///
    /// # Errors
    /// When a variable is set to something that does not parse.
    pub fn from_env() -> Result<Self, ConfigError> {
        let defaults = Self::default();
        Ok(Self {
            listen: setting("SANDBOX_LISTEN", SocketAddr::from((Ipv4Addr::LOCALHOST, 12_111)))?,
            public_url: std::env::var("SANDBOX_PUBLIC_URL")
                .ok()
                .filter(|url| !url.is_empty()),
            webhook_retry_ms: setting("SANDBOX_WEBHOOK_RETRY_MS", defaults.webhook_retry_ms)?,
            webhook_retry_max_ms: setting("SANDBOX_WEBHOOK_RETRY_MAX_MS", defaults.webhook_retry_max_ms)?,
            webhook_attempts: setting("SANDBOX_WEBHOOK_ATTEMPTS", defaults.webhook_attempts)?,
            webhook_timeout_ms: setting("SANDBOX_WEBHOOK_TIMEOUT_MS", defaults.webhook_timeout_ms)?,
            second_ms: setting("SANDBOX_SECOND_MS", defaults.second_ms)?,
            settle_ms: setting("SANDBOX_SETTLE_MS", defaults.settle_ms)?,
            paypal_order_lifetime_ms: setting(
                "SANDBOX_PAYPAL_ORDER_LIFETIME_MS",
                defaults.paypal_order_lifetime_ms,
            )?,
            log_limit: setting("SANDBOX_LOG_LIMIT", defaults.log_limit)?,
            hang_cap_ms: setting("SANDBOX_HANG_CAP_MS", defaults.hang_cap_ms)?,
        })
    }
}

fn setting<T: FromStr>(name: &'static str, default: T) -> Result<T, ConfigError> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => value.parse().map_err(|_| ConfigError { name, value }),
        Ok(_) | Err(_) => Ok(default),
    }
}
