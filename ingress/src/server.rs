//! Accepting connections and letting them finish.
//!
//! Each connection is a task. A client gets a limited time for the headers of each request, so that connections cannot
//! be held open for nothing.
//!
//! A process that is to stop takes leave in two steps. At first it goes on accepting, because whoever chooses among
//! several processes has not noticed yet, but every answer asks the client to come back over another connection. Then
//! no connection is accepted any more, idle ones are closed, and requests under way may finish for a while.

use std::{pin::pin, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::app::Shared;

/// How long the headers of a request may take, and how long a connection may idle between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests under way may take once nothing is accepted any more. Those that wait for a worker's answer have
/// ended the wait before, so that this is enough for all but the slowest senders.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be accepted, which mostly means that the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `routes` until `closing` is cancelled and the requests under way are answered.
pub(crate) async fn serve(listener: TcpListener, routes: Router, closing: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = closing.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, routes.clone(), closing.clone()))),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_finished) = connections.join_next() => {}
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, finished).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests were cut off, as they did not finish in time"
        );
    }
}

/// Lets a client that keeps its connection open go elsewhere once this process is `stopping`: the answer is the last one
/// on its connection. Without it the client would send its next request just when the connection is closed under it.
pub(crate) async fn let_go(State(app): State<Shared>, mut response: Response) -> Response {
    if app.stopping.is_cancelled() {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn connection(stream: TcpStream, routes: Router, closing: CancellationToken) {
    // Without this small answers may wait for the client's acknowledgement of the packet before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    let mut served = pin!(server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes)));
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        // Clients that hang up or speak something else than HTTP are no trouble of ours.
        tracing::debug!(%error, "a connection ended early");
    }
}
