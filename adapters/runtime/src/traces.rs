//! Traces of a process: spans that are sent to an OpenTelemetry collector, where there is one.
//!
//! They are the spans of `tracing` that tell of a step of a payment: the request, its job, and those of target [`TARGET`],
//! which logs leave out. Nothing is sent unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set, and nobody ever waits for what is: a
//! thread of its own sends batches, and what does not fit into its queue is dropped.

mod exporting;

use std::{collections::HashMap, sync::OnceLock, time::Duration};

use domain::{job::Envelope, trace::TraceParent};
use opentelemetry::{
    propagation::TextMapPropagator,
    trace::{Status, TraceContextExt, TracerProvider},
};
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

use crate::settings::{Settings, SettingsError};

/// The target of spans that are for traces alone.
pub const TARGET: &str = "traces";
/// The spans of other targets that traces show, too.
const STEPS: [&str; 2] = ["request", "job"];
/// How long an ending process waits for its last spans to be sent.
const LAST_WORDS: Duration = Duration::from_secs(2);
const TRACEPARENT: &str = "traceparent";

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// What sends spans; none when no collector is set.
///
/// # Errors
/// A setting cannot be used.
pub(crate) fn layer(
    service: &'static str,
    settings: Settings,
) -> Result<Option<impl Layer<Registry> + Send + Sync>, SettingsError> {
    let provider = exporting::provider(service, settings)?;
    Ok(provider.map(|provider| {
        // Set once, as there is one logger in a process.
        let tracer = PROVIDER.get_or_init(|| provider).tracer("sluice");
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            // What is logged may hold what a provider says, and is found by its trace's id.
            .with_filter(filter_fn(is_step))
    }))
}

fn is_step(of: &Metadata<'_>) -> bool {
    let is_ours = || ["ingress", "workers"].contains(&of.target().split("::").next().unwrap_or_default());
    of.is_span() && (of.target() == TARGET || (STEPS.contains(&of.name()) && is_ours()))
}

/// Sends what is left, within bounds. Called when the program has ended.
pub(crate) fn finish() {
    if let Some(provider) = PROVIDER.get() {
        // Where the collector does not take it, there is nobody left to tell.
        let _not_sent = provider.shutdown_with_timeout(LAST_WORDS);
    }
}

/// Puts `span` under the step that `parent` names, which may have been made in another process, or at the beginning of a
/// trace. Says where it stands, and writes its field `trace_id`. Has to come before the span is entered.
pub fn place(span: &Span, parent: Option<&str>) -> TraceParent {
    let known = parent.filter(|text| text.parse::<TraceParent>().is_ok());
    if let Some(parent) = known {
        // Without a layer that sends spans there is nothing to be put anywhere.
        let _not_sent = span.set_parent(context(parent));
    }
    let trace = position(span).unwrap_or_else(|| TraceParent::continue_or_root(known));
    span.record("trace_id", trace.trace_id());
    trace
}

/// A span for the publishing of `message`, under the step that the message names, and the message as it names the span
/// instead. Unchanged where no spans are sent.
pub fn publishing(message: Envelope) -> (Span, Envelope) {
    let span = tracing::info_span!(
        target: TARGET,
        "publish",
        otel.kind = "producer",
        otel.name = format!("publish {}", message.kind),
        messaging.system = "rabbitmq",
        kind = message.kind,
        job_id = message.job_id,
        correlation_id = message.correlation_id,
    );
    if let Some(parent) = &message.traceparent {
        let _not_sent = span.set_parent(context(parent));
    }
    let traceparent = position(&span).map(|trace| trace.to_string());
    let message = Envelope {
        traceparent: traceparent.or(message.traceparent),
        ..message
    };
    (span, message)
}

/// Says on `span` that it belongs to what happens in another trace, too.
pub fn link(span: &Span, other: TraceParent) {
    let context = context(&other.to_string());
    span.add_link(context.span().span_context().clone());
}

/// Writes down on `span` what the server of a request answered, or answers as one.
pub fn answered(span: &Span, status: u16) {
    span.set_attribute("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.set_status(Status::error(""));
    }
}

/// Writes down on `span` what became of what it tells of: one of few words.
pub fn ended(span: &Span, outcome: &'static str) {
    span.set_attribute("outcome", outcome);
}

/// Writes down on `span` that what it tells of failed. `why` is a class of errors, never what was said.
pub fn fail(span: &Span, why: &'static str) {
    span.set_status(Status::error(why));
}

/// Where a span stands that is sent.
fn position(span: &Span) -> Option<TraceParent> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&span.context(), &mut headers);
    headers.get(TRACEPARENT)?.parse().ok()
}

fn context(traceparent: &str) -> opentelemetry::Context {
    let headers = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &headers)
}
