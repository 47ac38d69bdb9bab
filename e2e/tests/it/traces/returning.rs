//! What was kept, is sent again or was lost goes on in the trace of its payment.

use std::time::Duration;

use e2e::scene::{OPENING, body, body_with};
use serde_json::json;

use crate::{
    harness::{Sluice, until},
    traces::{
        collector::{Collector, Span, Trace},
        trace_to,
    },
};

const PUBLISHED: &str = "publish notify_merchant";
const JOB: &str = "job notify_merchant";
const DELIVERY: &str = "deliver notification";

async fn console(sluice: &Sluice, arguments: &[&str]) {
    sluice.world.console.run(arguments, "").await.unwrap();
}

/// Each span of a trace but its first hangs from another.
fn hangs_together(trace: &Trace) {
    for span in &trace.0[1..] {
        let hangs = trace.0.iter().any(|other| other.id == span.parent);
        assert!(hangs, "{} hangs nowhere: {trace:#?}", span.name);
    }
}

/// Those of these names, each under one of those before it.
fn chain<'a>(trace: &'a Trace, names: &[&str]) -> Vec<Vec<&'a Span>> {
    let links: Vec<Vec<&Span>> = names.iter().map(|name| trace.all(name)).collect();
    for pair in links.windows(2) {
        for span in &pair[1] {
            let hangs = pair[0].iter().any(|above| above.id == span.parent);
            assert!(hangs, "{} hangs elsewhere: {trace:#?}", span.name);
        }
    }
    links
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_was_kept_back_is_delivered_in_the_trace_of_its_payment() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let sluice = Sluice::start().await;
    let scene = sluice.scene("kept").await;
    let switch = |verb| [verb, "notifications", &*scene.merchant.id, "--reason", "a test"];
    console(&sluice, &switch("pause")).await;
    // Workers look every second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let answer = scene.create(&body_with("pm_card_visa")).await.unwrap();
    let payment = answer.text("/id");
    let held = "select count(*) from notifications where held_at is not null";
    assert_eq!(until(1, async || sluice.count(held).await).await, 1);
    console(&sluice, &switch("resume")).await;
    scene.told_until(payment, 1).await.unwrap();

    let is_whole = |trace: &Trace| trace.all(JOB).len() == 2;
    let trace = collector.trace_when(payment, is_whole).await;
    hangs_together(&trace);
    let links = chain(&trace, &["job create_intent", PUBLISHED, JOB, DELIVERY]);
    let counts: Vec<usize> = links.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 2, 2, 1], "{trace:#?}");
    // By the job that followed.
    assert_eq!(links[3][0].parent, links[2][1].id);
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_is_sent_again_goes_on_in_the_trace_of_its_payment() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let sluice = Sluice::start().await;
    let scene = sluice.scene("again").await;
    let answer = scene.create(&body_with("pm_card_visa")).await.unwrap();
    let payment = answer.text("/id");
    let told = scene.told_until(payment, 1).await.unwrap();
    let delivered = "select count(*) from notifications where status = 'delivered'";
    assert_eq!(until(1, async || sluice.count(delivered).await).await, 1);
    let again = ["notifications", "resend", &*told[0].id, "--reason", "a test"];
    console(&sluice, &again).await;

    let is_whole = |trace: &Trace| trace.all(JOB).len() == 2;
    let trace = collector.trace_when(payment, is_whole).await;
    hangs_together(&trace);
    let links = chain(&trace, &["job create_intent", PUBLISHED, JOB, DELIVERY]);
    let counts: Vec<usize> = links.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 2, 2, 2], "{trace:#?}");
    assert_ne!(links[3][0].parent, links[3][1].parent);
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_lost_goes_on_in_the_trace_of_its_payment() {
    let collector = Collector::start().await;
    trace_to(collector.address());
    let mut sluice = Sluice::start_with(|config| config.stop_timeout = Duration::from_millis(100)).await;
    let dial = json!({ "route": OPENING, "fault": "hang_before", "times": 1 });
    sluice.world.sandbox.set_fault(dial).await.unwrap();
    let payment = {
        let scene = sluice.scene("lost").await;
        let answer = scene.merchant.api.create("k", &body()).await.unwrap();
        answer.text("/id").to_owned()
    };
    let begun = "select count(*) from payments";
    assert_eq!(until(1, async || sluice.count(begun).await).await, 1);
    // It is put back when it is cut off, and lost with its queue.
    sluice.stop_workers().await;
    let management = sluice.vhost.management();
    let lost = async || !management.take("jobs.create_intent", 5).await.is_empty();
    assert!(until(true, lost).await);
    let long_ago = "with old as (update payments set updated_at = now() - interval '1 hour' returning 1)
                    select count(*) from old";
    assert_eq!(sluice.count(long_ago).await, 1);
    sluice.start_workers().await;
    let opened = "select count(*) from payments where status = 'requires_action'";
    assert_eq!(until(1, async || sluice.count(opened).await).await, 1);

    let is_whole = |trace: &Trace| trace.all("job create_intent").len() == 2;
    let trace = collector.trace_when(&payment, is_whole).await;
    hangs_together(&trace);
    let published = trace.all("publish create_intent");
    let tries = trace.all("job create_intent");
    let outcomes: Vec<_> = tries.iter().map(|job| job.attribute("outcome")).collect();
    assert_eq!(outcomes, ["cut_off", "done"]);
    // The new message is one that the first try has left behind.
    assert_eq!((published.len(), &published[1].parent), (2, &tries[0].id));
    assert_eq!(tries[1].parent, published[1].id);
    sluice.stop().await;
}
