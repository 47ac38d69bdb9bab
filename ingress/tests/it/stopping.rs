//! An orderly stop: first it says so and still accepts, then it closes its doors and answers what is under way.

use std::{net::SocketAddr, time::Duration};

use broker::testing::TestVhost;
use reqwest::StatusCode;
use serde_json::Value;
use store::testing::TestDatabase;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

use crate::world::{World, eventually, good_body, world, world_with};

/// Longer than any test, which ends the drain by ending.
const FOREVER: Duration = Duration::from_secs(600);
/// Shorter than what it is held against, and long enough for a busy machine.
const SOON: Duration = Duration::from_secs(10);

/// A world whose ingress was told to stop and is still accepting, and the task that stops it.
struct Draining {
    world: Asked,
    address: SocketAddr,
    stopping: JoinHandle<()>,
    /// Removed when dropped.
    _ground: (TestDatabase, TestVhost),
}

/// What is left of a world whose ingress belongs to a task.
struct Asked {
    client: reqwest::Client,
    public: String,
    internal: String,
    key: String,
}

impl Asked {
    async fn readiness(&self, url: &str) -> (StatusCode, Value) {
        let answer = self.client.get(format!("{url}/readyz")).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    fn pay(&self, key: &str) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}/api/v1/payments", self.public))
            .bearer_auth(&self.key)
            .header("idempotency-key", key)
            .json(&good_body())
    }
}

fn stop(world: World) -> Draining {
    let address = world.ingress.addr();
    let asked = Asked {
        client: reqwest::Client::new(),
        public: format!("http://{address}"),
        internal: format!("http://{}", world.ingress.internal_addr()),
        key: world.shop.key,
    };
    Draining {
        world: asked,
        address,
        stopping: tokio::spawn(world.ingress.stop()),
        _ground: (world.database, world.vhost),
    }
}

#[tokio::test]
async fn it_says_that_it_is_not_ready_and_still_accepts() {
    let world = world_with(|config| config.drain = FOREVER).await;
    world.ready().await;
    let before = world.pay("before", &good_body()).send().await.unwrap();
    assert_eq!(before.headers().get("connection"), None, "connections are kept");

    let draining = stop(world);
    let world = &draining.world;
    for url in [&world.public, &world.internal] {
        eventually("not ready", async || {
            world.readiness(url).await.0 == StatusCode::SERVICE_UNAVAILABLE
        })
        .await;
        let (_, states) = world.readiness(url).await;
        assert_eq!(
            (&states["process"], &states["rabbitmq"]),
            (&Value::from("stopping"), &Value::from("ok"))
        );
    }
    for key in ["one", "two"] {
        let accepted = world.pay(key).send().await.unwrap();
        assert_eq!(accepted.status(), StatusCode::ACCEPTED);
        assert_eq!(
            accepted.headers()["connection"],
            "close",
            "the client is asked to come back elsewhere"
        );
    }
}

#[tokio::test]
async fn whoever_waits_is_answered_at_once() {
    let world = world_with(|config| config.drain = FOREVER).await;
    world.ready().await;
    let pending = tokio::spawn(world.pay("k", &good_body()).header("prefer", "wait=25").send());
    eventually("accepted", async || {
        !world.take_jobs("create_intent", 1).await.is_empty()
    })
    .await;
    let _draining = stop(world);
    let answer = timeout(SOON, pending).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn then_it_accepts_nothing_and_closes_what_is_idle() {
    let world = world().await;
    world.ready().await;
    let mut idle = TcpStream::connect(world.ingress.addr()).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = vec![0; 1_024];
    let count = idle.read(&mut answer).await.unwrap();
    assert!(answer[..count].starts_with(b"HTTP/1.1 200"));

    let draining = stop(world);
    let rest = timeout(SOON, idle.read(&mut answer)).await.unwrap().unwrap();
    assert_eq!(rest, 0, "the idle connection is closed");
    assert!(
        TcpStream::connect(draining.address).await.is_err(),
        "nothing new is accepted"
    );
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_process_stops() {
    let world = world().await;
    world.ready().await;
    let body = good_body().to_string();
    let head = format!(
        "POST /api/v1/payments HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        world.shop.key,
        body.len()
    );
    let mut client = TcpStream::connect(world.ingress.addr()).await.unwrap();
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let count = client.read(&mut answer).await.unwrap();
    assert!(
        answer[..count].starts_with(b"HTTP/1.1 100"),
        "the request has begun"
    );

    let draining = stop(world);
    eventually("closed", async || {
        TcpStream::connect(draining.address).await.is_err()
    })
    .await;
    client.write_all(body.as_bytes()).await.unwrap();
    let count = client.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    timeout(SOON, draining.stopping).await.unwrap().unwrap();
}
