//! Reading parked messages without taking them: what is not taken goes back when the post is closed, or lost.

use std::{sync::Arc, time::Duration};

use domain::{clock::Clock, dead_letter::UNROUTABLE, job::Kind};
use futures::StreamExt;
use lapin::{
    Acker, Channel, Connection, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions},
    types::FieldTable,
};

use crate::{
    config::{BrokerConfig, ConnectError},
    letters::Letter,
    topology::{self, PARKED_LOG, TopologyError, UNROUTABLE_QUEUE, dead_queue},
};

/// How long a word with the broker may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Where parked messages are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The copies of all that is parked.
    Log,
    /// The messages of a kind.
    Kind(Kind),
    /// The messages that nobody had a queue for.
    Unroutable,
}

/// The parked messages could not be read. What was not taken is still where it was.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// The broker is away, or closed the connection.
    #[error("RabbitMQ is not available: {0}")]
    Unavailable(String),
    /// The queue is gone.
    #[error("the queue is gone")]
    NoQueue,
    /// The queues are not in place.
    #[error(transparent)]
    Topology(#[from] TopologyError),
}

/// A parked message, and the means to take it.
pub struct Found {
    /// The message.
    pub letter: Letter,
    acker: Acker,
}

/// How a queue of parked messages stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Messages that were handed to nobody.
    pub waiting: u32,
    /// Who reads it, ourselves included.
    pub readers: u32,
}

/// A reader of parked messages. It may hold any number of them: each further reader of the broker's holds as many more.
pub struct LetterPost {
    connection: Connection,
    channel: Channel,
    consumer: Consumer,
    readers: u32,
    place: Place,
    user: String,
    clock: Arc<dyn Clock>,
}

impl Place {
    /// Every place at which messages are parked.
    pub fn parking() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self::Kind).chain([Self::Unroutable])
    }

    /// The place at which letters of this kind are parked, if there is one.
    pub fn named(kind: &str) -> Option<Self> {
        match kind {
            UNROUTABLE => Some(Self::Unroutable),
            kind => kind.parse().ok().map(Self::Kind),
        }
    }

    /// The kind under which its letters are kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Kind(kind) => kind.name(),
            Self::Unroutable => UNROUTABLE,
        }
    }

    fn queue(self) -> String {
        match self {
            Self::Log => PARKED_LOG.to_owned(),
            Self::Kind(kind) => dead_queue(kind),
            Self::Unroutable => UNROUTABLE_QUEUE.to_owned(),
        }
    }
}

impl LetterPost {
    /// Begins to read, with at most `prefetch` messages in hand until [`Self::widen`].
    ///
    /// # Errors
    /// The broker is away, or the queue is not in place.
    pub async fn open(
        config: &BrokerConfig,
        place: Place,
        prefetch: u16,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LettersError> {
        let connection = config.open(&format!("letters {}", place.name())).await?;
        let beginning = async {
            let channel = connection.create_channel().await?;
            let consumer = consume(&channel, &place.queue(), prefetch).await?;
            Ok::<_, lapin::Error>((channel, consumer))
        };
        let (channel, consumer) = answered(beginning).await?;
        Ok(Self {
            connection,
            channel,
            consumer,
            readers: 1,
            place,
            user: config.user().map_err(ConnectError::from)?,
            clock,
        })
    }

    /// Up to `most` messages, as soon as there is one; none when none came within `patience`.
    ///
    /// # Errors
    /// The connection is lost. All that was not taken goes back.
    pub async fn next(&mut self, most: usize, patience: Duration) -> Result<Vec<Found>, LettersError> {
        let mut found = Vec::new();
        let Ok(first) = tokio::time::timeout(patience, self.consumer.next()).await else {
            // A connection that is gone tells nothing more.
            return if self.connection.status().connected() && self.channel.status().connected() {
                Ok(found)
            } else {
                Err(LettersError::Unavailable("the connection is gone".to_owned()))
            };
        };
        found.push(self.read(first)?);
        while found.len() < most
            && let Ok(next) = tokio::time::timeout(Duration::from_millis(2), self.consumer.next()).await
        {
            found.push(self.read(next)?);
        }
        Ok(found)
    }

    fn read(&self, delivery: Option<lapin::Result<Delivery>>) -> Result<Found, LettersError> {
        let delivery = delivery.ok_or(LettersError::NoQueue)??;
        let acker = delivery.acker.clone();
        let now = self.clock.now();
        let letter = match self.place {
            Place::Log => Letter::logged(delivery, &self.user, now),
            Place::Kind(kind) => Letter::read(delivery, Some(kind), &self.user, now),
            Place::Unroutable => Letter::read(delivery, None, &self.user, now),
        };
        Ok(Found { letter, acker })
    }

    /// Holds up to `prefetch` messages more. For a reader that has all in hand that it may.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn widen(&mut self, prefetch: u16) -> Result<(), LettersError> {
        self.consumer = answered(consume(&self.channel, &self.place.queue(), prefetch)).await?;
        self.readers += 1;
        Ok(())
    }

