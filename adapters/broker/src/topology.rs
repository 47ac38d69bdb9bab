//! The exchanges and queues, declared in one place from the job contracts.
//!
//! | Name | What it is |
//! |---|---|
//! | exchange `jobs` (topic) | where upstream systems publish jobs, and where retried jobs come back; routing key = kind |
//! | exchange `retry` (headers) | spreads jobs over the delay tiers by header `delay`, leaving the routing key alone |
//! | exchange `dead` (topic) | jobs given up; routing key = kind |
//! | exchange `unrouted` (fanout) | the alternate of `jobs` and `dead`: whatever has no queue of its own |
//! | exchange `events` (topic) | past-tense events for upstream systems that subscribe |
//! | queue `jobs.<kind>` | jobs to do; dead-letters to `dead` under the kind |
//! | queue `retry.<delay>` | jobs that wait; expires to `jobs` under their own routing key |
//! | queue `dead.<kind>` | jobs parked for people |
//! | queue `dead.unroutable` | messages of a kind nobody knows |
//! | queue `parked.log` | a copy of each message that is parked, until it is written down |
//!
//! All queues are quorum queues and everything is durable. Queues that pass messages on do so at least once, which
//! obliges them to refuse publishes when full rather than drop.
//!
//! **Why our own jobs do not pass through `jobs`.** A publisher of ours must hear when its job has no queue, and an
//! upstream job of an unknown kind must not vanish when upstream forgot to ask for that. One exchange cannot do both:
//! with an alternate exchange nothing is ever returned as unroutable, without one an unknown kind is dropped. So
//! `jobs` has the alternate, and our publishers address the queue itself through the default exchange, which has none.

use std::time::Duration;

use domain::job::Kind;
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::{
    config::{BrokerConfig, ConnectError, Patience, refused},
    ladder::{RetryLadder, Tier},
};

/// How often the broker hands out a job whose worker dies with it before it gives the job up itself. The default
/// from RabbitMQ 4.0 on; earlier versions have none.
pub const DELIVERY_LIMIT: u32 = 20;

/// Where upstream systems publish and retried jobs come back.
pub const JOBS: &str = "jobs";
/// Spreads jobs over the delay tiers.
pub const RETRY: &str = "retry";
/// Takes the jobs given up.
pub const DEAD: &str = "dead";
/// Takes past-tense events.
pub const EVENTS: &str = "events";
/// Where messages of unknown kinds are parked.
pub const UNROUTABLE_QUEUE: &str = "dead.unroutable";

/// Where a copy of each parked message waits to be written down.
pub const PARKED_LOG: &str = "parked.log";

const UNROUTED: &str = "unrouted";

/// How long declaring everything may take; a broker under load makes a queue in tens of milliseconds.
const DECLARE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long closing a connection may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

/// The header that the `retry` exchange routes by.
pub(crate) const DELAY_HEADER: &str = "delay";

/// How often a parked message may be handed out: as often as people like to look at it.
const LOOKS_AT_A_PARKED_MESSAGE: i64 = 1_000_000_000;

/// How often a copy in the log may be handed out. One that the AMQP library cannot read takes the connection down each time,
/// and must not hold up the others for ever: the message itself stays parked.
const LOOKS_AT_A_COPY: i64 = 100;

/// The queue of the jobs of a kind.
pub fn jobs_queue(kind: Kind) -> String {
    queue_of(JOBS, kind.name())
}

/// The queue of the jobs of a kind that were given up.
pub fn dead_queue(kind: Kind) -> String {
    queue_of(DEAD, kind.name())
}

pub(crate) fn queue_of(exchange: &str, key: &str) -> String {
    format!("{exchange}.{key}")
}

/// The topology is not in place.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// It exists, but not as we need it.
    #[error(
        "{what} exists with other settings; delete it (when empty) or move its messages first. RabbitMQ says: {said}"
    )]
    Mismatch {
        /// The queue or exchange.
        what: String,
        /// The broker's own words, which name the setting.
        said: String,
    },
    /// The broker turned us away: wrong credentials, no such vhost or no permission.
    #[error("RabbitMQ refused: {0}")]
    Refused(String),
    /// The broker could not be asked.
    #[error("RabbitMQ could not be reached: {0}")]
    Unreachable(String),
}

