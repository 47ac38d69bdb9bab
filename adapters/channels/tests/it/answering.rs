//! A server that gives prepared answers, for what no provider says on purpose.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How long the requests are waited for that a test expects.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Answering {
    pub base_url: String,
    seen: JoinHandle<Vec<String>>,
}

impl Answering {
    /// A server that gives each answer to one request.
    pub async fn with(answers: &[String]) -> Self {
        Self::slowly(answers, Duration::ZERO).await
    }

    /// The same, which takes its time for each.
    pub async fn slowly(answers: &[String], each: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<String> = answers
            .iter()
            .map(|answer| answer.replace('\n', "\r\n"))
            .collect();
        let seen = tokio::spawn(async move {
            let mut seen = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                seen.push(request(&mut stream).await);
                tokio::time::sleep(each).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
            seen
        });
        Self { base_url, seen }
    }

    /// The requests it saw, one for each answer; an answer that nobody asks for fails the test.
    pub async fn requests(self) -> Vec<String> {
        let seen = tokio::time::timeout(PATIENCE, self.seen).await;
        seen.unwrap().unwrap()
    }
}

/// Reads one request to its end.
pub async fn request(stream: &mut TcpStream) -> String {
    let (mut request, mut part) = (String::new(), [0; 4096]);
    while !is_whole(&request) {
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0, "the request was cut: {request}");
        request.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    request
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// An answer of the API with this status line and body.
pub fn answer(status: &str, body: &serde_json::Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 {status}\ncontent-length: {length}\nconnection: close\n\n{body}")
}
