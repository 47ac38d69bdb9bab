//! The machinery of confirmed publishing, shared by [`Publisher`](crate::Publisher) and [`Caller`](crate::Caller).
//!
//! A line is one connection, kept up forever by a task of its own, with a few *lanes*: channels that each take
//! whatever is queued, up to a window, publish it all and await all confirms. A lonely message costs one round trip;
//! many callers share windows, so throughput does not depend on how many confirms one caller awaits.
//!
//! Nothing is ever reported as published without the broker's confirmation. The reverse does not hold: a message that
//! is reported as unavailable may have been published all the same, and is then published twice when the caller tries
//! again.

mod lane;
mod window;

use std::{sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use lapin::{BasicProperties, Connection, Consumer, Event, types::ShortString};
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinSet,
    time::Instant,
};

use crate::config::{BrokerConfig, Patience};

/// How long publishing may take and how much of it happens at once.
#[derive(Debug, Clone, Copy)]
pub struct PublishLimits {
    /// After this a publish is given up, whatever the reason.
    pub deadline: Duration,
    /// How much of that is spent waiting for a connection to come up.
    pub patience: Duration,
    /// Channels publishing in turn.
    pub lanes: usize,
    /// Messages one channel publishes before it awaits their confirms.
    pub window: usize,
}

impl Default for PublishLimits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            patience: Duration::from_secs(1),
            lanes: 2,
            window: 128,
        }
    }
}

/// The message is not known to be published.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum PublishError {
    /// The broker did not take it: try again later. It may have been published all the same.
    #[error("the broker did not confirm the message: {0}")]
    Unavailable(String),
    /// There is no queue for it.
    #[error("the broker has no queue for the message: {0}")]
    Unroutable(String),
    /// It cannot be written as an AMQP message, so trying again is useless.
    #[error("the message cannot be sent: {0}")]
    Malformed(String),
}

impl PublishError {
    fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable(why.into())
    }
}

/// A message with its address.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub exchange: &'static str,
    pub routing_key: ShortString,
    /// Whether the broker has to tell when no queue takes it.
    pub mandatory: bool,
    /// The `message_id` among the properties.
    pub id: Option<ShortString>,
    pub properties: BasicProperties,
    pub body: Vec<u8>,
}

/// A message on its way, and who waits for the verdict.
struct Request {
    outgoing: Outgoing,
    until: Instant,
    verdict: oneshot::Sender<Result<(), PublishError>>,
}

/// Whether the line can be published on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Link {
    Down,
    Up,
    /// The broker ran short of memory or disk and stopped reading from us.
    Blocked(String),
}

/// Who receives the answers when jobs are published with direct reply-to: one consumer per lane.
pub(crate) type OnReplies = Arc<dyn Fn(Consumer) + Send + Sync>;

/// A connection for confirmed publishing. Ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    requests: mpsc::Sender<Request>,
    link: watch::Receiver<Link>,
    limits: PublishLimits,
}

impl Line {
    /// Starts connecting, and keeps at it.
    pub(crate) fn start(
        config: BrokerConfig,
        role: &'static str,
        limits: PublishLimits,
        on_replies: Option<OnReplies>,
    ) -> Self {
        let (requests, queue) = mpsc::channel(4 * limits.window * limits.lanes);
        let (link_up, link) = watch::channel(Link::Down);
        let lanes = lane::Lanes {
            queue: Arc::new(Mutex::new(queue)),
            limits,
            on_replies,
        };
        tokio::spawn(keep_up(config, role, lanes, link_up));
        Self {
            requests,
            link,
            limits,
        }
    }

