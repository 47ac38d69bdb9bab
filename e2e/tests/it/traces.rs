//! Traces as a collector gets them: what hangs together, what is not told, and that nobody waits for a collector.

mod collector;
mod cut_off;
mod returning;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use e2e::{
    Scene,
    scene::{OPENING, body, body_with},
};
use runtime::{Settings, telemetry};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{harness::Sluice, traces::collector::Collector};

const REQUEST: &str = "POST /api/v1/payments";
/// Spans are sent every five seconds.
const LONGER_THAN_A_BATCH: Duration = Duration::from_secs(8);

/// How a callback comes.
const CALLBACK: &str = "POST /api/v1/webhooks/{channel}/{merchant}";

/// The spans of this process go to `collector`. Once for each process, which every test has for itself.
fn trace_to(collector: SocketAddr) {
    trace_through(2048, collector);
}

/// The same, through a queue of so many spans.
fn trace_through(queue: usize, collector: SocketAddr) {
    let settings = Settings::from_pairs([
        ("OTEL_BSP_MAX_QUEUE_SIZE", queue.to_string()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}/")),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json".into()),
        ("LOG_FORMAT", "json".into()),
    ]);
    telemetry::init_traced("sluice", &settings).unwrap();
}

/// A payment that fails to open twice, and is paid.
async fn paid_after_two_errors(scene: &Scene<'_>) -> String {
    let dial = json!({ "fault": "error", "status": 500, "times": 2 });
    scene.set_fault(OPENING, dial).await.unwrap();
    scene.paid(&body(), "pm_card_visa").await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_one_trace_from_its_request_to_its_notification() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let sluice = Sluice::start().await;
    let scene = sluice.scene("one-trace").await;
    let payment = paid_after_two_errors(&scene).await;
    scene.told_in_the_end(&payment, 1).await.unwrap();

    let trace = collector.trace_of(&payment, "deliver notification").await;
    let root = trace.one(REQUEST);
    assert_eq!((root.parent.as_str(), root.kind), ("", collector::SERVER));
    assert_eq!(root.attribute("http.response.status_code"), "201");
    for span in &trace.0 {
        let hangs = trace.0.iter().any(|other| other.id == span.parent);
        assert!(
            hangs || span.id == root.id,
            "{} hangs nowhere: {trace:#?}",
            span.name
        );
    }

    let published = trace.one("publish create_intent");
    assert_eq!(
        (&published.parent, published.kind),
        (&root.id, collector::PRODUCER)
    );
    let tries = trace.all("job create_intent");
    assert!(
        tries
            .iter()
            .all(|job| job.parent == published.id && job.kind == collector::CONSUMER)
    );
    let attempts: Vec<_> = tries.iter().map(|job| job.attribute("attempt")).collect();
    assert_eq!(attempts, ["1", "2", "3"]);
    let outcomes: Vec<_> = tries.iter().map(|job| job.attribute("outcome")).collect();
    assert_eq!(outcomes, ["retry", "retry", "done"]);
    let calls = trace.all("stripe create_intent");
    let called_by: Vec<_> = calls.iter().map(|call| call.parent.as_str()).collect();
    let jobs: Vec<_> = tries.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(called_by, jobs);
    let failed: Vec<_> = calls.iter().map(|call| (call.is_error, call.kind)).collect();
    let client = collector::CLIENT;
    assert_eq!(failed, [(true, client), (true, client), (false, client)]);

    // What the callback has brought is told in the trace of the payment, from the job that opened it.
    let told = trace.one("publish notify_merchant");
    assert!(jobs.contains(&told.parent.as_str()), "{told:?}");
    let delivery = trace.one("deliver notification");
    assert_eq!(delivery.parent, trace.one("job notify_merchant").id);
    assert_eq!(delivery.attribute("http.response.status_code"), "200");
    let callback = collector.until(|spans| {
        let mut callbacks = spans.iter().filter(|span| span.name == "job process_callback");
        callbacks.find(|span| span.links.contains(&root.trace)).cloned()
    });
    let callback = callback.await.unwrap();
    assert_ne!(callback.trace, root.trace);
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_a_merchant_began_goes_on() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let sluice = Sluice::start().await;
    let scene = sluice.scene("their-trace").await;
    let (trace_id, span_id) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let asking = sluice
        .world
        .http
        .post(format!("{}/api/v1/payments", sluice.world.ingress));
    let asking = asking
        .bearer_auth(&scene.merchant.api_key)
        .header("Idempotency-Key", "theirs")
        .header("traceparent", format!("00-{trace_id}-{span_id}-01"))
        .json(&body_with("pm_card_chargeDeclined"));
    let answer: serde_json::Value = asking.send().await.unwrap().json().await.unwrap();
    let payment = answer["id"].as_str().unwrap();
    let trace = collector.trace_of(payment, "deliver notification").await;
    let request = trace.one(REQUEST);
    assert_eq!(
        (request.trace.as_str(), request.parent.as_str()),
        (trace_id, span_id)
    );
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_callbacks_writes_into_no_trace() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let sluice = Sluice::start().await;
    let scene = sluice.scene("their-callback").await;
    let payment = scene.create(&body()).await.unwrap().text("/id").to_owned();
    let trace = collector.trace_of(&payment, "job create_intent").await;
    let root = trace.one(REQUEST);
    let ingress = &sluice.world.ingress;
    for path in [
        format!("/api/v1/webhooks/stripe/{}", scene.merchant.id),
        "/api/v1/unknown".into(),
    ] {
        let asking = sluice.world.http.post(format!("{ingress}{path}"));
        let named = format!("00-{}-{}-01", root.trace, root.id);
        let answer = asking
            .header("traceparent", named)
            .body("{}")
            .send()
            .await
            .unwrap();
        assert_ne!(answer.headers()["x-request-id"], &*root.trace, "{path}");
    }
    for name in [CALLBACK, "POST unmatched"] {
        let found = collector
            .until(|spans| spans.iter().find(|span| span.name == name).cloned())
            .await;
        let found = found.unwrap_or_else(|| panic!("no {name}"));
        assert_ne!(found.trace, root.trace);
        assert_eq!((found.parent.as_str(), found.links.len()), ("", 0));
    }
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_hold_nothing_that_is_secret_or_personal() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let sluice = Sluice::start().await;
    let scene = sluice.scene("silent-traces").await;
    let mut told = body_with("pm_card_visa");
    told["description"] = "for Erika Mustermann".into();
    told["user_id"] = "erika@example.com".into();
    let answer = scene.create(&told).await.unwrap();
    let payment = answer.text("/id").to_owned();
    scene.told_in_the_end(&payment, 1).await.unwrap();
    collector.trace_of(&payment, "deliver notification").await;
    let callback = collector.until(|spans| {
        let is_callback = |span: &&collector::Span| span.name == "job process_callback";
        spans.iter().find(is_callback).map(drop)
    });
    callback.await.unwrap();

    let sent = collector.text();
    let endpoint = sluice.world.sandbox.merchant_endpoint(&scene.merchant.name);
    let (key, account) = (scene.merchant.api_key.as_str(), scene.merchant.account.as_str());
    for secret in [
        key,
        account,
        &endpoint,
        "pm_card_visa",
        "rika",
        "order-1",
        "_secret_",
        "whsec_",
    ] {
        assert!(!sent.contains(secret), "{secret} is told");
    }
    assert!(sent.contains(&payment) && sent.contains(&scene.merchant.id));
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_dead_changes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    trace_to(nobody);
    plays_as_ever().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_changes_nothing() {
    // Connections are made, and wait.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    trace_to(listener.local_addr().unwrap());
    plays_as_ever().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_full_changes_nothing() {
    const QUEUE: usize = 16;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    trace_through(QUEUE, listener.local_addr().unwrap());
    let metrics = plays_as_ever().await;
    let counted = |series: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(series));
        line.map_or(0, |count| count.trim().parse().unwrap())
    };
    let ended: usize = counted("sluice_spans_ended_total ");
    let exported = counted("sluice_spans_exported_total{outcome=\"lost\"} ");
    assert!(
        ended > exported + QUEUE,
        "{ended} spans have ended, {exported} were exported"
    );
    assert_eq!(counted("sluice_spans_exported_total{outcome=\"sent\"} "), 0);
}

/// Plays payments for longer than spans wait, and gives the metrics of all.
async fn plays_as_ever() -> String {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("no-collector").await;
    // Long enough for batches to be sent while payments are opened.
    let (started, wanted) = (Instant::now(), body());
    while started.elapsed() < LONGER_THAN_A_BATCH {
        let answers = futures::future::join_all((0..8).map(|_| scene.create(&wanted))).await;
        let are_open = answers
            .iter()
            .all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 201));
        assert!(are_open, "{answers:?}");
    }
    let (payment, _) = scene.paid(&body(), "pm_card_visa").await.unwrap();
    assert_eq!(scene.told_in_the_end(&payment, 1).await.unwrap().len(), 1);
    let metrics = sluice.metrics().await;
    sluice.stop().await;
    metrics
}
