//! A client that costs little, as it shares the machine with what it measures: a fixed number of connections, each with one
//! request under way, which is one write and, where the answer is short, one read.

use std::{fmt::Write as _, net::SocketAddr};

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Mutex, mpsc},
};

/// More headers than any answer has.
const MAX_HEADERS: usize = 32;
/// Longer than any answer, in bytes.
const MAX_ANSWER: usize = 64 * 1_024;

/// Connections to one address. Whoever asks while all are busy waits for the first that is free.
pub struct Pool {
    address: SocketAddr,
    free: Mutex<mpsc::UnboundedReceiver<Option<Connection>>>,
    back: mpsc::UnboundedSender<Option<Connection>>,
}

/// A connection, and the room for what it sends and receives.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
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
    /// The server cannot be reached, breaks off, or answers in another way than with a body of known length.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> anyhow::Result<u16> {
        let free = self.free.lock().await.recv().await.flatten();
        let mut place = Place {
            back: &self.back,
            connection: None,
        };
        let head = head(path, headers, body.len())?;
        // The server may have closed one that was idle.
        let exchanged = match free {
            Some(used) => used.exchange(&head, body).await.ok(),
            None => None,
        };
        let (connection, answer) = match exchanged {
            Some(exchanged) => exchanged,
            None => {
                Connection::open(self.address)
                    .await?
                    .exchange(&head, body)
                    .await?
            }
        };
        place.connection = answer.stays_open.then_some(connection);
        Ok(answer.status)
    }
}

fn head(path: &str, headers: &[(&'static str, &str)], length: usize) -> anyhow::Result<String> {
    let mut head = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
    );
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    head.push_str("\r\n");
    Ok(head)
}

impl Connection {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("no connection")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4_096),
        })
    }

    async fn exchange(mut self, head: &str, body: &str) -> anyhow::Result<(Self, Answer)> {
        self.buffer.clear();
        self.buffer.extend_from_slice(head.as_bytes());
        self.buffer.extend_from_slice(body.as_bytes());
        self.stream.write_all(&self.buffer).await?;
        self.buffer.clear();
        loop {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the server broke off"
            );
            match Answer::read(&self.buffer)? {
                Some(answer) if answer.length <= self.buffer.len() => return Ok((self, answer)),
                Some(_) | None => ensure!(self.buffer.len() < MAX_ANSWER, "the answer is too long"),
            }
        }
    }
}

/// What is known of an answer once its head is there.
struct Answer {
    status: u16,
    /// Of head and body, in bytes.
    length: usize,
    stays_open: bool,
}

impl Answer {
    fn read(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head) = answer.parse(bytes)? else {
            return Ok(None);
        };
        let value = |name: &str| {
            let header = answer
                .headers
                .iter()
                .find(|header| header.name.eq_ignore_ascii_case(name));
            header.and_then(|header| std::str::from_utf8(header.value).ok())
        };
        let Some(body) = value("content-length") else {
            bail!("the answer has no length");
        };
        Ok(Some(Self {
            status: answer.code.unwrap_or_default(),
            length: head + body.parse::<usize>().context("the answer's length")?,
            stays_open: value("connection") != Some("close"),
        }))
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