    /// Publishes one message and awaits the verdict.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<(), PublishError> {
        let until = Instant::now() + self.limits.deadline;
        let mut link = self.link.clone();
        self.await_link(&mut link).await?;
        let (verdict, awaited) = oneshot::channel();
        let settled = async {
            let sent = self
                .requests
                .send(Request {
                    outgoing,
                    until,
                    verdict,
                })
                .await;
            sent.map_err(|_| PublishError::unavailable("the publisher was stopped"))?;
            awaited
                .await
                .unwrap_or_else(|_| Err(PublishError::unavailable("the connection was lost")))
        };
        tokio::select! {
            biased;
            settled = settled => settled,
            blocked = blocked(&mut link) => Err(blocked),
            () = tokio::time::sleep_until(until) => Err(PublishError::unavailable("no confirmation in time")),
        }
    }

    /// Whether a publish has a chance now.
    pub(crate) fn is_ready(&self) -> bool {
        *self.link.borrow() == Link::Up
    }

    async fn await_link(&self, link: &mut watch::Receiver<Link>) -> Result<(), PublishError> {
        let known = link.wait_for(|link| *link != Link::Down);
        match tokio::time::timeout(self.limits.patience.min(self.limits.deadline), known).await {
            Ok(Ok(link)) => match &*link {
                Link::Blocked(why) => Err(refusing(why)),
                Link::Up | Link::Down => Ok(()),
            },
            Ok(Err(_)) => Err(PublishError::unavailable("the publisher was stopped")),
            Err(_) => Err(PublishError::unavailable("there is no connection to it")),
        }
    }
}

async fn blocked(link: &mut watch::Receiver<Link>) -> PublishError {
    let blocked = link.wait_for(|link| matches!(link, Link::Blocked(_))).await;
    match blocked.as_deref() {
        Ok(Link::Blocked(why)) => refusing(why),
        Ok(Link::Up | Link::Down) | Err(_) => PublishError::unavailable("the publisher was stopped"),
    }
}

fn refusing(why: &str) -> PublishError {
    PublishError::unavailable(format!("it accepts no messages at the moment ({why})"))
}

/// Connects, runs the lanes until the connection is lost, and begins again, for as long as somebody may publish.
async fn keep_up(config: BrokerConfig, role: &'static str, lanes: lane::Lanes, link: watch::Sender<Link>) {
    let mut patience = Patience::new();
    while !link.is_closed() {
        match config.open(role).await {
            Ok(connection) => {
                patience = Patience::new();
                tracing::info!(role, "connected to RabbitMQ");
                serve(connection, &lanes, &link).await;
                let _ = link.send(Link::Down);
            }
            Err(error) => {
                tracing::warn!(role, %error, "no connection to RabbitMQ");
                tokio::select! {
                    () = patience.wait() => {}
                    () = link.closed() => {}
                }
            }
        }
    }
}

/// Runs the lanes until the connection is lost or nobody is left to publish.
async fn serve(connection: Connection, lanes: &lane::Lanes, link: &watch::Sender<Link>) {
    let mut events = Box::pin(connection.events_listener());
    let connection = Arc::new(connection);
    let mut running = JoinSet::new();
    for _ in 0..lanes.limits.lanes {
        running.spawn(lanes.clone().run(Arc::clone(&connection), link.subscribe()));
    }
    let _ = link.send(Link::Up);
    // The events tell at once; looking now and then is for what they might miss.
    let mut check = tokio::time::interval(Duration::from_millis(500));
    while connection.status().connected() {
        tokio::select! {
            event = next_event(&mut events) => note(event, link),
            _ = check.tick() => {}
            // A lane ends when the connection is lost, or when nobody is left who could ask.
            _ = running.join_next() => break,
        }
    }
    running.shutdown().await;
    // Either it is closed already, or nobody is left who could care.
    let _ = tokio::time::timeout(Duration::from_secs(2), connection.close(200, "done".into())).await;
}

async fn next_event(events: &mut (impl Stream<Item = Event> + Unpin)) -> Event {
    match events.next().await {
        Some(event) => event,
        None => std::future::pending().await,
    }
}

fn note(event: Event, link: &watch::Sender<Link>) {
    match event {
        Event::ConnectionBlocked(why) => {
            tracing::warn!(why, "RabbitMQ accepts no messages");
            let _ = link.send(Link::Blocked(why));
        }
        Event::ConnectionUnblocked => {
            tracing::info!("RabbitMQ accepts messages again");
            let _ = link.send(Link::Up);
        }
        other => tracing::debug!(event = ?other, "RabbitMQ connection"),
    }
}
