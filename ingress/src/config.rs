//! The settings of ingress.

mod jwt;

pub use jwt::{JwksPlace, JwtConfig, JwtKeys};

pub(crate) use jwt::JwtAlgorithm;

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use broker::BrokerConfig;
use channels::{CallbackVerifier, CallbacksConfig};
use runtime::{Settings, SettingsError};
use store::{StoreConfig, Vault};

use crate::rate_limit::Rate;

/// Everything ingress needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where merchants and providers reach it.
    pub listen: SocketAddr,
    /// Where metrics and probes are served.
    pub internal_listen: SocketAddr,
    /// How to reach RabbitMQ.
    pub broker: BrokerConfig,
    /// How to read from PostgreSQL.
    pub store: StoreConfig,
    /// The key ring.
    pub vault: Vault,
    /// What callbacks are verified with besides the merchants' own keys.
    pub callbacks: CallbacksConfig,
    /// How tokens of users and administrators are checked; without it none is taken.
    pub jwt: Option<JwtConfig>,
    /// How much and how long.
    pub limits: Limits,
    /// How long a process that is to stop goes on accepting while it says that it is not ready.
    pub drain: Duration,
}

/// How much a client may send and how long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of an API request, in bytes.
    pub body_bytes: usize,
    /// The largest body of a provider's callback, in bytes.
    pub callback_bytes: usize,
    /// How long a client may take to send its body, and how long we may take to answer it.
    pub request_timeout: Duration,
    /// How often one merchant may ask for something; without it as often as it likes.
    pub requests: Option<Rate>,
    /// How often one merchant may read; without it as often as it likes.
    pub reads: Option<Rate>,
    /// How long an API key or a signing secret is used without asking PostgreSQL again.
    pub remembered_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024,
            callback_bytes: 1024 * 1024,
            request_timeout: Duration::from_secs(10),
            requests: NonZeroU32::new(100).map(Rate::per_s),
            reads: NonZeroU32::new(200).map(Rate::per_s),
            remembered_for: Duration::from_secs(10),
        }
    }
}

/// Long enough for whoever asks `/readyz` every five seconds and believes it at the second time. With the time that
/// requests under way get afterwards it stays below the 30 seconds after which orchestrators kill.
const DRAIN: Duration = Duration::from_secs(10);

/// Ingress only reads, and what it reads is small.
const DATABASE_CONNECTIONS: u32 = 8;

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Lists every setting that is missing or cannot be used.
    pub fn read(mut settings: Settings) -> Result<Self, SettingsError> {
        let limits = read_limits(&mut settings);
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let listen = settings.with_default("INGRESS_LISTEN", local(8080), "127.0.0.1:8080");
        let internal_listen = settings.with_default("INGRESS_INTERNAL_LISTEN", local(9080), "127.0.0.1:9080");
        let drain = settings.duration_ms("INGRESS_DRAIN_MS", DRAIN);
        let store = read_store(&mut settings);
        let broker = read_broker(&mut settings);
        let vault = read_vault(&mut settings);
        let callbacks = read_callbacks(&mut settings);
        let jwt = jwt::read(&mut settings);
        let read = store.zip(broker).zip(vault);
        let config = read.map(|((store, broker), vault)| Self {
            listen,
            internal_listen,
            broker,
            store,
            vault,
            callbacks,
            jwt,
            limits,
            drain,
        });
        settings.finish(config)
    }
}

fn read_limits(settings: &mut Settings) -> Limits {
    const BODY: &str = "INGRESS_BODY_LIMIT_BYTES";
    const TIMEOUT: &str = "INGRESS_REQUEST_TIMEOUT_MS";
    let default = Limits::default();
    let body_bytes = settings.with_default(BODY, default.body_bytes, "65536");
    let request_timeout = settings.duration_ms(TIMEOUT, default.request_timeout);
    if body_bytes == 0 {
        settings.note(BODY, "must be greater than zero", "65536");
    }
    if request_timeout.is_zero() {
        settings.note(TIMEOUT, "must be greater than zero", "10000");
    }
    Limits {
        body_bytes,
        request_timeout,
        requests: read_rate(
            settings,
            [
                "INGRESS_MERCHANT_REQUESTS_PER_S",
                "INGRESS_MERCHANT_REQUESTS_BURST",
            ],
            default.requests,
        ),
        reads: read_rate(
            settings,
            ["INGRESS_MERCHANT_READS_PER_S", "INGRESS_MERCHANT_READS_BURST"],
            default.reads,
        ),
        ..default
    }
}

