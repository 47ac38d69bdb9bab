//! The balancer itself, before targets that are ready or not as told: what else shows with it is worth as much as it is.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Router, http::StatusCode, routing::get};
use e2e::{
    balancer::{Balancer, Target},
    world,
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::harness::until;

/// A server that answers with its name.
struct Named {
    ready: Arc<AtomicBool>,
    target: Target,
    serving: JoinHandle<()>,
}

impl Named {
    async fn start(name: &'static str) -> Self {
        let ready = Arc::new(AtomicBool::new(true));
        let told = Arc::clone(&ready);
        let readiness = move || {
            let ready = told.load(Ordering::Relaxed);
            async move {
                if ready {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                }
            }
        };
        let routes = Router::new()
            .route("/", get(move || async move { name }))
            .route("/readyz", get(readiness));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let readiness = format!("http://{address}/readyz");
        Self {
            ready,
            target: Target { address, readiness },
            serving,
        }
    }
}

/// Who answers on a new connection; nothing when it is broken.
async fn asked(balancer: &Balancer) -> Option<String> {
    let url = format!("http://{}/", balancer.address());
    // A client of its own has no connection from before.
    let answer = world::http().unwrap().get(url).send().await.ok()?;
    answer.text().await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_go_in_turn_to_those_that_are_ready() {
    let (one, two) = (Named::start("one").await, Named::start("two").await);
    let balancer = Balancer::start(vec![one.target.clone(), two.target.clone()])
        .await
        .unwrap();
    let rotation = async |wanted: [bool; 2]| {
        assert_eq!(
            until(wanted.to_vec(), async || balancer.in_rotation()).await,
            wanted
        );
    };
    rotation([true, true]).await;
    let mut seen = [asked(&balancer).await, asked(&balancer).await];
    seen.sort();
    assert_eq!(seen, [Some("one".into()), Some("two".into())]);

    one.ready.store(false, Ordering::Relaxed);
    rotation([false, true]).await;
    for _ in 0..3 {
        assert_eq!(asked(&balancer).await.as_deref(), Some("two"));
    }

    one.ready.store(true, Ordering::Relaxed);
    two.serving.abort();
    rotation([true, false]).await;
    assert_eq!(asked(&balancer).await.as_deref(), Some("one"));
    one.serving.abort();
    rotation([false, false]).await;
    assert_eq!(asked(&balancer).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_stays_with_its_target() {
    let (one, two) = (Named::start("one").await, Named::start("two").await);
    let balancer = Balancer::start(vec![one.target.clone(), two.target.clone()])
        .await
        .unwrap();
    assert_eq!(
        until(vec![true, true], async || balancer.in_rotation()).await,
        [true, true]
    );
    let http = world::http().unwrap();
    let ask = async || {
        let url = format!("http://{}/", balancer.address());
        http.get(url).send().await.unwrap().text().await.unwrap()
    };
    let first = ask().await;
    let served_by = if first == "one" { &one } else { &two };
    served_by.ready.store(false, Ordering::Relaxed);
    let ready = vec![first != "one", first != "two"];
    assert_eq!(until(ready.clone(), async || balancer.in_rotation()).await, ready);
    assert_eq!(ask().await, first, "the connection is kept");
}
