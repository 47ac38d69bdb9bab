//! The ledger is checked by the workers by themselves, and what disagrees is shown.

use std::time::Duration;

use e2e::scene::body;
use sqlx::{Connection, PgConnection};

use crate::harness::{Sluice, until};

/// As somebody with all rights could: nothing stops it, and no transfer says why.
const TAMPER: &str = "set session_replication_role = replica; update payments set refunded_minor = 1";

/// What this gauge says; none while nobody has set it.
async fn gauge(sluice: &Sluice, name: &str) -> Option<f64> {
    let metrics = sluice.metrics().await;
    let value = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_check_the_ledger_and_tell_what_disagrees() {
    runtime::telemetry::install_recorder().unwrap();
    let sluice = Sluice::start_with(|workers| workers.ledger_check_every = Duration::from_secs(1)).await;
    let scene = sluice.scene("checked").await;
    scene.paid(&body(), "pm_card_visa").await.unwrap();

    let finished =
        "select least(count(*), 2) from ledger_checks where disagreements = 0 and finished_at >= begun_at";
    assert_eq!(until(2, async || sluice.count(finished).await).await, 2);
    let disagreements = async || gauge(&sluice, "sluice_ledger_disagreements").await;
    assert_eq!(until(Some(0.0), disagreements).await, Some(0.0));
    let age = gauge(&sluice, "sluice_ledger_check_age_seconds").await.unwrap();
    assert!((0.0..60.0).contains(&age), "{age}");
    assert_eq!(
        gauge(&sluice, "sluice_ledger_check_interval_seconds").await,
        Some(1.0)
    );

    let mut owner = PgConnection::connect(&sluice.database.url()).await.unwrap();
    sqlx::raw_sql(TAMPER).execute(&mut owner).await.unwrap();
    assert_eq!(until(Some(1.0), disagreements).await, Some(1.0));
    sluice.stop().await;
}