/// How often one merchant may do something; none for a rate of 0.
fn read_rate(
    settings: &mut Settings,
    [per_s, burst]: [&'static str; 2],
    default: Option<Rate>,
) -> Option<Rate> {
    let default_per_s = default.map_or(0, |rate| rate.per_s.get());
    let given = settings.with_default(per_s, default_per_s, &default_per_s.to_string());
    let given_burst: Option<NonZeroU32> = settings.optional(burst, "1000");
    let rate = Rate::per_s(NonZeroU32::new(given)?);
    Some(Rate {
        burst: given_burst.unwrap_or(rate.burst),
        ..rate
    })
}

fn read_store(settings: &mut Settings) -> Option<StoreConfig> {
    const URL: &str = "DATABASE_URL";
    const EXAMPLE: &str = "postgres://sluice_ingress:password@127.0.0.1:5432/sluice";
    let url = settings.secret(URL, EXAMPLE)?;
    let config = StoreConfig {
        url,
        max_connections: DATABASE_CONNECTIONS,
        acquire_timeout: Duration::from_secs(2),
        read_only: true,
    };
    match config.check() {
        Ok(()) => Some(config),
        Err(error) => {
            settings.note(URL, format!("cannot be used: {error}"), EXAMPLE);
            None
        }
    }
}

fn read_broker(settings: &mut Settings) -> Option<BrokerConfig> {
    const URL: &str = "AMQP_URL";
    const EXAMPLE: &str = "amqp://sluice:password@127.0.0.1:5672/sluice";
    let retry_unit = settings.duration_ms("RETRY_UNIT_MS", Duration::from_secs(1));
    if retry_unit.is_zero() {
        settings.note("RETRY_UNIT_MS", "must be greater than zero", "1000");
    }
    let url = settings.secret(URL, EXAMPLE)?;
    let config = BrokerConfig {
        url,
        connection_name: "ingress".into(),
        retry_unit,
    };
    match config.check() {
        Ok(()) => Some(config),
        Err(error) => {
            settings.note(URL, format!("cannot be used: {error}"), EXAMPLE);
            None
        }
    }
}

/// A certificate that cannot be fetched in time is asked for again by the next callback, so the limits are those of whoever
/// waits for the answer.
fn read_callbacks(settings: &mut Settings) -> CallbacksConfig {
    const BASE: &str = "PAYPAL_CERTIFICATE_BASE";
    const ROOTS: &str = "PAYPAL_TRUST_ROOTS_FILE";
    let given = |settings: &mut Settings, name| {
        let value: String = settings.with_default(name, String::new(), "");
        Some(value).filter(|value| !value.is_empty())
    };
    let roots = given(settings, ROOTS).and_then(|path| match std::fs::read_to_string(&path) {
        Ok(pem) => Some(pem),
        Err(error) => {
            settings.note(
                ROOTS,
                format!("cannot be read: {error}"),
                "/etc/sluice/paypal-roots.pem",
            );
            None
        }
    });
    let config = CallbacksConfig {
        paypal_certificate_base: given(settings, BASE),
        paypal_trust_roots: roots,
        ..CallbacksConfig::default()
    };
    if let Err(error) = CallbackVerifier::new(&config) {
        settings.note(
            BASE,
            format!("cannot be used: {error}"),
            "http://127.0.0.1:12111/paypal",
        );
    }
    config
}

fn read_vault(settings: &mut Settings) -> Option<Vault> {
    const KEY: &str = "SLUICE_SECRETS_KEY";
    const EXAMPLE: &str = "$(openssl rand -base64 32)";
    match Vault::from_keys(&settings.secret(KEY, EXAMPLE)?) {
        Ok(vault) => Some(vault),
        Err(error) => {
            settings.note(KEY, format!("cannot be used: {error}"), EXAMPLE);
            None
        }
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
    fn only_reads_from_the_database() {
        let config = Config::read(Settings::from_pairs(GOOD)).unwrap();
        assert!(config.store.read_only);
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    }

    #[test]
    fn a_rate_of_zero_is_none_and_a_burst_left_out_is_ten_seconds_worth() {
        let limits = |pairs: &[(&'static str, &'static str)]| {
            let pairs = GOOD.iter().chain(pairs).copied();
            Config::read(Settings::from_pairs(pairs)).unwrap().limits
        };
        let shown = |rate: Option<Rate>| rate.map(|rate| (rate.per_s.get(), rate.burst.get()));
        let limits = [
            limits(&[]),
            limits(&[
                ("INGRESS_MERCHANT_REQUESTS_PER_S", "7"),
                ("INGRESS_MERCHANT_READS_PER_S", ""),
            ]),
            limits(&[
                ("INGRESS_MERCHANT_REQUESTS_PER_S", "0"),
                ("INGRESS_MERCHANT_READS_BURST", "3"),
            ]),
        ];
        assert_eq!(
            limits.map(|limits| (shown(limits.requests), shown(limits.reads))),
            [
                (Some((100, 1_000)), Some((200, 2_000))),
                (Some((7, 70)), Some((200, 2_000))),
                (None, Some((200, 3))),
            ]
        );
    }

    #[test]
    fn every_bad_setting_is_named_and_no_secret_shown() {
        let bad = Settings::from_pairs([
            ("INGRESS_LISTEN", "nowhere"),
            ("INGRESS_BODY_LIMIT_BYTES", "0"),
            ("INGRESS_MERCHANT_REQUESTS_PER_S", "many"),
            ("INGRESS_MERCHANT_READS_BURST", "0"),
            ("RETRY_UNIT_MS", "0"),
            ("AMQP_URL", "http://user:hunter2@host/"),
            ("SLUICE_SECRETS_KEY", "hunter2"),
        ]);
        let message = Config::read(bad).unwrap_err().to_string();
        for name in [
            "INGRESS_LISTEN",
            "INGRESS_BODY_LIMIT_BYTES",
            "INGRESS_MERCHANT_REQUESTS_PER_S",
            "INGRESS_MERCHANT_READS_BURST",
            "RETRY_UNIT_MS",
            "AMQP_URL",
            "SLUICE_SECRETS_KEY",
            "DATABASE_URL",
        ] {
            assert!(message.contains(name), "{name}: {message}");
        }
        assert!(!message.contains("hunter2"), "{message}");
    }
}
