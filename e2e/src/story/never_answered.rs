//! The provider opens the intent but its answer never comes. That is not a failure: the next try finds the same intent.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{OPENING, body, keys_of, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "never-answered").await?;
    let mut report = CaseReport::default();
    scene
        .set_fault(OPENING, json!({ "fault": "hang_after", "times": 1 }))
        .await?;

    let answer = scene.create(&body()).await?;
    let payment = answer.text("/id").to_owned();
    let payable = scene.payment_until(&payment, "requires_action").await?;
    report.note("payment", "requires_action", payable.text("/status"));
    let calls = scene.openings().await?;
    let answers: Vec<Option<u16>> = calls.iter().map(|call| call.status).collect();
    report.note("provider answered", "[None, Some(200)]", format!("{answers:?}"));
    report.note("Idempotency-Keys", 1, keys_of(&calls));
    report.note("intents", 1, scene.intents_of(&payment).await?.len());

    scene
        .pay(payable.text("/channel_intent_id"), "pm_card_visa")
        .await?;
    let settled = scene.payment_until(&payment, "succeeded").await?;
    report.note("payment, once paid", "succeeded", settled.text("/status"));
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));
    Ok(report)
}