/// Waits until the broker answers and puts the topology in place. Processes call this at start and stop on an error.
///
/// # Errors
/// Fails when something exists with other settings, or when the broker refuses us. Never because it is unreachable.
pub async fn ensure(config: &BrokerConfig) -> Result<(), TopologyError> {
    let mut patience = Patience::new();
    loop {
        match ensure_now(config).await {
            Err(TopologyError::Unreachable(why)) => {
                tracing::warn!(why, "waiting for RabbitMQ");
                patience.wait().await;
            }
            settled => return settled,
        }
    }
}

/// Puts the topology in place over a connection of its own, or says at once why not.
pub(crate) async fn ensure_now(config: &BrokerConfig) -> Result<(), TopologyError> {
    let connection = config.open("topology").await?;
    let declaring = async {
        let channel = connection.create_channel().await?;
        declare(&channel, &RetryLadder::new(config.retry_unit)).await
    };
    let late = |_| TopologyError::Unreachable("it answers too slowly".to_owned());
    let declared = tokio::time::timeout(DECLARE_TIMEOUT, declaring)
        .await
        .map_err(late);
    // The answer is known; whether the broker hears our goodbye changes nothing.
    let _ = tokio::time::timeout(GOODBYE_TIMEOUT, connection.close(200, "done".into())).await;
    declared?
}

/// Puts the topology in place. Declaring what already exists as it should be changes nothing.
///
/// # Errors
/// Names the queue or exchange that exists with other settings. The channel is closed by the broker in that case.
pub async fn declare(channel: &Channel, ladder: &RetryLadder) -> Result<(), TopologyError> {
    let declaring = Declaring { channel };
    declaring.exchanges().await?;
    declaring.queue(UNROUTABLE_QUEUE, Arguments::parking()).await?;
    declaring
        .bind(UNROUTABLE_QUEUE, UNROUTED, "", FieldTable::default())
        .await?;
    declaring.queue(PARKED_LOG, Arguments::logging()).await?;
    declaring
        .bind(PARKED_LOG, UNROUTED, "", FieldTable::default())
        .await?;
    for kind in Kind::ALL {
        declaring.kind(kind).await?;
    }
    for tier in ladder.tiers() {
        declaring.tier(*tier).await?;
    }
    Ok(())
}

struct Declaring<'a> {
    channel: &'a Channel,
}

