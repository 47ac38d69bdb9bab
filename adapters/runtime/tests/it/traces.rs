//! Traces of a process without a collector, and with one that does not answer, is slow or refuses.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};

use domain::{job::Envelope, trace::TraceParent};
use runtime::{Settings, telemetry, traces};

const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn message() -> Envelope {
    Envelope {
        job_id: "job".into(),
        kind: "create_intent".into(),
        correlation_id: "pay".into(),
        schema: 1,
        attempt: 1,
        replayed_after: 0,
        snoozes: 0,
        redelivered: false,
        reply_to: None,
        published_by: None,
        traceparent: Some(GIVEN.into()),
        published_at: chrono::DateTime::UNIX_EPOCH,
        body: Vec::new(),
    }
}

/// Runs a program that makes a span and one for a message, and says how long its end took.
fn process(settings: &Settings, check: impl Fn(&TraceParent, &Envelope)) -> Duration {
    let mut ended = Instant::now();
    runtime::run::<io::Error>(async |_| {
        telemetry::init_traced("test", settings).unwrap();
        let span = tracing::info_span!(target: traces::TARGET, "step", trace_id = tracing::field::Empty);
        let trace = traces::place(&span, Some(GIVEN));
        assert!(trace.is_in_trace_of(&GIVEN.parse().unwrap()), "{trace}");
        let (_, message) = span.in_scope(|| traces::publishing(message()));
        check(&trace, &message);
        ended = Instant::now();
        Ok(())
    })
    .unwrap();
    ended.elapsed()
}

/// Runs a test in a process of its own with settings that OpenTelemetry reads itself, and gives its logs. `None` in that
/// process.
fn logs_of_itself(test: &str, environment: &[(&str, &str)]) -> Option<String> {
    if std::env::var_os(environment[0].0).is_some() {
        return None;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test]).envs(environment.iter().copied());
    let ended = again.output().unwrap();
    let logs = String::from_utf8(ended.stdout).unwrap();
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{logs}\n{errors}");
    Some(logs)
}

#[test]
fn without_a_collector_nothing_is_made_to_be_sent() {
    process(&Settings::from_pairs([("X", "")]), |_, sent| {
        assert_eq!(sent.traceparent.as_deref(), Some(GIVEN));
        let (span, _) = traces::publishing(message());
        assert!(span.is_disabled());
        assert!(tracing::info_span!(target: traces::TARGET, "step").is_disabled());
        let unplaced = Envelope {
            traceparent: None,
            ..message()
        };
        let (_, begun) = traces::publishing(unplaced);
        begun.traceparent.unwrap().parse::<TraceParent>().unwrap();
    });
}

