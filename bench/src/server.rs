//! A server that costs little, as it shares the machine with what it measures: requests with a body of known length, each
//! answered at once by one function.

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
};

use anyhow::ensure;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// More headers than any request has.
const MAX_HEADERS: usize = 48;
/// Longer than any request, in bytes.
const MAX_REQUEST: usize = 64 * 1_024;

/// A request, as far as anybody here looks at it.
pub struct Request {
    /// The path.
    pub path: String,
    /// The `Authorization` header; empty where there is none.
    pub authorization: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The answer to a request.
pub struct Answer {
    status: &'static str,
    body: String,
}

impl Answer {
    /// Well done, with a body of JSON.
    pub fn ok(body: String) -> Self {
        Self {
            status: "200 OK",
            body,
        }
    }

    /// Well done, and no more to say.
    pub fn no_content() -> Self {
        Self {
            status: "204 No Content",
            body: String::new(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let (status, body) = (self.status, &self.body);
        // Nothing is to follow a 204, its length neither.
        let length = match body.len() {
            0 => String::new(),
            length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
        };
        format!("HTTP/1.1 {status}\r\n{length}\r\n{body}").into_bytes()
    }
}

impl Request {
    /// The next request on a connection; none when the client is gone. Clients of ours send the next after the answer.
    async fn read(stream: &mut TcpStream) -> anyhow::Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(2_048);
        loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                ensure!(bytes.is_empty(), "the client broke off");
                return Ok(None);
            }
            match Self::parse(&bytes)? {
                Some(request) => return Ok(Some(request)),
                None => ensure!(bytes.len() < MAX_REQUEST, "the request is too long"),
            }
        }
    }

    /// The request that these bytes are, once they are all there.
    fn parse(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(head) = request.parse(bytes)? else {
            return Ok(None);
        };
        let value = |name: &str| {
            let mut headers = request.headers.iter();
            let header = headers.find(|header| header.name.eq_ignore_ascii_case(name));
            header.map_or(Ok(""), |header| std::str::from_utf8(header.value))
        };
        let length = match value("content-length")? {
            "" => 0,
            length => length.parse()?,
        };
        let body = bytes.get(head..).unwrap_or_default();
        if body.len() < length {
            return Ok(None);
        }
        Ok(Some(Self {
            path: request.path.unwrap_or_default().to_owned(),
            authorization: value("authorization")?.to_owned(),
            body: body.to_owned(),
        }))
    }
}

/// Starts a server on a port of its own, where `answer` answers.
///
/// # Errors
/// No address can be bound.
pub async fn start<F, Answering>(answer: F) -> anyhow::Result<SocketAddr>
where
    F: Fn(Request) -> Answering + Clone + Send + 'static,
    Answering: Future<Output = anyhow::Result<Answer>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                if let Err(error) = serve(stream, answer).await {
                    eprintln!("a connection ended early: {error:#}");
                }
            });
        }
    });
    Ok(address)
}

async fn serve<F, Answering>(mut stream: TcpStream, answer: F) -> anyhow::Result<()>
where
    F: Fn(Request) -> Answering,
    Answering: Future<Output = anyhow::Result<Answer>>,
{
    stream.set_nodelay(true)?;
    while let Some(request) = Request::read(&mut stream).await? {
        let answer = answer(request).await?;
        stream.write_all(&answer.bytes()).await?;
    }
    Ok(())
}
