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
use tracing::{Metadata, Span, field::Field};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

use crate::settings::{Settings, SettingsError};

/// The target of spans that are for traces alone.
pub const TARGET: &str = "traces";
/// The spans of other targets that traces show, too.
const STEPS: [&str; 2] = ["request", "job"];
/// How long an ending process waits for its last spans to be sent.
const LAST_WORDS: Duration = Duration::from_secs(1);
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

/// Whether a field of a span is written for traces alone.
pub(crate) fn is_field_of_traces(field: &Field) -> bool {
    field.name().starts_with("otel.")
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
    let trace = sent(span, parent).unwrap_or_else(|| TraceParent::continue_or_root(parent));
    span.record("trace_id", trace.trace_id());
    trace
}

/// Puts a span that is sent under `parent`, and says where it stands; `None` where none are.
fn sent(span: &Span, parent: Option<&str>) -> Option<TraceParent> {
    PROVIDER.get()?;
    if let Some(Ok(parent)) = parent.map(str::parse) {
        // A span that nobody wants has no place.
        let _not_sent = span.set_parent(context(parent));
    }
    position(span)
}

/// A span for the publishing of `message`, under the step that the message names, and the message as it names the span
/// instead. One that names none begins a trace. Where no spans are sent there is none, and a message stays as it is
/// that names a step.
pub fn publishing(message: Envelope) -> (Span, Envelope) {
    if PROVIDER.get().is_none() {
        return (Span::none(), begun(message));
    }
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "publish",
        otel.kind = "producer",
        otel.name = format!("publish {}", message.kind),
        messaging.system = "rabbitmq",
        kind = message.kind,
        job_id = message.job_id,
        correlation_id = message.correlation_id,
    );
    let trace = sent(&span, message.traceparent.as_deref());
    let traceparent = trace.map(|trace| trace.to_string());
    let message = Envelope {
        traceparent: traceparent.or(message.traceparent),
        ..message
    };
    (span, begun(message))
}

/// A message as it names the step that its tries come under: where its publisher names none, one that stands for its
/// publishing. Without that, each try would be a trace of its own.
pub fn received(message: Envelope) -> Envelope {
    if is_placed(&message) {
        return message;
    }
    publishing(message).1
}

fn is_placed(message: &Envelope) -> bool {
    let named = message.traceparent.as_deref();
    named.is_some_and(|text| text.parse::<TraceParent>().is_ok())
}

fn begun(message: Envelope) -> Envelope {
    if is_placed(&message) {
        return message;
    }
    Envelope {
        traceparent: Some(TraceParent::root().to_string()),
        ..message
    }
}

/// Says on `span` that it belongs to what happens in another trace, too.
pub fn link(span: &Span, other: TraceParent) {
    if PROVIDER.get().is_some() {
        span.add_link(context(other).span().span_context().clone());
    }
}

/// A call, as it is shown in a trace: cut off and failed, unless its end was seen.
pub struct Call(Option<Span>);

impl Call {
    /// The call that `span` shows.
    pub const fn begin(span: Span) -> Self {
        Self(Some(span))
    }

    /// Its end was seen: whoever has the span says which it was.
    pub fn end(mut self) -> Option<Span> {
        self.0.take()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(span) = &self.0 {
            ended(span, "cut_off");
            fail(span, "cut off");
        }
    }
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

fn context(of: TraceParent) -> opentelemetry::Context {
    let headers = HashMap::from([(TRACEPARENT.to_owned(), of.to_string())]);
    TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &headers)
}
