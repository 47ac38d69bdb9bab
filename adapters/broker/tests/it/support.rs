//! What the tests share: a vhost with the topology in it, envelopes, and workers around a closure.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use apalis::{
    layers::WorkerBuilderExt,
    prelude::{BoxDynError, WorkerBuilder, WorkerContext, WorkerError},
};
use broker::{
    BrokerConfig, ConsumerConfig, Pause, PublishError, Publisher, RabbitBackend, Target, testing::TestVhost,
    topology,
};
use domain::{
    clock::{Clock, SystemClock},
    job::{Envelope, Kind},
    outcome::{Disposition, ErrorClass, Reason},
};
use futures::future::join_all;
use lapin::{Channel, Connection, ConnectionProperties, options::QueueDeclareOptions, types::FieldTable};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const UNIT: Duration = Duration::from_millis(100);
pub const KIND: Kind = Kind::CreateIntent;

/// Publishes at once; the verdicts come in the same order.
pub async fn publish_all(
    publisher: &Publisher,
    batch: impl Iterator<Item = (Target, Envelope)>,
) -> Vec<Result<(), PublishError>> {
    join_all(batch.map(async |(target, envelope)| publisher.publish(target, &envelope).await)).await
}

/// A vhost with everything declared in it.
pub struct House {
    pub vhost: TestVhost,
    pub config: BrokerConfig,
}

impl House {
    pub async fn build() -> Self {
        let vhost = TestVhost::create().await;
        let config = vhost.config(UNIT);
        topology::ensure(&config).await.unwrap();
        Self { vhost, config }
    }

    pub fn publisher(&self) -> Publisher {
        Publisher::connect(self.config.clone())
    }

    pub async fn channel(&self) -> (Connection, Channel) {
        let url = self.config.url.expose();
        let connection = Connection::connect(url, ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    /// How many messages wait in a queue. Exact, unlike what the management pages show.
    pub async fn depth(&self, queue: &str) -> u32 {
        let (connection, channel) = self.channel().await;
        let passive = QueueDeclareOptions {
            passive: true,
            durable: true,
            ..Default::default()
        };
        let depth = channel
            .queue_declare(queue.into(), passive, FieldTable::default())
            .await
            .unwrap()
            .message_count();
        connection.close(200, "done".into()).await.unwrap();
        depth
    }

    pub async fn until_depth(&self, queue: &str, depth: u32) {
        eventually(&format!("{depth} messages in {queue}"), async || {
            self.depth(queue).await == depth
        })
        .await;
    }

    /// Starts a worker around `handle`.
    pub fn work<H, F>(&self, concurrency: usize, handle: H) -> Worker
    where
        H: Fn(Envelope) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Disposition, BoxDynError>> + Send + 'static,
    {
        let prefetch = u16::try_from(concurrency).unwrap() + 2;
        let consumer = ConsumerConfig {
            broker: self.config.clone(),
            kind: KIND,
            prefetch,
        };
        let (pause, stop) = (Pause::default(), CancellationToken::new());
        let backend = RabbitBackend::new(consumer, self.publisher(), pause.clone(), stop.clone());
        let status = backend.status();
        let worker = WorkerBuilder::new("test")
            .backend(backend)
            .concurrency(concurrency)
            .catch_panic()
            .build(move |envelope: Envelope, _: WorkerContext| handle(envelope));
        let stopped = stop.clone().cancelled_owned();
        let task = tokio::spawn(worker.run_until(async {
            stopped.await;
            Ok::<(), WorkerError>(())
        }));
        Worker {
            pause,
            stop,
            task,
            status,
        }
    }
}

pub struct Worker {
    pub pause: Pause,
    pub stop: CancellationToken,
    pub task: JoinHandle<Result<(), WorkerError>>,
    pub status: broker::ConsumerStatus,
}

impl Worker {
    /// Stops it as SIGTERM would, and waits until it has.
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

/// What handlers saw.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<Envelope>>>);

impl Seen {
    /// Notes one and says how many there are now.
    pub fn note(&self, envelope: Envelope) -> usize {
        let mut seen = self.0.lock().unwrap();
        seen.push(envelope);
        seen.len()
    }

    pub fn all(&self) -> Vec<Envelope> {
        self.0.lock().unwrap().clone()
    }

    pub async fn until(&self, count: usize) -> Vec<Envelope> {
        eventually(&format!("{count} jobs handled"), async || {
            self.all().len() >= count
        })
        .await;
        self.all()
    }
}

pub fn job(id: &str) -> Envelope {
    Envelope {
        job_id: id.to_owned(),
        kind: KIND.name().to_owned(),
        correlation_id: "pay_1".to_owned(),
        schema: 1,
        attempt: 1,
        replayed_after: 0,
        snoozes: 0,
        redelivered: false,
        reply_to: None,
        published_by: None,
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        published_at: SystemClock.now(),
        body: br#"{"note":"a job"}"#.to_vec(),
    }
}

pub fn reason() -> Reason {
    Reason::new(ErrorClass::ProviderUnavailable, "the provider is down")
}

pub fn nothing_else() -> Result<Disposition, BoxDynError> {
    Ok(Disposition::Complete)
}

pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(tokio::time::Instant::now() < until, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
