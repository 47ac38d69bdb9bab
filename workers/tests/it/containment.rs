//! A provider that does not answer is left alone, and its jobs wait without using up tries.

use std::time::Duration;

use channels::ContainmentConfig;
use domain::payment::PaymentStatus;
use serde_json::json;

use crate::support::{request, world_with};

const OPENING: &str = "POST /v1/payment_intents";

#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_puts_jobs_off_and_they_go_on_when_it_closes() {
    let world = world_with(|config| {
        config.channels.containment.open_for = Duration::from_millis(300);
    })
    .await;
    // Enough to open the circuit, and then some for the calls that find out.
    world.fault(OPENING, "reset_before", json!({ "times": 14 })).await;
    let jobs: Vec<_> = (0..12)
        .map(|number| world.job(&format!("k{number}"), request(None)))
        .collect();
    for job in &jobs {
        world.publish(job).await;
    }
    for job in &jobs {
        world
            .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await;
    }
    assert_eq!(world.intents().await.len(), jobs.len());
    let parked = "select count(*) from job_failures where disposition = 'dead_letter'";
    assert_eq!(world.count(parked).await, 0, "no job has used up its tries");
    let kept_back = "select count(*) from payment_records where outcome = 'not_done'
                     and error like '%the circuit is open%'";
    assert!(
        world.count(kept_back).await > 0,
        "some calls were not made while the circuit was open"
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_limit_are_not_made_and_cost_no_try() {
    let world = world_with(|config| {
        config.channels.containment = ContainmentConfig {
            calls_at_once: 1,
            open_for: Duration::from_secs(5),
        };
    })
    .await;
    world
        .fault(OPENING, "slow", json!({ "delay_ms": 300, "times": 3 }))
        .await;
    let jobs: Vec<_> = (0..6)
        .map(|number| world.job(&format!("k{number}"), request(None)))
        .collect();
    for job in &jobs {
        world.publish(job).await;
    }
    for job in &jobs {
        world
            .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await;
    }
    assert_eq!(world.intents().await.len(), jobs.len());
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    let kept_back = "select count(*) from payment_records where outcome = 'not_done'
                     and error like '%as many calls%'";
    assert!(world.count(kept_back).await > 0, "some calls had to wait");
    world.close().await;
}
