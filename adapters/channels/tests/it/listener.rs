//! Where the doubles send their callbacks: keeps what came, as it came, and answers what the provider waits for.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use channels::CallbackAnswer;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{io::AsyncWriteExt, net::TcpListener, sync::Notify, task::JoinHandle, time::timeout};

use crate::answering::request;

/// How long a callback is waited for that a test expects.
const PATIENCE: Duration = Duration::from_secs(10);

/// A callback as it arrived.
#[derive(Debug, Clone)]
pub struct RawCallback {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

pub struct Listener {
    /// Where it listens.
    pub url: String,
    kept: Arc<Kept>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Kept {
    callbacks: Mutex<Vec<RawCallback>>,
    came: Notify,
}

impl Listener {
    pub async fn answering(answer: CallbackAnswer) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callbacks", socket.local_addr().unwrap());
        let kept = Arc::new(Kept::default());
        let keeping = Arc::clone(&kept);
        let server = tokio::spawn(async move {
            loop {
                let (mut stream, _) = socket.accept().await.unwrap();
                let keeping = Arc::clone(&keeping);
                tokio::spawn(async move {
                    let callback = parsed(&request(&mut stream).await);
                    stream.write_all(written(answer).as_bytes()).await.unwrap();
                    keeping.callbacks.lock().unwrap().push(callback);
                    keeping.came.notify_waiters();
                });
            }
        });
        Self { url, kept, server }
    }

    /// The callback that came at this place in the order, counting from nought.
    pub async fn at(&self, place: usize) -> RawCallback {
        let waiting = async {
            loop {
                let came = self.kept.came.notified();
                if let Some(callback) = self.kept.callbacks.lock().unwrap().get(place) {
                    return callback.clone();
                }
                came.await;
            }
        };
        let came = timeout(PATIENCE, waiting).await;
        came.unwrap_or_else(|_| panic!("there came no more than {place} callbacks"))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn parsed(request: &str) -> RawCallback {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let headers = lines.map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value.trim()).unwrap())
    });
    RawCallback {
        headers: headers.collect(),
        body: body.as_bytes().to_vec(),
    }
}

fn written(answer: CallbackAnswer) -> String {
    let CallbackAnswer {
        status,
        content_type,
        body,
    } = answer;
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Taken\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
