//! What never came to its end is told, too: as what was cut off.

use std::time::Duration;

use e2e::scene::{OPENING, body, body_with};
use serde_json::{Value, json};

use crate::{
    harness::{Sluice, until},
    traces::{
        collector::{Collector, Span, Trace},
        trace_to,
    },
};

const CALL: &str = "stripe create_intent";
const JOB: &str = "job create_intent";
const DELIVERY: &str = "deliver notification";
/// Longer than anything here is waited for.
const ENDLESS: Duration = Duration::from_secs(600);
/// How long the job of a notification may take.
const JOB_TIME: Duration = Duration::from_secs(45);

/// Whether a span is an error, with its outcome and what is said of the error.
fn end(span: &Span) -> (bool, &str, &str) {
    (span.is_error, span.attribute("outcome"), &span.status)
}

async fn hang_once(sluice: &Sluice) {
    let dial: Value = json!({ "route": OPENING, "fault": "hang_before", "times": 1 });
    sluice.world.sandbox.set_fault(dial).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_says_which_jobs_and_calls_it_has_cut_off() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let mut sluice = Sluice::start_with(|config| {
        config.channels.timeout = ENDLESS;
        config.stop_timeout = Duration::from_millis(100);
    })
    .await;
    hang_once(&sluice).await;
    let payment = {
        let scene = sluice.scene("stopped").await;
        let answer = scene.merchant.api.create("k", &body()).await.unwrap();
        let asked = async || !scene.openings().await.unwrap().is_empty();
        assert!(until(true, asked).await);
        answer.text("/id").to_owned()
    };
    sluice.stop_workers().await;
    let is_told = |trace: &Trace| !trace.all(JOB).is_empty();
    let trace = collector.trace_when(&payment, is_told).await;
    let (job, call) = (trace.one(JOB), trace.one(CALL));
    assert_eq!(call.parent, job.id);
    assert_eq!(end(job), (true, "cut_off", "interrupted"));
    assert_eq!((call.is_error, call.attribute("outcome")), (true, "cut_off"));

    // It comes again, to whoever is there.
    sluice.start_workers().await;
    let is_told = |trace: &Trace| trace.all(JOB).len() == 2;
    let trace = collector.trace_when(&payment, is_told).await;
    let jobs = trace.all(JOB);
    assert_eq!(jobs[0].parent, jobs[1].parent);
    assert_eq!(end(jobs[1]), (false, "done", ""));
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_time_is_over_is_told_as_one_with_an_unknown_end() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let sluice = Sluice::start_with(|config| config.channels.timeout = Duration::from_millis(300)).await;
    hang_once(&sluice).await;
    let scene = sluice.scene("overdue").await;
    let payment = scene.payable(&body()).await.unwrap().0;
    let is_told = |trace: &Trace| trace.all(JOB).len() == 2;
    let trace = collector.trace_when(&payment, is_told).await;
    let (jobs, calls) = (trace.all(JOB), trace.all(CALL));
    assert_eq!(
        (calls[0].is_error, calls[0].attribute("outcome")),
        (true, "unknown")
    );
    assert_eq!(calls[0].parent, jobs[0].id);
    assert_eq!(end(jobs[0]), (true, "retry", "outcome_unknown"));
    assert_eq!(end(jobs[1]), (false, "done", ""));
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_its_job_has_no_time_for_is_told_as_cut_off() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let sluice = Sluice::start_with(|config| config.notify_timeout = ENDLESS).await;
    let scene = sluice.scene("endless").await;
    let hanging = json!({ "mode": "hang", "times": 1 });
    let name = &scene.merchant.name;
    sluice.world.sandbox.set_behaviour(name, hanging).await.unwrap();
    let answer = scene.create(&body_with("pm_card_visa")).await.unwrap();
    tokio::time::sleep(JOB_TIME).await;
    let is_told = |trace: &Trace| trace.all("job notify_merchant").len() == 2;
    let trace = collector.trace_when(answer.text("/id"), is_told).await;
    let (jobs, deliveries) = (trace.all("job notify_merchant"), trace.all(DELIVERY));
    assert_eq!(deliveries[0].parent, jobs[0].id);
    assert_eq!(end(deliveries[0]), (true, "cut_off", "cut off"));
    assert_eq!(end(jobs[0]), (true, "retry", "timed_out"));
    assert_eq!(end(jobs[1]), (false, "done", ""));
    assert_eq!(deliveries[1].attribute("http.response.status_code"), "200");
    sluice.stop().await;
}
