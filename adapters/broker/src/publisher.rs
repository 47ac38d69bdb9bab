//! Publishing jobs, retries, dead letters and replies, each confirmed by the broker before it counts.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use domain::{
    clock::{Clock, SystemClock},
    job::{Envelope, Kind},
    outcome::Reason,
};
use failpoints::{Point, reach};

use crate::{
    config::BrokerConfig,
    ladder::{RetryLadder, Tier},
    line::{Line, Outgoing, PublishError, PublishLimits},
    message::Writer,
};

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Into the queue of its kind.
    Jobs,
    /// Into the queue of its kind, after a delay: on average this long.
    Retry {
        /// How long to wait.
        delay: Duration,
    },
    /// Into the dead-letter queue of its kind.
    Dead {
        /// Why, for the people who find it there.
        reason: Reason,
    },
    /// To whoever waits for the answer: the envelope's `reply_to`. Neither persistent nor missed when nobody waits.
    Reply,
}

impl Target {
    const fn name(&self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Retry { .. } => "retry",
            Self::Dead { .. } => "dead",
            Self::Reply => "reply",
        }
    }
}

/// Publishes messages over one connection that it keeps up by itself. Cheap to clone; all clones share it.
///
/// Replies go over a second one, opened with the first of them. Their address comes with the request, so it may be
/// anybody's invention, and brokers cut the connection over an address they cannot make sense of. What is lost then are
/// replies, never a job, a retry or a dead letter.
#[derive(Clone)]
pub struct Publisher {
    inner: Arc<Inner>,
}

struct Inner {
    line: Line,
    replies: OnceLock<Line>,
    config: BrokerConfig,
    limits: PublishLimits,
    writer: Writer,
    ladder: RetryLadder,
    clock: Arc<dyn Clock>,
}

impl Inner {
    fn replies(&self) -> &Line {
        self.replies
            .get_or_init(|| Line::start(self.config.clone(), "replies", self.limits, None))
    }
}

impl Publisher {
    /// Starts connecting and keeps at it for as long as the publisher lives. Must be called within a Tokio runtime.
    ///
    /// An address that cannot be read leaves it without a connection: see [`BrokerConfig::check`].
    pub fn connect(config: BrokerConfig) -> Self {
        Self::connect_with(config, PublishLimits::default(), Arc::new(SystemClock))
    }

    /// Like [`Publisher::connect`], with other limits and another clock.
    pub fn connect_with(config: BrokerConfig, limits: PublishLimits, clock: Arc<dyn Clock>) -> Self {
        let writer = Writer::new(config.user().unwrap_or_default());
        let ladder = RetryLadder::new(config.retry_unit);
        let line = Line::start(config.clone(), "publisher", limits, None);
        Self {
            inner: Arc::new(Inner {
                line,
                replies: OnceLock::new(),
                config,
                limits,
                writer,
                ladder,
                clock,
            }),
        }
    }

    /// Publishes one message and returns once the broker has confirmed it.
    ///
    /// # Errors
    /// See [`PublishError`]; an unavailable broker is reported within the deadline, and at once while it is out of
    /// memory or disk.
    pub async fn publish(&self, target: Target, envelope: &Envelope) -> Result<(), PublishError> {
        let name = target.name();
        match target {
            Target::Reply => {
                self.send_on(self.inner.replies(), name, self.write(target, envelope))
                    .await
            }
            Target::Jobs | Target::Retry { .. } | Target::Dead { .. } => {
                self.send(name, self.write(target, envelope)).await
            }
        }
    }

    /// Answers a request: `body` goes to whoever waits for it.
    ///
    /// # Errors
    /// As [`Publisher::publish`]; also when nobody asked for an answer.
    pub async fn reply(&self, request: &Envelope, body: Vec<u8>) -> Result<(), PublishError> {
        reach(Point::ReplyBeforeSend);
        let answer = Envelope {
            body,
            ..request.clone()
        };
        self.publish(Target::Reply, &answer).await?;
        reach(Point::ReplySent);
        Ok(())
    }

    /// Whether a message has a chance of being published now: connected, and the broker takes messages.
    pub fn is_ready(&self) -> bool {
        self.inner.line.is_ready()
    }

    pub(crate) fn ladder(&self) -> &RetryLadder {
        &self.inner.ladder
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Sends a job of the queue of `kind` around, whatever kind the message itself claims to be.
    pub(crate) async fn retry(
        &self,
        envelope: &Envelope,
        kind: Kind,
        tier: Tier,
        why: &Reason,
    ) -> Result<(), PublishError> {
        self.send(
            "retry",
            self.inner.writer.retry(envelope, kind.name(), tier, Some(why)),
        )
        .await
    }

    /// Parks a job of the queue of `kind`, whatever kind the message itself claims to be.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub async fn park(&self, envelope: &Envelope, kind: Kind, why: &Reason) -> Result<(), PublishError> {
        let now = self.inner.clock.now();
        self.send("dead", self.inner.writer.dead(envelope, kind.name(), why, now))
            .await
    }

    /// Sends a parked job back into the queue of `kind`, whatever kind the message itself claims to be, as its next try.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub async fn replay(&self, parked: &Envelope, kind: Kind) -> Result<(), PublishError> {
        self.send("jobs", self.inner.writer.job_of(kind, &parked.replayed()))
            .await
    }

    async fn send(
        &self,
        target: &'static str,
        outgoing: Result<Outgoing, PublishError>,
    ) -> Result<(), PublishError> {
        self.send_on(&self.inner.line, target, outgoing).await
    }

    async fn send_on(
        &self,
        line: &Line,
        target: &'static str,
        outgoing: Result<Outgoing, PublishError>,
    ) -> Result<(), PublishError> {
        let published = match outgoing {
            Ok(outgoing) => line.send(outgoing).await,
            Err(error) => Err(error),
        };
        count(target, &published);
        published
    }

    fn write(&self, target: Target, envelope: &Envelope) -> Result<Outgoing, PublishError> {
        let writer = &self.inner.writer;
        match target {
            Target::Jobs => writer.job(envelope),
            Target::Retry { delay } => {
                writer.retry(envelope, &envelope.kind, self.inner.ladder.tier_for(delay), None)
            }
            Target::Dead { reason } => writer.dead(envelope, &envelope.kind, &reason, self.inner.clock.now()),
            Target::Reply => writer.reply(envelope),
        }
    }
}

pub(crate) fn count(target: &'static str, published: &Result<(), PublishError>) {
    let outcome = match published {
        Ok(()) => "confirmed",
        Err(PublishError::Unavailable(_)) => "unavailable",
        Err(PublishError::Unroutable(_)) => "unroutable",
        Err(PublishError::Malformed(_)) => "malformed",
    };
    metrics::counter!("sluice_messages_published_total", "target" => target, "outcome" => outcome)
        .increment(1);
}
