//! A collector that takes OTLP as JSON, and keeps it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// `SpanKind`s of OTLP.
pub const SERVER: i64 = 2;
pub const CLIENT: i64 = 3;
pub const PRODUCER: i64 = 4;
pub const CONSUMER: i64 = 5;
const ERROR: i64 = 2;
const PATIENCE: Duration = Duration::from_secs(40);

type Kept = Arc<Mutex<Vec<Value>>>;

pub struct Collector {
    address: SocketAddr,
    kept: Kept,
}

#[derive(Debug, Clone)]
pub struct Span {
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub kind: i64,
    pub is_error: bool,
    /// What is said of the error.
    pub status: String,
    /// The traces it is linked to.
    pub links: Vec<String>,
    began: String,
    attributes: BTreeMap<String, String>,
}

/// The spans of one trace, as they began.
#[derive(Debug)]
pub struct Trace(pub Vec<Span>);

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Kept::default();
        let routes = Router::new()
            .route("/v1/traces", post(keep))
            .with_state(Arc::clone(&kept));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, kept }
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that was sent, as text.
    pub fn text(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_string(&*kept).unwrap()
    }

    /// The trace of the request for a payment, once a span of this name is in it.
    pub async fn trace_of(&self, payment: &str, last: &str) -> Trace {
        self.trace_when(payment, |trace| !trace.all(last).is_empty())
            .await
    }

    /// The trace of the request for a payment, once it is whole.
    pub async fn trace_when(&self, payment: &str, is_whole: impl Fn(&Trace) -> bool) -> Trace {
        let found = self.until(|spans| {
            let is_request = |span: &&Span| {
                span.kind == SERVER
                    && span.attribute("payment_id") == payment
                    && span.name.starts_with("POST")
            };
            let request = spans.iter().find(is_request)?;
            let trace = spans.iter().filter(|span| span.trace == request.trace);
            let trace = Trace(trace.cloned().collect());
            is_whole(&trace).then_some(trace)
        });
        let found = found.await;
        found.unwrap_or_else(|| panic!("no whole trace of {payment} in {:#?}", self.spans()))
    }

    /// What `look` finds in what was sent, as soon as it does.
    pub async fn until<T>(&self, look: impl Fn(&[Span]) -> Option<T>) -> Option<T> {
        let looking = async {
            loop {
                if let Some(found) = look(&self.spans()) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.ok()
    }

    fn spans(&self) -> Vec<Span> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
        let resources = kept.iter().flat_map(|sent| list(sent, "resourceSpans"));
        let scopes = resources.flat_map(|resource| list(&resource, "scopeSpans"));
        let mut spans: Vec<Span> = scopes
            .flat_map(|scope| list(&scope, "spans"))
            .map(|span| read(&span))
            .collect();
        spans.sort_by(|one, other| one.began.cmp(&other.began));
        spans
    }
}

async fn keep(State(kept): State<Kept>, Json(sent): Json<Value>) -> Json<Value> {
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
    Json(json!({}))
}

impl Trace {
    pub fn all(&self, name: &str) -> Vec<&Span> {
        self.0.iter().filter(|span| span.name == name).collect()
    }

    #[track_caller]
    pub fn one(&self, name: &str) -> &Span {
        let named = self.all(name);
        assert_eq!(named.len(), 1, "spans named {name} in {self:#?}");
        named[0]
    }
}

impl Span {
    /// An attribute as text; empty when it has none of this name.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn read(span: &Value) -> Span {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| span[name].as_array().cloned().unwrap_or_default();
    let attributes = list("attributes").into_iter().map(|pair| {
        let value = pair["value"].as_object().and_then(|value| value.values().next());
        let value = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        (text(&pair["key"]), value.unwrap_or_default())
    });
    Span {
        trace: text(&span["traceId"]),
        id: text(&span["spanId"]),
        parent: text(&span["parentSpanId"]),
        name: text(&span["name"]),
        kind: span["kind"].as_i64().unwrap_or_default(),
        is_error: span["status"]["code"].as_i64() == Some(ERROR),
        status: text(&span["status"]["message"]),
        links: list("links").iter().map(|link| text(&link["traceId"])).collect(),
        began: text(&span["startTimeUnixNano"]),
        attributes: attributes.collect(),
    }
}
