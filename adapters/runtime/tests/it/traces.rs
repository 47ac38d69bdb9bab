//! Traces of a process without a collector, and with one that does not answer when the process ends.

use std::{
    io,
    net::TcpListener,
    time::{Duration, Instant},
};

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
    // Read by OpenTelemetry itself, which takes no other settings than the environment's.
    if std::env::var_os("OTEL_TRACES_SAMPLER").is_none() {
        let again = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "traces::a_job_that_begins_a_trace_is_sampled_as_is_said_here",
            ])
            .env("OTEL_TRACES_SAMPLER", "parentbased_always_off")
            .status();
        assert!(again.unwrap().success());
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
    ]);
    let error = telemetry::init_traced("test", &settings).unwrap_err().to_string();
    assert!(
        error.contains("OTEL_EXPORTER_OTLP_ENDPOINT is not an address") && !error.contains("k_1"),
        "{error}"
    );
    assert!(error.contains("neither http/protobuf nor http/json"), "{error}");
}
