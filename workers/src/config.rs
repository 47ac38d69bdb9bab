//! The settings of the workers.

use std::{net::SocketAddr, time::Duration};

use broker::BrokerConfig;
use channels::{ChannelsConfig, ContainmentConfig};
use chrono::Days;
use domain::job::Kind;
use runtime::{Settings, SettingsError};
use store::{StoreConfig, Vault};

/// What the workers need to know.
#[derive(Debug, Clone)]
pub struct WorkersConfig {
    /// RabbitMQ.
    pub broker: BrokerConfig,
    /// PostgreSQL.
    pub store: StoreConfig,
    /// What opens and seals.
    pub vault: Vault,
    /// The providers.
    pub channels: ChannelsConfig,
    /// The address at which providers reach ingress, without a slash at its end.
    pub callback_base: String,
    /// Where `/metrics`, `/healthz` and `/readyz` are.
    pub internal_listen: SocketAddr,
    /// How many jobs of one kind are in hand at once.
    pub concurrency: u16,
    /// How long a merchant's endpoint may take to answer.
    pub notify_timeout: Duration,
    /// Whether notifications may go into private networks.
    pub notify_allow_private: bool,
    /// How long from one check of the ledger to the next.
    pub ledger_check_every: Duration,
    /// For how long exchanges with providers are kept after the end of their month; for ever where nothing is said.
    pub retain_exchanges: Option<Days>,
    /// How long jobs in hand may take to finish when the process is told to stop.
    pub stop_timeout: Duration,
}

impl WorkersConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names every setting that is missing or cannot be used.
    pub fn from_settings(mut settings: Settings) -> Result<Self, SettingsError> {
        let read = Self::read(&mut settings);
        settings.finish(read)
    }

    fn read(settings: &mut Settings) -> Option<Self> {
        let amqp_url = settings.secret("AMQP_URL", "amqp://sluice:password@127.0.0.1:5672/sluice");
        let database_url = settings.secret(
            "DATABASE_URL",
            "postgres://sluice_worker:password@127.0.0.1:5432/sluice",
        );
        let key = settings.secret("SLUICE_SECRETS_KEY", "the output of: openssl rand -base64 32");
        let vault = key.and_then(|key| {
            let vault = Vault::from_keys(&key);
            vault
                .map_err(|error| {
                    settings.note("SLUICE_SECRETS_KEY", error.to_string(), "openssl rand -base64 32")
                })
                .ok()
        });
        let retry_unit = settings.duration_ms("RETRY_UNIT_MS", Duration::from_secs(1));
        let internal_listen = settings.with_default(
            "WORKERS_INTERNAL_LISTEN",
            SocketAddr::from(([127, 0, 0, 1], 9081)),
            "127.0.0.1:9081",
        );
        let max_connections = settings.with_default("WORKERS_DATABASE_CONNECTIONS", 16, "16");
        let concurrency = settings.with_default("WORKERS_CONCURRENCY", 128, "128");
        let standard = ChannelsConfig::default();
        let timeout = settings.duration_ms("CHANNEL_TIMEOUT_MS", standard.timeout);
        let channels = ChannelsConfig {
            stripe_api_base: address(settings, "STRIPE_API_BASE", standard.stripe_api_base),
            alipay_gateway: address(settings, "ALIPAY_GATEWAY", standard.alipay_gateway),
            wechat_api_base: address(settings, "WECHAT_API_BASE", standard.wechat_api_base),
            paypal_api_base: address(settings, "PAYPAL_API_BASE", standard.paypal_api_base),
            connect_timeout: standard.connect_timeout.min(timeout),
            timeout,
            find_timeout: timeout * FIND_CALLS,
            containment: ContainmentConfig {
                calls_at_once: settings.with_default("CHANNEL_CONCURRENCY", CALLS_AT_ONCE, "64"),
                open_for: retry_unit * OPEN_UNITS,
            },
            ..ChannelsConfig::default()
        };
        let callback_base = address(settings, "CALLBACK_BASE_URL", "http://localhost:8080".into());
        let notify_timeout = settings.duration_ms("NOTIFY_TIMEOUT_MS", Duration::from_secs(20));
        let notify_allow_private = settings.with_default("NOTIFY_ALLOW_PRIVATE", false, "false");
        let stop_timeout = settings.duration_ms("STOP_TIMEOUT_MS", STOP_TIMEOUT);
        let ledger_check_every = settings.duration_ms("LEDGER_CHECK_MS", LEDGER_CHECK_EVERY);
        if ledger_check_every.is_zero() {
            settings.note("LEDGER_CHECK_MS", "must be greater than zero", "3600000");
        }
        let retain_exchanges = retention(settings, "RETAIN_EXCHANGES_DAYS");
        refuse_unworkable(settings, concurrency, max_connections, retry_unit);
        fits_contract(
            settings,
            "CHANNEL_TIMEOUT_MS",
            timeout * CALLS_TO_THE_PROVIDER,
            Kind::CreateIntent,
        );
        fits_contract(
            settings,
            "NOTIFY_TIMEOUT_MS",
            notify_timeout,
            Kind::NotifyMerchant,
        );
        let broker = BrokerConfig {
            url: amqp_url?,
            connection_name: "workers".into(),
            retry_unit,
        };
        if let Err(error) = broker.check() {
            settings.note(
                "AMQP_URL",
                error.to_string(),
                "amqp://sluice:password@127.0.0.1:5672/sluice",
            );
        }
        let store = StoreConfig {
            url: database_url?,
            max_connections,
            acquire_timeout: Duration::from_secs(5),
            read_only: false,
        };
        if let Err(error) = store.check() {
            settings.note(
                "DATABASE_URL",
                error.to_string(),
                "postgres://user:password@127.0.0.1:5432/sluice",
            );
        }
        Some(Self {
            broker,
            store,
            vault: vault?,
            channels,
            callback_base: callback_base.trim_end_matches('/').to_owned(),
            internal_listen,
            concurrency,
            notify_timeout,
            notify_allow_private,
            ledger_check_every,
            retain_exchanges,
            stop_timeout,
        })
    }
}