impl Declaring<'_> {
    async fn exchanges(&self) -> Result<(), TopologyError> {
        let alternate = Arguments::empty().with("alternate-exchange", text(UNROUTED));
        self.exchange(UNROUTED, ExchangeKind::Fanout, Arguments::empty())
            .await?;
        self.exchange(JOBS, ExchangeKind::Topic, alternate.clone())
            .await?;
        self.exchange(DEAD, ExchangeKind::Topic, alternate).await?;
        self.exchange(RETRY, ExchangeKind::Headers, Arguments::empty())
            .await?;
        self.exchange(EVENTS, ExchangeKind::Topic, Arguments::empty())
            .await
    }

    async fn kind(&self, kind: Kind) -> Result<(), TopologyError> {
        let name = kind.name();
        self.queue(&dead_queue(kind), Arguments::parking()).await?;
        self.bind(&dead_queue(kind), DEAD, name, FieldTable::default())
            .await?;
        // By kind, not all at once: what has no queue to be parked in must not count as delivered.
        self.bind(PARKED_LOG, DEAD, name, FieldTable::default()).await?;
        let arguments = Arguments::quorum()
            .passing_on_to(DEAD)
            .with("x-dead-letter-routing-key", text(name))
            .with("x-delivery-limit", AMQPValue::LongLongInt(DELIVERY_LIMIT.into()));
        self.queue(&jobs_queue(kind), arguments).await?;
        self.bind(&jobs_queue(kind), JOBS, name, FieldTable::default())
            .await
    }

    async fn tier(&self, tier: Tier) -> Result<(), TopologyError> {
        let arguments = Arguments::quorum()
            .passing_on_to(JOBS)
            .with("x-message-ttl", AMQPValue::LongLongInt(tier.delay_ms().into()));
        self.queue(&tier.queue(), arguments).await?;
        let by_delay = Arguments::empty()
            .with("x-match", text("all"))
            .with(DELAY_HEADER, text(&tier.label()));
        self.bind(&tier.queue(), RETRY, "", by_delay.0).await
    }

    async fn exchange(
        &self,
        name: &str,
        kind: ExchangeKind,
        arguments: Arguments,
    ) -> Result<(), TopologyError> {
        let options = ExchangeDeclareOptions {
            durable: true,
            ..Default::default()
        };
        let declared = self
            .channel
            .exchange_declare(name.into(), kind, options, arguments.0)
            .await;
        declared.map_err(|error| TopologyError::about(&format!("exchange {name}"), &error))
    }

    async fn queue(&self, name: &str, arguments: Arguments) -> Result<(), TopologyError> {
        let declared = self
            .channel
            .queue_declare(name.into(), QueueDeclareOptions::durable(), arguments.0)
            .await;
        declared
            .map(drop)
            .map_err(|error| TopologyError::about(&format!("queue {name}"), &error))
    }

    async fn bind(
        &self,
        queue: &str,
        exchange: &str,
        key: &str,
        by: FieldTable,
    ) -> Result<(), TopologyError> {
        let options = QueueBindOptions::default();
        let bound = self
            .channel
            .queue_bind(queue.into(), exchange.into(), key.into(), options, by)
            .await;
        bound.map_err(|error| TopologyError::about(&format!("binding of {queue} to {exchange}"), &error))
    }
}

#[derive(Clone)]
struct Arguments(FieldTable);

impl Arguments {
    fn empty() -> Self {
        Self(FieldTable::default())
    }

    fn quorum() -> Self {
        Self::empty().with("x-queue-type", text("quorum"))
    }

    /// For what waits for people. Looking at a message in the broker's pages hands it out and takes it back, which
    /// RabbitMQ counts as a delivery; from 4.0 a queue without a limit of its own drops a message at the twentieth.
    fn parking() -> Self {
        Self::quorum().with(
            "x-delivery-limit",
            AMQPValue::LongLongInt(LOOKS_AT_A_PARKED_MESSAGE),
        )
    }

    fn logging() -> Self {
        Self::quorum().with("x-delivery-limit", AMQPValue::LongLongInt(LOOKS_AT_A_COPY))
    }

    /// At-least-once dead-lettering needs the queue to refuse, not drop, when it is full.
    fn passing_on_to(self, exchange: &str) -> Self {
        self.with("x-dead-letter-exchange", text(exchange))
            .with("x-dead-letter-strategy", text("at-least-once"))
            .with("x-overflow", text("reject-publish"))
    }

    fn with(mut self, name: &str, value: AMQPValue) -> Self {
        self.0.insert(ShortString::from(name), value);
        self
    }
}

/// Whether the broker has no such queue.
pub(crate) fn is_missing(error: &lapin::Error) -> bool {
    matches!(error.kind(), lapin::ErrorKind::ProtocolError(error) if error.get_id() == 404)
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

impl TopologyError {
    fn about(what: &str, error: &lapin::Error) -> Self {
        if let lapin::ErrorKind::ProtocolError(refusal) = error.kind()
            && refusal.get_id() == 406
        {
            return Self::Mismatch {
                what: what.to_owned(),
                said: refusal.get_message().to_string(),
            };
        }
        if refused(error) {
            return Self::Refused(format!("{what}: {error}"));
        }
        Self::Unreachable(format!("{what}: {error}"))
    }
}

impl From<ConnectError> for TopologyError {
    fn from(error: ConnectError) -> Self {
        if error.is_refusal() {
            Self::Refused(error.to_string())
        } else {
            Self::Unreachable(error.to_string())
        }
    }
}

impl From<lapin::Error> for TopologyError {
    fn from(error: lapin::Error) -> Self {
        Self::from(ConnectError::from(error))
    }
}
