//! How to reach the broker.

use std::time::Duration;

use domain::secret::Secret;
use lapin::{Connection, ConnectionProperties, uri::AMQPUri};

/// Beyond this a dead connection is noticed, in seconds. The broker's own default of a minute is too long to answer
/// callers honestly.
const HEARTBEAT_S: u16 = 10;

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach the broker.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// `amqp://user:password@host:port/vhost`, or `amqps://` for TLS. The vhost is percent-encoded: `%2f` is `/`.
    pub url: Secret,
    /// What the broker's own pages call our connections.
    pub connection_name: String,
    /// The unit that retry delays are counted in: one second, except in rehearsals.
    pub retry_unit: Duration,
}

/// The address of the broker cannot be read. Does not repeat it, as it holds the password.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error(
    "expected amqp://user:password@host:port/vhost (or amqps://), with / in the vhost written as %2f: {0}"
)]
pub struct InvalidUrl(String);

impl BrokerConfig {
    /// Checks the address without connecting, so that a bad setting stops a process at once.
    ///
    /// # Errors
    /// Says what is wrong with the address.
    pub fn check(&self) -> Result<(), InvalidUrl> {
        self.uri().map(drop)
    }

    /// The user we are to the broker: the value of `user_id` on all we publish.
    pub(crate) fn user(&self) -> Result<String, InvalidUrl> {
        Ok(self.uri()?.authority.userinfo.username)
    }

    /// Opens a connection; `role` says what it is for.
    pub(crate) async fn open(&self, role: &str) -> Result<Connection, ConnectError> {
        let uri = self.uri()?;
        let name = format!("{} {role}", self.connection_name);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = Connection::connect_uri(uri, properties);
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(ConnectError::TimedOut),
        }
    }

    fn uri(&self) -> Result<AMQPUri, InvalidUrl> {
        let mut uri: AMQPUri = self.url.expose().parse().map_err(InvalidUrl)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        Ok(uri)
    }
}

/// No connection could be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("the broker's address is invalid")]
    Url(#[from] InvalidUrl),
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    #[error("the broker did not answer within {} s", CONNECT_TIMEOUT.as_secs())]
    TimedOut,
}

impl ConnectError {
    /// Whether the broker answered and turned us away, which no amount of waiting mends.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Url(_) => true,
            Self::Broker(error) => refused(error),
            Self::TimedOut => false,
        }
    }
}

/// Wrong credentials, no such vhost, or no permission.
pub(crate) fn refused(error: &lapin::Error) -> bool {
    let lapin::ErrorKind::ProtocolError(error) = error.kind() else {
        return false;
    };
    matches!(error.get_id(), 403 | 530)
}

/// Waits between attempts to reach the broker: doubling from 100 ms to 5 s.
#[derive(Debug)]
pub(crate) struct Patience(Duration);

impl Patience {
    pub(crate) const fn new() -> Self {
        Self(Duration::from_millis(100))
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Duration::from_secs(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> BrokerConfig {
        BrokerConfig {
            url: Secret::new(url),
            connection_name: "test".into(),
            retry_unit: Duration::from_secs(1),
        }
    }

    #[test]
    fn reads_the_user_from_the_address() {
        assert_eq!(
            config("amqp://a%40b:secret@localhost:5672/%2f").user().unwrap(),
            "a@b"
        );
    }

    #[test]
    fn a_bad_address_is_refused_without_being_repeated() {
        for bad in [
            "",
            "localhost",
            "http://user:hunter2@localhost/",
            "amqp://user:hunter2@local host/",
        ] {
            let refusal = config(bad).check().unwrap_err().to_string();
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }
}
