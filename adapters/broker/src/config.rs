//! How to reach the broker.

use std::time::Duration;

use domain::secret::Secret;
use lapin::{Connection, ConnectionProperties, uri::AMQPUri};

use crate::nodes::{InvalidUrl, Nodes};

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The same where there is another node to try: one that hangs must not hold up what the others can do.
const CONNECT_TIMEOUT_OF_SEVERAL: Duration = Duration::from_secs(3);

/// The longest wait between two attempts to reach the broker: work goes on within moments of its return.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How to reach the broker.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// `amqp://user:password@host:port/vhost`, or `amqps://` for TLS. The vhost is percent-encoded: `%2f` is `/`. For a
    /// cluster the addresses of its nodes, separated by commas; each connection takes the first that answers.
    pub url: Secret,
    /// What the broker's own pages call our connections.
    pub connection_name: String,
    /// The unit that retry delays are counted in: one second, except in rehearsals.
    pub retry_unit: Duration,
}

impl BrokerConfig {
    /// Checks the address without connecting, so that a bad setting stops a process at once.
    ///
    /// # Errors
    /// Says what is wrong with the address.
    pub fn check(&self) -> Result<(), InvalidUrl> {
        Nodes::read(&self.url).map(drop)
    }

    /// The user we are to the broker: the value of `user_id` on all we publish.
    pub(crate) fn user(&self) -> Result<String, InvalidUrl> {
        Ok(Nodes::read(&self.url)?.user().to_owned())
    }

    /// Opens a connection to whichever node answers first; `role` says what it is for.
    pub(crate) async fn open(&self, role: &str) -> Result<Connection, ConnectError> {
        let nodes = Nodes::read(&self.url)?;
        let timeout = if nodes.are_several() {
            CONNECT_TIMEOUT_OF_SEVERAL
        } else {
            CONNECT_TIMEOUT
        };
        let mut away = Vec::new();
        for node in nodes.starting_anywhere() {
            let authority = &node.authority;
            let address = format!("{}:{}", authority.host, authority.port);
            match self.open_at(node, role, timeout).await {
                Ok(connection) => return Ok(connection),
                // The nodes share their users: where one refuses us the others would, too.
                Err(error) if error.is_refusal() => return Err(error),
                Err(error) => away.push(format!("{address}: {error}")),
            }
        }
        Err(ConnectError::Away(away.join("; ")))
    }

    async fn open_at(
        &self,
        node: AMQPUri,
        role: &str,
        timeout: Duration,
    ) -> Result<Connection, ConnectError> {
        let name = format!("{} {role}", self.connection_name);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = Connection::connect_uri(node, properties);
        match tokio::time::timeout(timeout, connecting).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(ConnectError::TimedOut(timeout)),
        }
    }
}

/// No connection could be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("the broker's address is invalid")]
    Url(#[from] InvalidUrl),
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("no node answers: {0}")]
    Away(String),
}

impl ConnectError {
    /// Whether the broker answered and turned us away, which no amount of waiting mends.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Url(_) => true,
            Self::Broker(error) => refused(error),
            Self::TimedOut(_) | Self::Away(_) => false,
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

/// Waits between attempts to reach the broker: doubling from 100 ms to [`LONGEST_WAIT`].
#[derive(Debug)]
pub(crate) struct Patience(Duration);

impl Patience {
    pub(crate) const fn new() -> Self {
        Self(Duration::from_millis(100))
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_WAIT);
    }
}
