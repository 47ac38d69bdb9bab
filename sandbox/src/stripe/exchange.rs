//! One call and its answer, as they go over the wire.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::errors::ApiError;
use super::events::API_VERSION;
use super::form::Branch;
use super::idempotency::StoredAnswer;

/// One call as it came in.
pub struct Request {
    /// The id told in `Request-Id`.
    pub id: String,
    /// The HTTP method.
    pub method: Method,
    /// The path as requested.
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The parameters.
    pub form: Branch,
    /// The body as it came.
    pub body: Bytes,
}

/// An answer, and where it came from.
pub struct Answer {
    /// Status and body.
    pub stored: StoredAnswer,
    /// Whether it is given again.
    pub replayed: bool,
}

impl Request {
    /// The idempotency key, where it counts.
    pub fn key(&self) -> Option<&str> {
        let key = self
            .headers
            .get("idempotency-key")
            .and_then(|value| value.to_str().ok())?;
        Some(key).filter(|key| self.method == Method::POST && !key.is_empty())
    }

    /// An error as an answer.
    pub fn refuse(&self, error: &ApiError) -> Answer {
        let body = format!("{:#}\n", error.envelope(&self.id)).into();
        Answer {
            stored: StoredAnswer {
                status: error.http_status(),
                body,
                request_id: self.id.clone(),
            },
            replayed: false,
        }
    }

    /// The answer with the headers the provider sends.
    pub fn respond(&self, answer: &Answer) -> Response<Body> {
        let mut response = Response::new(Body::from(answer.stored.body.clone()));
        *response.status_mut() =
            StatusCode::from_u16(answer.stored.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("cache-control", HeaderValue::from_static("no-cache, no-store"));
        let version = self.headers.get("stripe-version").cloned();
        headers.insert(
            "stripe-version",
            version.unwrap_or(HeaderValue::from_static(API_VERSION)),
        );
        for (name, value) in [
            ("request-id", &self.id),
            ("original-request", &answer.stored.request_id),
        ] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        if !answer.replayed {
            headers.remove("original-request");
        } else {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        if let Some(key) = self.headers.get("idempotency-key") {
            headers.insert("idempotency-key", key.clone());
        }
        match answer.stored.status {
            401 => headers.insert(
                "www-authenticate",
                HeaderValue::from_static("Basic realm=\"Stripe\""),
            ),
            409 => headers.insert("stripe-should-retry", HeaderValue::from_static("true")),
            _ => None,
        };
        response
    }
}
