//! What one payment costs, in counts that do not depend on the machine: a guard against getting slower.
//!
//! The payments come one after the other, so that nothing is shared between them: what many share under load is measured by
//! `make bench`. From the request to the notification, everything of ingress and of the workers is counted. What goes on beside, such
//! as the sweeper's looking, comes less than once for each payment, and is left out of the statements. Allocations are those of
//! the whole process, with the sandbox, the client and what goes on beside in it, so their limit is a third above what was seen.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

#[path = "../it/harness.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod harness;

use std::{
    alloc::System,
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use e2e::{Scene, scene::body};
use harness::Sluice;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tracing_subscriber::{EnvFilter, Layer, layer::Context, layer::SubscriberExt, util::SubscriberInitExt};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PAYMENTS: usize = 40;
/// SQL statements, those that commit included.
const STATEMENTS: f64 = 22.0;
/// Messages: `create_intent`, `process_callback` and `notify_merchant`.
const PUBLISHES: f64 = 3.0;
/// For a statement that came twice because of an accident, such as two looks into the outbox for one commit.
const SLACK: f64 = 0.5;
/// Of the whole process.
const ALLOCATIONS: f64 = 24_000.0;

/// Counts statements by their text.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<BTreeMap<String, usize>>>);

impl<S: tracing_subscriber::registry::LookupSpan<'static> + tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut summary = Summary::default();
        event.record(&mut summary);
        *self.0.lock().unwrap().entry(summary.0).or_default() += 1;
    }
}

/// The field of an event that holds the beginning of a statement.
#[derive(Default)]
struct Summary(String);

impl tracing::field::Visit for Summary {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "summary" {
            self.0 = value.to_owned();
        }
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}

#[tokio::test]
async fn a_payment_costs_no_more_than_it_did() {
    let statements = Statements::default();
    let only = EnvFilter::new("sqlx::query=debug");
    tracing_subscriber::registry()
        .with(statements.clone().with_filter(only))
        .init();
    runtime::telemetry::install_recorder().unwrap();
    let sluice =
        Sluice::start_with(|config| config.broker.retry_unit = std::time::Duration::from_secs(1)).await;
    // Of an intent's events the one that counts, as merchants set their endpoints up.
    let merchant = sluice
        .world
        .merchant_called_of("counts", &["payment_intent.succeeded"]);
    let scene = Scene {
        merchant: merchant.await.unwrap(),
        world: &sluice.world,
    };
    // The first fill caches, connections and plans.
    for _ in 0..3 {
        settle(&scene).await;
    }

    let published = published(&sluice).await;
    statements.0.lock().unwrap().clear();
    let allocations = Region::new(ALLOCATOR);
    for _ in 0..PAYMENTS {
        settle(&scene).await;
    }
    let allocated = allocations.change().allocations;
    let mut asked = statements.0.lock().unwrap().clone();
    asked.retain(|_, count| *count * 10 >= PAYMENTS * 9);
    let counts = [
        ("statements", asked.values().sum::<usize>() as f64, STATEMENTS),
        ("publishes", self::published(&sluice).await - published, PUBLISHES),
        ("allocations", allocated as f64, ALLOCATIONS),
    ];
    let each = counts.map(|(what, count, limit)| (what, count / PAYMENTS as f64, limit));
    for (statement, count) in &asked {
        println!("{:6.2} {statement}", *count as f64 / PAYMENTS as f64);
    }
    println!("{each:?}");
    for (what, count, limit) in each {
        assert!(
            count <= limit + SLACK,
            "a payment costs {count:.1} {what}, more than {limit}"
        );
    }
    sluice.stop().await;
}

/// From the request to the merchant's notification. Nothing is asked of ingress while it goes on.
async fn settle(scene: &Scene<'_>) {
    let (payment, intent) = scene.payable(&body()).await.unwrap();
    scene.pay(&intent, "pm_card_visa").await.unwrap();
    let told = scene.told_until(&payment, 1).await.unwrap();
    assert_eq!(told.len(), 1);
}

async fn published(sluice: &Sluice) -> f64 {
    let metrics = sluice.metrics().await;
    let jobs = metrics.lines().filter(|line| {
        line.starts_with("sluice_messages_published_total") && line.contains("target=\"jobs\"")
    });
    // Both listeners show the one recorder of this process.
    let twice: f64 = jobs
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum();
    twice / 2.0
}
