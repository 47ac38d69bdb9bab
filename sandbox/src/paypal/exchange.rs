//! One call and its answer, as they go over the wire.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use serde_json::Value;

use super::errors::ApiError;
use crate::faults::Stage;

/// One call as it came in.
pub struct Request {
    /// The id told in `paypal-debug-id`.
    pub id: String,
    /// The HTTP method.
    pub method: Method,
    /// The path as requested.
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON; none when there is none, and when it is something else.
    pub json: Option<Value>,
}

/// An answer before it is sent.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, in JSON unless `content_type` says otherwise.
    pub body: Bytes,
    /// The body's type.
    pub content_type: &'static str,
    /// Whether it is about a request that had been carried out before.
    pub replayed: bool,
    /// The object it is about.
    pub object: Option<String>,
}

impl Answer {
    /// An object, with this status.
    pub fn of(status: u16, object: &Value) -> Self {
        Self {
            status,
            body: object.to_string().into(),
            content_type: "application/json",
            replayed: false,
            object: object.get("id").and_then(Value::as_str).map(str::to_owned),
        }
    }
}

impl Request {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)?
            .to_str()
            .ok()
            .filter(|value| !value.is_empty())
    }

    /// The `PayPal-Request-Id`, where it counts.
    pub fn key(&self) -> Option<&str> {
        self.header("paypal-request-id")
            .filter(|_| self.method == Method::POST)
    }

    /// Whether the caller wants to see the whole object.
    pub fn prefers_all(&self) -> bool {
        self.header("prefer")
            .is_some_and(|prefer| prefer.contains("return=representation"))
    }

    /// Whether the caller says that it sends JSON.
    pub fn says_json(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"))
    }

    /// An error as an answer.
    pub fn refuse(&self, error: &ApiError) -> Answer {
        Answer {
            object: None,
            ..Answer::of(error.http_status(), &error.envelope(&self.id))
        }
    }

    /// The answer with the headers the provider sends.
    pub fn respond(&self, answer: Answer) -> Response<Body> {
        let mut response = Response::new(Body::from(answer.body));
        *response.status_mut() =
            StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(answer.content_type));
        headers.insert(
            "cache-control",
            HeaderValue::from_static("max-age=0, no-cache, no-store, must-revalidate"),
        );
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert("paypal-debug-id", id);
        }
        response
    }
}

impl Stage for Request {
    fn error(&self, status: u16, code: Option<&str>) -> Response<Body> {
        let error = ApiError::of_status(status);
        let error = match code {
            Some(code) => error.detail(code, "The request was refused by a fault dial."),
            None => error,
        };
        self.respond(self.refuse(&error))
    }

    fn rate_limited(&self) -> Response<Body> {
        self.error(429, None)
    }
}
