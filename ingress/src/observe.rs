//! What surrounds every request: its trace, its log line, its metrics, its time limit, and the net under a panic.
//!
//! The log line holds the method, the route as it is declared, the status and the time taken. Never a header, a body or a
//! query: they may hold secrets and personal data.

use std::{any::Any, time::Instant};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use runtime::traces;
use tokio::time::timeout;
use tracing::{Instrument, Span, field::Empty};

use crate::{
    app::Shared,
    prefer,
    problem::{Problem, ProblemKind},
    routes::CALLBACKS,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const UNMATCHED: &str = "unmatched";

/// Gives the request its trace, and writes down what came of it.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or(UNMATCHED, MatchedPath::as_str)
        .to_owned();
    // Anybody may call these, and would write into any trace.
    let is_asked = ![UNMATCHED, CALLBACKS].contains(&route.as_str());
    let given = request.headers().get("traceparent").filter(|_| is_asked);
    let given = given.and_then(|value| value.to_str().ok());
    let (method, path) = (method_name(request.method()), request.uri().path().to_owned());
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        otel.name = %format_args!("{method} {route}"),
        trace_id = Empty,
        method,
        route,
        caller = Empty,
        merchant_id = Empty,
        payment_id = Empty,
        refund_id = Empty,
        order_id = Empty,
        wallet_id = Empty,
        hold_id = Empty,
        withdrawal_id = Empty
    );
    let trace = traces::place(&span, given);
    let trace_id = trace.trace_id();
    request.extensions_mut().insert(trace);

    let response = async {
        let response = next.run(request).await;
        let (status, duration) = (response.status().as_u16(), started.elapsed());
        traces::answered(&Span::current(), status);
        let kind = response
            .extensions()
            .get::<Problem>()
            .map(|problem| problem.kind().uri());
        tracing::info!(
            status,
            duration_ms = duration.as_millis() as u64,
            problem = kind,
            "answered"
        );
        let labels = [
            ("route", route.clone()),
            ("method", method.to_owned()),
            ("status", status.to_string()),
        ];
        metrics::counter!("sluice_http_requests_total", &labels).increment(1);
        metrics::histogram!("sluice_http_request_duration_seconds", "route" => route.clone())
            .record(duration);
        response
    };
    finish(response.instrument(span).await, &path, &trace_id)
}

/// Limits how long an answer may take: the time for the body, the same again for us, and what the client wants to wait.
pub(crate) async fn within_time(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let wait = prefer::wait(request.headers()).unwrap_or_default();
    let limit = app.limits.request_timeout * 2 + wait;
    timeout(limit, next.run(request)).await.unwrap_or_else(|_elapsed| {
        tracing::error!(limit_ms = limit.as_millis() as u64, "no answer in time");
        let detail = "It is not known whether the request was accepted. Send it again under the same Idempotency-Key: \
                      repeating it is safe.";
        Problem::new(ProblemKind::TimedOut, detail).into_response()
    })
}

/// Answers for a handler that panicked. The panic itself was reported on standard error when it happened.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("not a text"), "a handler panicked");
    Problem::internal().into_response()
}

/// Adds what every answer carries; a problem also learns which request it is about.
fn finish(mut response: Response, path: &str, trace_id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(problem.to_json(Some(path), Some(trace_id)));
    }
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(trace_id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// Clients may send any word as a method, and metrics must not grow with their imagination.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::to_bytes, http::StatusCode, middleware::from_fn, routing::get};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing_of_it() {
        async fn broken() -> &'static str {
            panic!("hunter2")
        }
        let routes = Router::new().route("/broken", get(broken));
        let routes = routes
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(observe));
        let request = Request::get("/broken").body(Body::empty()).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let trace_id = response.headers()[REQUEST_ID].to_str().unwrap().to_owned();
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            body.contains(ProblemKind::Internal.uri()) && body.contains(&trace_id),
            "{body}"
        );
        assert!(
            body.contains("\"instance\":\"/broken\"") && !body.contains("hunter2"),
            "{body}"
        );
    }
}