#[test]
fn a_process_ends_in_time_whatever_its_collector_does() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let settings = Settings::from_pairs([("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
    let took = process(&settings, |_, message| {
        let carried: TraceParent = message.traceparent.as_deref().unwrap().parse().unwrap();
        assert!(carried.is_in_trace_of(&GIVEN.parse().unwrap()));
        assert_ne!(message.traceparent.as_deref(), Some(GIVEN));
    });
    assert!(took > Duration::from_millis(500), "nothing was sent: {took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn a_job_that_begins_a_trace_is_sampled_as_is_said_here() {
    let here = "traces::a_job_that_begins_a_trace_is_sampled_as_is_said_here";
    if logs_of_itself(here, &[("OTEL_TRACES_SAMPLER", "parentbased_always_off")]).is_some() {
        return;
    }
    let settings = Settings::from_pairs([("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
    process(&settings, |_, _| {
        let unplaced = Envelope {
            traceparent: None,
            ..message()
        };
        let received = traces::received(unplaced);
        let carried = received.traceparent.clone().unwrap();
        assert!(carried.ends_with("-00"), "{carried}");
        assert_eq!(traces::received(received).traceparent, Some(carried));
    });
}

/// A collector that counts spans, takes as long as it is told to, and answers as it is told to.
#[derive(Clone)]
struct Collector {
    status: Arc<AtomicU16>,
    delay_ms: Arc<AtomicUsize>,
    taken: Arc<AtomicUsize>,
}

impl Collector {
    async fn start(status: StatusCode) -> (Self, SocketAddr) {
        let collector = Self {
            status: Arc::new(status.as_u16().into()),
            delay_ms: Arc::default(),
            taken: Arc::default(),
        };
        let routes = Router::new().route("/v1/traces", post(Self::take));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = routes.with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (collector, address)
    }

    async fn take(
        State(collector): State<Self>,
        Json(sent): Json<serde_json::Value>,
    ) -> (StatusCode, &'static str) {
        let delay = collector.delay_ms.load(Relaxed) as u64;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        let status = StatusCode::from_u16(collector.status.load(Relaxed)).unwrap();
        if status == StatusCode::OK {
            let spans = sent["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array();
            collector.taken.fetch_add(spans.unwrap().len(), Relaxed);
        }
        (status, "{}")
    }
}

/// Sends the spans of this process to `collector`.
fn trace_to(collector: SocketAddr, queue: &str) {
    let settings = Settings::from_pairs([
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}")),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json".into()),
        ("OTEL_BSP_MAX_QUEUE_SIZE", queue.into()),
        ("LOG_FORMAT", "json".into()),
    ]);
    telemetry::init_traced("test", &settings).unwrap();
}

fn steps(count: usize) {
    for _ in 0..count {
        drop(tracing::info_span!(target: traces::TARGET, "step"));
    }
}

fn counted(series: &str) -> usize {
    let text = telemetry::metrics_text();
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.map_or(0, |count| count.trim().parse().unwrap())
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waited).await;
    assert!(waited.is_ok(), "{what}: {}", telemetry::metrics_text());
}

fn said(logs: &str, words: &str) -> usize {
    logs.lines().filter(|line| line.contains(words)).count()
}

const ENDED: &str = "sluice_spans_ended_total ";
const SENT: &str = "sluice_spans_exported_total{outcome=\"sent\"} ";
const LOST: &str = "sluice_spans_exported_total{outcome=\"lost\"} ";
/// How often spans are sent, which OpenTelemetry reads itself.
const OFTEN: [(&str, &str); 1] = [("OTEL_BSP_SCHEDULE_DELAY", "50")];

#[test]
fn what_does_not_fit_is_dropped_and_said_and_nobody_waits_for_it() {
    const QUEUE: usize = 64;
    const MANY: usize = 5_000;
    let here = "traces::what_does_not_fit_is_dropped_and_said_and_nobody_waits_for_it";
    if let Some(logs) = logs_of_itself(here, &OFTEN) {
        assert_eq!(said(&logs, "more spans end than can be sent"), 1, "{logs}");
        assert_eq!(said(&logs, "spans are sent again"), 1, "{logs}");
        assert_eq!(said(&logs, "spans cannot be sent"), 0, "{logs}");
        return;
    }
    runtime::run::<io::Error>(async |_| {
        let (collector, address) = Collector::start(StatusCode::OK).await;
        collector.delay_ms.store(3_000, Relaxed);
        trace_to(address, &QUEUE.to_string());
        let started = Instant::now();
        steps(MANY);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(2), "somebody waited: {took:?}");
        assert_eq!(counted(ENDED), MANY);
        until("what fitted is sent", || counted(SENT) == QUEUE).await;
        assert_eq!((collector.taken.load(Relaxed), counted(LOST)), (QUEUE, 0));

        collector.delay_ms.store(0, Relaxed);
        steps(1);
        until("what comes later is sent", || counted(SENT) == QUEUE + 1).await;
        assert_eq!(collector.taken.load(Relaxed), QUEUE + 1);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_a_collector_does_not_take_is_lost_and_said_once() {
    let here = "traces::what_a_collector_does_not_take_is_lost_and_said_once";
    if let Some(logs) = logs_of_itself(here, &OFTEN) {
        assert_eq!(said(&logs, "spans cannot be sent"), 1, "{logs}");
        assert_eq!(said(&logs, "spans are sent again"), 1, "{logs}");
        return;
    }
    runtime::run::<io::Error>(async |_| {
        let (collector, address) = Collector::start(StatusCode::UNAUTHORIZED).await;
        trace_to(address, "64");
        for refused in 1..=2 {
            steps(1);
            until("it is refused", || counted(LOST) == refused).await;
        }
        collector.status.store(200, Relaxed);
        steps(1);
        until("it is taken", || counted(SENT) == 1).await;
        assert_eq!((counted(ENDED), counted(LOST)), (3, 2));
        Ok(())
    })
    .unwrap();
}

#[test]
fn switched_off_an_address_changes_nothing() {
    let settings = Settings::from_pairs([
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_TRACES_EXPORTER", "none"),
    ]);
    process(&settings, |_, sent| {
        assert_eq!(sent.traceparent.as_deref(), Some(GIVEN));
    });
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let settings = Settings::from_pairs([
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector?key=k_1"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
    ]);
    let error = telemetry::init_traced("test", &settings).unwrap_err().to_string();
    assert!(
        error.contains("OTEL_EXPORTER_OTLP_ENDPOINT is not an address") && !error.contains("k_1"),
        "{error}"
    );
    assert!(error.contains("neither http/protobuf nor http/json"), "{error}");
    assert!(error.contains("OTEL_BSP_MAX_QUEUE_SIZE"), "{error}");
}
