//! The settings of the web console.

use std::{net::SocketAddr, time::Duration};

use domain::secret::Secret;
use runtime::{Settings, SettingsError};
use url::Url;

use super::client::TrustedProxies;
use crate::Config;

/// For pages, for what they show, and for passwords being looked up while both are slow.
const CONNECTIONS: u32 = 6;
/// A page waits for this long before it says that PostgreSQL is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the web console listens, and what it looks at.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// PostgreSQL and the key ring.
    pub console: Config,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// How browsers reach it, where that is not the address it listens on.
    pub public_url: Option<PublicUrl>,
    /// The proxies that are believed when they say from where somebody comes.
    pub(super) proxies: TrustedProxies,
    /// RabbitMQ's management API, with user and password.
    pub management_url: Secret,
    /// RabbitMQ, of which the vhost is taken.
    pub amqp_url: Secret,
}

/// The address in the browser: `https://console.example` or the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// As the `Origin` header says it.
    pub origin: String,
    /// As the `Host` header says it.
    pub host: String,
    /// Whether it is https, so that the cookie may be kept to that.
    pub is_secure: bool,
}

/// The address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected https:// or http:// and a host, with no path")]
pub struct InvalidPublicUrl;

impl std::str::FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let url = Url::parse(text).map_err(|_| InvalidPublicUrl)?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        let host = url.host_str().filter(|_| is_bare).ok_or(InvalidPublicUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidPublicUrl);
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            host: format!("{host}{port}"),
            is_secure: url.scheme() == "https",
        })
    }
}

impl WebConfig {
    /// Whether others than this machine reach it, with nothing that says that they do so by https.
    pub(super) fn is_exposed(&self) -> bool {
        let is_secure = self.public_url.as_ref().is_some_and(|url| url.is_secure);
        !self.listen.ip().is_loopback() && !is_secure
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// Lists every setting that is missing or cannot be used.
    pub fn read(mut settings: Settings) -> Result<Self, SettingsError> {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8090));
        let listen = settings.with_default("CONSOLE_LISTEN", listen, "127.0.0.1:8090");
        let public_url = settings.optional("CONSOLE_PUBLIC_URL", "https://console.example");
        let proxies = settings.optional("CONSOLE_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7");
        let management = "http://user:password@127.0.0.1:15672";
        let management_url = settings.secret("RABBITMQ_MANAGEMENT_URL", management);
        let amqp_url = settings.secret("AMQP_URL", "amqp://user:password@127.0.0.1:5672/sluice");
        let console = Config::read_from(&mut settings);
        let rabbit = management_url.zip(amqp_url);
        let config = console
            .zip(rabbit)
            .map(|(mut console, (management_url, amqp_url))| {
                console.store.max_connections = CONNECTIONS;
                console.store.acquire_timeout = ACQUIRE_TIMEOUT;
                Self {
                    console,
                    listen,
                    public_url,
                    proxies: proxies.unwrap_or_default(),
                    management_url,
                    amqp_url,
                }
            });
        settings.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_an_origin() {
        let url: PublicUrl = "https://console.example".parse().unwrap();
        assert_eq!(
            (url.origin.as_str(), url.host.as_str()),
            ("https://console.example", "console.example")
        );
        assert!(url.is_secure);
        let url: PublicUrl = "http://desk:8090/".parse().unwrap();
        assert_eq!(
            (url.origin.as_str(), url.host.as_str(), url.is_secure),
            ("http://desk:8090", "desk:8090", false)
        );
        for bad in [
            "console.example",
            "https://console.example/path",
            "ftp://console.example",
            "https://me@x",
        ] {
            assert_eq!(bad.parse::<PublicUrl>(), Err(InvalidPublicUrl), "{bad}");
        }
    }

    #[test]
    fn all_that_is_missing_is_named() {
        let settings = Settings::from_pairs([("CONSOLE_LISTEN", "here")]);
        let told = WebConfig::read(settings).unwrap_err().to_string();
        for name in [
            "CONSOLE_LISTEN",
            "RABBITMQ_MANAGEMENT_URL",
            "AMQP_URL",
            "DATABASE_URL",
            "SLUICE_SECRETS_KEY",
        ] {
            assert!(told.contains(name), "{told}");
        }
    }
}
