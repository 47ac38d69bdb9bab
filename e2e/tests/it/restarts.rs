//! Workers that are stopped in the middle of their jobs.

use std::time::Duration;

use e2e::{
    scene::{OPENING, body_with},
    wait,
};
use futures::future::join_all;
use serde_json::json;

use crate::harness::Sluice;

const PAYMENTS: usize = 20;

/// Plays a slow provider and stops the workers while it is at work.
async fn stopped_in_the_middle(stop_timeout: Duration) {
    let mut sluice = Sluice::start_with(|config| config.stop_timeout = stop_timeout).await;
    let merchant = sluice.world.merchant("restarted").await.unwrap();
    let slow = json!({ "route": OPENING, "fault": "slow", "delay_ms": 400, "account": merchant.account });
    sluice.world.sandbox.set_fault(slow).await.unwrap();
    let body = body_with("pm_card_visa");
    let keys: Vec<String> = (0..PAYMENTS).map(|number| format!("order-{number}")).collect();
    let accepted = join_all(keys.iter().map(|key| merchant.api.create(key, &body))).await;
    let payments: Vec<String> = accepted
        .into_iter()
        .map(|answer| answer.unwrap().text("/id").to_owned())
        .collect();
    let calls = async || sluice.world.sandbox.calls(&merchant.account, OPENING).await;
    let at_work = wait::until(sluice.world.patience, calls, |calls| !calls.is_empty())
        .await
        .unwrap();
    assert!(!at_work.is_empty(), "no job was begun");

    sluice.stop_workers().await;
    let paid = merchant.api.payments("status=succeeded&limit=100").await.unwrap();
    let before = paid.body["data"].as_array().map_or(0, Vec::len);
    sluice.start_workers().await;
    println!("{before} of {PAYMENTS} were done when the workers stopped");

    for payment in &payments {
        let ask = async || merchant.api.payment(payment).await;
        let seen = wait::until(sluice.world.patience, ask, |seen| {
            seen.text("/status") == "succeeded"
        })
        .await
        .unwrap();
        assert_eq!(seen.text("/status"), "succeeded", "{payment}: {}", seen.body);
    }
    let intents = sluice.world.sandbox.intents(&merchant.account).await.unwrap();
    let charges: u32 = intents.iter().map(|intent| intent.charges_succeeded).sum();
    assert_eq!((intents.len(), charges as usize), (PAYMENTS, PAYMENTS));
    let received = async || sluice.world.sandbox.received(&merchant.name).await;
    let told = wait::until(sluice.world.patience, received, |told| told.len() >= PAYMENTS)
        .await
        .unwrap();
    let ids: std::collections::HashSet<_> = told.iter().map(|told| &told.id).collect();
    assert_eq!(
        ids.len(),
        PAYMENTS,
        "each merchant is told of each payment, under one id"
    );
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_may_finish_lose_nothing() {
    stopped_in_the_middle(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_cut_off_lose_nothing_and_pay_nothing_twice() {
    stopped_in_the_middle(Duration::from_millis(20)).await;
}