    /// How the queue stands.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn standing(&self) -> Result<Standing, LettersError> {
        look(&self.channel, &self.place.queue()).await
    }

    /// Which of these kinds have no queue to be parked in.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn without_queue(&self, kinds: impl Iterator<Item = Kind>) -> Result<Vec<Kind>, LettersError> {
        let mut missing = Vec::new();
        for kind in kinds {
            // The broker closes the channel on which a queue was missed.
            let channel = answered(self.connection.create_channel()).await?;
            match look(&channel, &dead_queue(kind)).await {
                Err(LettersError::NoQueue) => missing.push(kind),
                Err(error) => return Err(error),
                Ok(_) => drop(channel.close(200, "done".into()).await),
            }
        }
        Ok(missing)
    }

    /// Whether nobody else reads the queue, so that what it holds is waiting or in our hands.
    pub const fn is_alone(&self, standing: Standing) -> bool {
        standing.readers == self.readers
    }

    /// Closes the post. What was not taken goes back to where it was; what was taken is surely gone.
    ///
    /// # Errors
    /// The connection is lost, and what was taken last may be there again.
    pub async fn close(self) -> Result<(), LettersError> {
        answered(self.channel.close(200, "done".into())).await?;
        // The broker has heard all of it; whether it hears our goodbye changes nothing.
        let _ = tokio::time::timeout(ANSWER_TIMEOUT, self.connection.close(200, "done".into())).await;
        Ok(())
    }
}

impl Found {
    /// Takes the message out of its queue.
    ///
    /// # Errors
    /// The connection is lost, and the message is handed out again.
    pub async fn take(&self) -> Result<(), LettersError> {
        match answered(self.acker.ack(BasicAckOptions::default())).await? {
            true => Ok(()),
            false => Err(LettersError::Unavailable("the connection is gone".to_owned())),
        }
    }
}

async fn consume(channel: &Channel, queue: &str, prefetch: u16) -> lapin::Result<Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    // An empty tag lets the broker choose one.
    let options = BasicConsumeOptions::default();
    channel
        .basic_consume(queue.into(), "".into(), options, FieldTable::default())
        .await
}

/// Waits for the broker's word, but not without end.
async fn answered<T>(asking: impl Future<Output = lapin::Result<T>>) -> Result<T, LettersError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, asking).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(LettersError::Unavailable("it does not answer".to_owned())),
    }
}

/// Puts back what somebody deleted, so that what is parked has a queue to go to.
///
/// # Errors
/// The broker is away, or something exists with other settings.
pub async fn mend(config: &BrokerConfig) -> Result<(), LettersError> {
    Ok(topology::ensure_now(config).await?)
}

/// How many messages wait at each of these places.
///
/// # Errors
/// The broker is away, or a queue is not in place.
pub async fn waiting(config: &BrokerConfig, places: &[Place]) -> Result<Vec<(Place, u32)>, LettersError> {
    let connection = config.open("letters").await?;
    let channel = answered(connection.create_channel()).await?;
    let mut waiting = Vec::new();
    for place in places {
        waiting.push((*place, look(&channel, &place.queue()).await?.waiting));
    }
    // The answer is known; whether the broker hears our goodbye changes nothing.
    let _ = tokio::time::timeout(ANSWER_TIMEOUT, connection.close(200, "done".into())).await;
    Ok(waiting)
}

async fn look(channel: &Channel, queue: &str) -> Result<Standing, LettersError> {
    let looking = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let declared = answered(channel.queue_declare(queue.into(), looking, FieldTable::default())).await?;
    Ok(Standing {
        waiting: declared.message_count(),
        readers: declared.consumer_count(),
    })
}

impl From<ConnectError> for LettersError {
    fn from(error: ConnectError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<lapin::Error> for LettersError {
    fn from(error: lapin::Error) -> Self {
        if topology::is_missing(&error) {
            return Self::NoQueue;
        }
        Self::Unavailable(error.to_string())
    }
}
