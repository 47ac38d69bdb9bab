//! Workers that are told to stop while the provider is at work for them.

use anyhow::ensure;
use e2e::{
    scene::{OPENING, body_with, key},
    wait,
};
use serde_json::{Value, json};

use crate::{
    crowd::all_is_settled,
    stage::{Cast, PATIENCE, Stage, replace, stop},
};

/// One payment whose worker is told to stop in the middle of the call. Gives what the worker said.
async fn stopped_in_the_call(
    name: &str,
    settings: &[(&str, &str)],
    mut fault: Value,
) -> anyhow::Result<String> {
    let cast = Cast {
        ingresses: 1,
        workers: 1,
        settings,
    };
    let mut stage = Stage::set(name, cast).await?;
    let merchant = stage.world.merchant("stopped").await?;
    fault["route"] = OPENING.into();
    fault["account"] = merchant.account.as_str().into();
    stage.world.sandbox.set_fault(fault).await?;
    let accepted = merchant.api.create(&key(), &body_with("pm_card_visa")).await?;
    let payment = accepted.success()?.text("/id").to_owned();
    let calls = async || stage.world.sandbox.calls(&merchant.account, OPENING).await;
    let calls = wait::until(PATIENCE, calls, |calls| !calls.is_empty()).await?;
    ensure!(!calls.is_empty(), "the provider was not called");

    let worker = &mut stage.workers[0];
    stop(worker).await?;
    let said = worker.log();
    stage.world.sandbox.clear_faults().await?;
    *worker = chaos::fleet::Process::start(worker.launch.clone())?;
    worker.ready(PATIENCE).await?;
    all_is_settled(&stage, &merchant, &[payment]).await?;
    let keys: std::collections::BTreeSet<_> = stage
        .world
        .sandbox
        .calls(&merchant.account, OPENING)
        .await?
        .into_iter()
        .map(|call| call.idempotency_key)
        .collect();
    ensure!(keys.len() == 1, "called under {keys:?}");
    replace(&mut stage.workers[0]).await?;
    stage.strike().await?;
    Ok(said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_call_is_waited_for() -> anyhow::Result<()> {
    let slow = json!({ "fault": "slow", "delay_ms": 1500, "times": 1 });
    let said = stopped_in_the_call("slow_call", &[], slow).await?;
    ensure!(!said.contains("cut off"), "{said}");
    ensure!(said.contains("job done"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_hangs_is_cut_off() -> anyhow::Result<()> {
    let hang = json!({ "fault": "hang_after", "times": 1 });
    let settings = [("STOP_TIMEOUT_MS", "300"), ("CHANNEL_TIMEOUT_MS", "10000")];
    let said = stopped_in_the_call("hanging_call", &settings, hang).await?;
    ensure!(said.contains("job cut off"), "{said}");
    ensure!(said.contains("\"stopped\""), "{said}");
    Ok(())
}
