//! The internal listener over a real connection.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use runtime::{Check, serve_internal, telemetry};
use tokio_util::sync::CancellationToken;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn get(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: internal\r\nconnection: close\r\n\r\n");
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

async fn readyz(checks: Vec<Check>) -> String {
    let shutdown = CancellationToken::new();
    let readiness = move || std::future::ready(checks.clone());
    let mut listener = serve_internal(ANY_PORT, readiness, shutdown.clone())
        .await
        .unwrap();
    let answer = get(listener.address(), "/readyz").await;
    shutdown.cancel();
    listener.ended().await;
    answer
}

#[tokio::test]
async fn readiness_names_what_is_wrong() {
    let fine = readyz(vec![("postgresql", Ok(())), ("rabbitmq", Ok(()))]).await;
    assert!(
        fine.starts_with("HTTP/1.1 200") && fine.ends_with(r#"{"postgresql":"ok","rabbitmq":"ok"}"#),
        "{fine}"
    );
    let broken = readyz(vec![("postgresql", Err("refused".into())), ("rabbitmq", Ok(()))]).await;
    assert!(broken.starts_with("HTTP/1.1 503"), "{broken}");
    assert!(
        broken.ends_with(r#"{"postgresql":"refused","rabbitmq":"ok"}"#),
        "{broken}"
    );
}

#[tokio::test]
async fn a_client_that_never_finishes_does_not_hold_up_the_end() {
    let shutdown = CancellationToken::new();
    let mut listener = serve_internal(ANY_PORT, async || Vec::new(), shutdown.clone())
        .await
        .unwrap();
    let mut slow = TcpStream::connect(listener.address()).unwrap();
    slow.write_all(b"GET /metr").unwrap();
    // One that was asked after it and answered: the half request has been taken up.
    assert!(
        get(listener.address(), "/healthz")
            .await
            .starts_with("HTTP/1.1 200")
    );
    shutdown.cancel();
    tokio::time::timeout(std::time::Duration::from_secs(10), listener.ended())
        .await
        .unwrap();
}

#[tokio::test]
async fn health_and_metrics_are_served_until_the_token_is_cancelled() {
    telemetry::install_recorder().unwrap();
    telemetry::install_recorder().unwrap();
    metrics::counter!("sluice_test_total", "outcome" => "ok").increment(3);
    metrics::histogram!("sluice_test_duration_seconds").record(0.02);

    let shutdown = CancellationToken::new();
    let mut listener = serve_internal(ANY_PORT, async || Vec::new(), shutdown.clone())
        .await
        .unwrap();
    let address = listener.address();

    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(get(address, "/nowhere").await.starts_with("HTTP/1.1 404"));
    let metrics = get(address, "/metrics").await;
    assert!(
        metrics.contains("content-type: text/plain; version=0.0.4"),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"sluice_test_total{outcome="ok"} 3"#),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"sluice_test_duration_seconds_bucket{le="0.025"} 1"#),
        "{metrics}"
    );

    shutdown.cancel();
    listener.ended().await;
    assert!(TcpStream::connect(address).is_err());
}
