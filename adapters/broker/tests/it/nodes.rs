//! A broker of several nodes: work goes on over whichever of them can be reached. Two wires to one server stand for two
//! nodes, as only reaching them matters here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use broker::{
    BrokerConfig, Called, Caller, Publisher, Target,
    topology::{self, TopologyError},
};
use domain::secret::Secret;
use e2e::proxy::Proxy;
use futures::future::join_all;
use tokio::time::Instant;

use crate::support::{House, Seen, Worker, eventually, job, nothing_else};

struct Cluster {
    house: House,
    wires: [Proxy; 2],
}

impl Cluster {
    async fn build() -> Self {
        let mut house = House::build().await;
        let server = house.vhost.server().await;
        let wires = [
            Proxy::start(server).await.unwrap(),
            Proxy::start(server).await.unwrap(),
        ];
        house.config.url = house.vhost.url_through(&[wires[0].address(), wires[1].address()]);
        Self { house, wires }
    }

    fn note_jobs(&self) -> (Worker, Seen) {
        let seen = Seen::default();
        let notes = seen.clone();
        let worker = self.house.work(2, move |envelope| {
            notes.note(envelope);
            async { nothing_else() }
        });
        (worker, seen)
    }
}

async fn publish_and_see(publisher: &Publisher, seen: &Seen, id: &str) {
    eventually(&format!("{id} is published"), async || {
        publisher.publish(Target::Jobs, &job(id)).await.is_ok()
    })
    .await;
    eventually(&format!("{id} is handled"), async || {
        seen.all().iter().any(|envelope| envelope.job_id == id)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_while_one_node_is_away() {
    let cluster = Cluster::build().await;
    let (publisher, (worker, seen)) = (cluster.house.publisher(), cluster.note_jobs());
    publish_and_see(&publisher, &seen, "before").await;
    for (n, wire) in cluster.wires.iter().enumerate() {
        wire.cut();
        publish_and_see(&publisher, &seen, &format!("without node {n}")).await;
        wire.restore();
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_when_either_node_returns() {
    let cluster = Cluster::build().await;
    let (publisher, (worker, seen)) = (cluster.house.publisher(), cluster.note_jobs());
    publish_and_see(&publisher, &seen, "before").await;
    for (n, returning) in cluster.wires.iter().enumerate() {
        cluster.wires.iter().for_each(Proxy::cut);
        eventually("without connections", async || {
            !publisher.is_ready() && !worker.status.is_consuming()
        })
        .await;
        publisher
            .publish(Target::Jobs, &job("nowhere"))
            .await
            .unwrap_err();
        returning.restore();
        publish_and_see(&publisher, &seen, &format!("node {n} is back")).await;
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_answered_while_one_node_is_away() {
    let cluster = Cluster::build().await;
    let replies = cluster.house.publisher();
    let worker = cluster.house.work(2, move |envelope| {
        let replies = replies.clone();
        async move {
            replies.reply(&envelope, envelope.job_id.clone().into()).await?;
            nothing_else()
        }
    });
    let caller = Caller::connect(cluster.house.config.clone());
    for wire in &cluster.wires {
        wire.cut();
        eventually("answered", async || {
            let called = caller.call(&job("job_1"), Duration::from_secs(2)).await;
            called == Ok(Called::Replied(b"job_1".to_vec()))
        })
        .await;
        wire.restore();
    }
    worker.stop().await;
}

/// A connection may begin at either node, so several begin at the one that hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hangs_holds_nothing_up_for_good() {
    let cluster = Cluster::build().await;
    cluster.wires[0].stall();
    for checked in join_all((0..8).map(|_| topology::ensure(&cluster.house.config))).await {
        checked.unwrap();
    }
}

#[tokio::test]
async fn a_refused_login_is_an_error_also_when_the_other_node_is_away() {
    let cluster = Cluster::build().await;
    let [away, there] = &cluster.wires;
    away.cut();
    let addresses = [away, there].map(|wire| format!("amqp://nobody:wrong@{}/sluice", wire.address()));
    let config = BrokerConfig {
        url: Secret::new(addresses.join(",")),
        ..cluster.house.config.clone()
    };
    let error = topology::ensure(&config).await.unwrap_err();
    assert!(matches!(error, TopologyError::Refused(_)), "{error:?}");
}

/// Caution takes one job at a time for five seconds; a handler that waits for a second job tells the difference.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_returns_soon_finds_workers_at_full_width() {
    let cluster = Cluster::build().await;
    let together = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&together);
    let worker = cluster.house.work(2, move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::pending()
    });
    eventually("consuming", async || worker.status.is_consuming()).await;
    cluster.wires.iter().for_each(Proxy::cut);
    eventually("cut off", async || !worker.status.is_consuming()).await;
    cluster.wires.iter().for_each(Proxy::restore);
    eventually("consuming again", async || worker.status.is_consuming()).await;
    let since = Instant::now();
    let publisher = cluster.house.publisher();
    for id in ["job_1", "job_2"] {
        publisher.publish(Target::Jobs, &job(id)).await.unwrap();
    }
    eventually("two jobs at once", async || together.load(Ordering::SeqCst) == 2).await;
    assert!(
        since.elapsed() < Duration::from_millis(4500),
        "only after {:?}",
        since.elapsed()
    );
    worker.task.abort();
}
