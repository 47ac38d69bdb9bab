//! A client that costs little: a fixed number of connections, each with one request under way.

use std::net::SocketAddr;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::{Mutex, mpsc},
};

type Connection = SendRequest<Full<Bytes>>;

/// Connections to one address. Whoever asks while all are busy waits for the first that is free.
pub struct Pool {
    address: SocketAddr,
    free: Mutex<mpsc::UnboundedReceiver<Option<Connection>>>,
    back: mpsc::UnboundedSender<Option<Connection>>,
}

impl Pool {
    /// A pool of so many connections; each is opened when it is first used.
    pub fn new(address: SocketAddr, connections: usize) -> Self {
        let (back, free) = mpsc::unbounded_channel();
        for _ in 0..connections {
            let _open_as_we_hold_the_other_end = back.send(None);
        }
        Self {
            address,
            free: Mutex::new(free),
            back,
        }
    }

    /// Posts a body and waits for the whole answer; gives its status.
    ///
    /// # Errors
    /// The server cannot be reached or breaks off.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Bytes>,
    ) -> anyhow::Result<u16> {
        let free = self.free.lock().await.recv().await.flatten();
        let mut place = Place {
            back: &self.back,
            connection: None,
        };
        let mut connection = match free {
            Some(connection) if !connection.is_closed() => connection,
            Some(_) | None => self.open().await?,
        };
        connection.ready().await?;
        let mut request = Request::post(path)
            .header("host", "127.0.0.1")
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = connection
            .send_request(request.body(Full::new(body.into()))?)
            .await?;
        let status = answer.status().as_u16();
        answer.into_body().collect().await?;
        place.connection = Some(connection);
        Ok(status)
    }

    async fn open(&self) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(self.address).await.context("no connection")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// A connection's place in its pool, which it goes back to however its request ends.
struct Place<'a> {
    back: &'a mpsc::UnboundedSender<Option<Connection>>,
    connection: Option<Connection>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let _ends_with_the_pool = self.back.send(self.connection.take());
    }
}