/// An address of somebody else's server, or ours as others see it.
fn address(settings: &mut Settings, name: &'static str, default: String) -> String {
    let example = default.clone();
    let value = settings.with_default(name, default, &example);
    if !(value.starts_with("https://") || value.starts_with("http://")) {
        settings.note(name, "must start with https:// or http://", &example);
    }
    value
}

/// A number of days for which something is kept that the database lets go of after [`FEWEST_DAYS`] at the earliest.
fn retention(settings: &mut Settings, name: &'static str) -> Option<Days> {
    let days = settings.optional(name, "400")?;
    if !(FEWEST_DAYS..=MOST_DAYS).contains(&days) {
        let problem = format!(
            "must be from {FEWEST_DAYS} to {MOST_DAYS} days, or left out: exchanges are kept for ever then"
        );
        settings.note(name, problem, "400");
    }
    Some(Days::new(days))
}

/// What `drop_payment_records` holds to.
const FEWEST_DAYS: u64 = 90;
/// A hundred years: whoever wants more wants all.
const MOST_DAYS: u64 = 36_500;
/// Fewer than jobs of one kind are in hand at once, so that no channel can take up all of them.
const CALLS_AT_ONCE: usize = 64;
/// For how long a circuit breaker stays open at first, in units of the retry ladder.
const OPEN_UNITS: u32 = 5;
/// Looking for an intent may take as long as so many calls, however many pages there are.
const FIND_CALLS: u32 = 2;
/// A try may ask for the intent, open it, and ask for it again.
const CALLS_TO_THE_PROVIDER: u32 = FIND_CALLS + 1 + FIND_CALLS;
/// The whole ledger is read.
const LEDGER_CHECK_EVERY: Duration = Duration::from_secs(3600);
/// With all the steps that come after it, this stays well below the 30 seconds after which orchestrators commonly kill.
const STOP_TIMEOUT: Duration = Duration::from_secs(18);
/// The sweeper, the count of the outbox, the roll-up of statistics, the check of the ledger, the months of exchanges, a probe and
/// a read; and two for the readers of dead letters, of which one has the right to move them. Those who write have connections of
/// their own.
const FEWEST_CONNECTIONS: u32 = 9;

fn refuse_unworkable(settings: &mut Settings, concurrency: u16, connections: u32, retry_unit: Duration) {
    if concurrency == 0 {
        settings.note("WORKERS_CONCURRENCY", "must be greater than zero", "128");
    }
    if connections < FEWEST_CONNECTIONS {
        let problem = format!("must be at least {FEWEST_CONNECTIONS}");
        settings.note("WORKERS_DATABASE_CONNECTIONS", problem, "16");
    }
    if retry_unit.is_zero() {
        settings.note("RETRY_UNIT_MS", "must be greater than zero", "1000");
    }
}

/// What a job waits for has to fit into the time that its contract gives it; else every try would be cut off.
fn fits_contract(settings: &mut Settings, name: &'static str, waits: Duration, kind: Kind) {
    let allowed = kind.contract().timeout;
    if waits.is_zero() || waits >= allowed {
        let problem = format!(
            "must be greater than zero and fit into the {} s of {kind}",
            allowed.as_secs()
        );
        settings.note(name, problem, "10000");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 3] = [
        ("DATABASE_URL", "postgres://localhost/sluice"),
        ("AMQP_URL", "amqp://localhost/sluice"),
        (
            "SLUICE_SECRETS_KEY",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
    ];

    #[test]
    fn the_defaults_can_be_used() {
        assert!(WorkersConfig::from_settings(Settings::from_pairs(GOOD)).is_ok());
    }

    #[test]
    fn what_cannot_work_is_named() {
        let bad = [
            ("WORKERS_CONCURRENCY", "0"),
            ("WORKERS_DATABASE_CONNECTIONS", "8"),
            ("RETRY_UNIT_MS", "0"),
            ("CHANNEL_TIMEOUT_MS", "12000"),
            ("NOTIFY_TIMEOUT_MS", "45000"),
            ("NOTIFY_ALLOW_PRIVATE", "maybe"),
            ("RETAIN_EXCHANGES_DAYS", "89"),
            ("RETAIN_EXCHANGES_DAYS", "36501"),
            ("RETAIN_EXCHANGES_DAYS", "a year"),
            ("DATABASE_URL", "mysql://user:hunter2@host/"),
            ("AMQP_URL", "http://user:hunter2@host/"),
        ];
        for (name, value) in bad {
            let settings = Settings::from_pairs(GOOD.into_iter().chain([(name, value)]));
            let message = WorkersConfig::from_settings(settings).unwrap_err().to_string();
            assert!(
                message.contains(name) && !message.contains("hunter2"),
                "{name}: {message}"
            );
        }
    }
}
