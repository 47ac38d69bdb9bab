//! The apalis backend: jobs of one kind, as they come from their queue.
//!
//! It hands out envelopes and never looks into them: what cannot be read is for the handler to say, so that nothing
//! a publisher may write can stop a worker. It never ends the worker because of the broker either; it reconnects for
//! as long as it takes, over a connection of its own (see the crate's notes).
//!
//! Deliveries are settled by [`SettleLayer`], which apalis wraps around all layers of the user.
//!
//! Whoever stops the worker stops its backend with the same token. apalis leaves a backend alone until all jobs in hand
//! are settled, which is too late to let others have what comes meanwhile.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    task::{Task, builder::TaskBuilder, task_id::TaskId},
    worker::context::WorkerContext,
};
use domain::job::{Envelope, Kind};
use failpoints::{Point, reach};
use lapin::message::Delivery;
use runtime::traces;
use tokio_util::sync::CancellationToken;

use crate::{
    config::BrokerConfig,
    consumption::{Consumption, Subscriber},
    message,
    pause::Pause,
    publisher::Publisher,
    settle::{InFlight, SettleLayer},
};

/// What to consume.
#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    /// The broker.
    pub broker: BrokerConfig,
    /// Whose queue.
    pub kind: Kind,
    /// How many jobs may be handed out and not yet settled. A little above the worker's concurrency keeps it busy.
    pub prefetch: u16,
}

/// Whether a backend has a subscription at the moment; outlives the backend.
#[derive(Debug, Clone)]
pub struct ConsumerStatus(Arc<AtomicBool>, Pause);

impl ConsumerStatus {
    /// Whether jobs can come in now.
    pub fn is_consuming(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether none are to come in.
    pub fn is_paused(&self) -> bool {
        self.1.is_set()
    }
}

/// Jobs of one kind, for an apalis worker.
pub struct RabbitBackend {
    config: ConsumerConfig,
    publisher: Publisher,
    user: String,
    consuming: Arc<AtomicBool>,
    pause: Pause,
    stop: CancellationToken,
    state: State,
}

enum State {
    Idle,
    Consuming(Consumption),
    Closed,
}

impl RabbitBackend {
    /// A backend that sends jobs around and parks them through `publisher`, and takes jobs until `stop` is cancelled, but for
    /// while `pause` is set.
    pub fn new(config: ConsumerConfig, publisher: Publisher, pause: Pause, stop: CancellationToken) -> Self {
        let user = config.broker.user().unwrap_or_default();
        Self {
            config,
            publisher,
            user,
            consuming: Arc::default(),
            pause,
            stop,
            state: State::Idle,
        }
    }

    /// A view of the subscription, for readiness.
    pub fn status(&self) -> ConsumerStatus {
        ConsumerStatus(Arc::clone(&self.consuming), self.pause.clone())
    }

    fn task(&self, mut delivery: Delivery) -> Task<Envelope> {
        let now = self.publisher.clock().now();
        let envelope = message::read(&mut delivery, self.config.kind.name(), &self.user, now);
        // Before it is kept for what follows from it: every further try goes on where the first one does.
        let envelope = traces::received(envelope);
        let id = TaskId::from_string(envelope.job_id.clone());
        // apalis counts an attempt when it begins, so it is told the number of those before.
        let earlier = usize::try_from(envelope.attempt - 1).unwrap_or(usize::MAX);
        let in_flight = InFlight::new(&delivery, envelope.clone());
        TaskBuilder::new(envelope)
            .task_id(id)
            .attempt(earlier)
            .data(in_flight)
            .build()
    }
}

impl Backend for RabbitBackend {
    type Task = Task<Envelope>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        if matches!(self.state, State::Idle) {
            let name = format!("{} {}", self.config.kind, worker.name());
            self.state = State::Consuming(Consumption::start(Subscriber {
                config: self.config.clone(),
                name,
                user: self.user.clone(),
                publisher: self.publisher.clone(),
                consuming: Arc::clone(&self.consuming),
                pause: self.pause.clone(),
                stop: self.stop.clone(),
            }));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Envelope>, Infallible>>> {
        let State::Consuming(consumption) = &mut self.state else {
            return Poll::Pending;
        };
        loop {
            let Some(delivery) = ready!(consumption.poll_next(cx)) else {
                return Poll::Ready(None);
            };
            // What came over a channel that is gone comes again over the next one.
            if delivery.acker.usable() {
                reach(Point::DeliveryReceived);
                return Poll::Ready(Some(Ok(self.task(delivery))));
            }
        }
    }

    /// Called by apalis once all that was started is settled.
    fn poll_close(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        if let State::Consuming(consumption) = &mut self.state
            && let Err(error) = ready!(Pin::new(consumption.end()).poll(cx))
        {
            tracing::error!(%error, "the subscription's task failed");
        }
        self.state = State::Closed;
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for RabbitBackend {
    type Args = Envelope;
    type Id = String;
    type Kind = Ephemeral;
    type Config = ConsumerConfig;
    type Layer = SettleLayer;

    fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> SettleLayer {
        SettleLayer::new(self.config.clone(), self.publisher.clone(), self.stop.clone())
    }
}
