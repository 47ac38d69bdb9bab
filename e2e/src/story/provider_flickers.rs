//! The provider answers 500 twice. The third try is the same request under the same key, so there is one intent.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{OPENING, body, keys_of, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "provider-flickers").await?;
    let mut report = CaseReport::default();
    scene
        .set_fault(OPENING, json!({ "fault": "error", "status": 500, "times": 2 }))
        .await?;

    let answer = scene.create(&body()).await?;
    let payment = answer.text("/id").to_owned();
    report.note(
        "answer",
        "201 requires_action",
        format!("{} {}", answer.status, answer.text("/status")),
    );
    let calls = scene.openings().await?;
    let answers: Vec<u16> = calls.iter().map(|call| call.status.unwrap_or_default()).collect();
    report.note("provider answered", "[500, 500, 200]", format!("{answers:?}"));
    report.note("Idempotency-Keys", 1, keys_of(&calls));

    scene
        .pay(answer.text("/channel_intent_id"), "pm_card_visa")
        .await?;
    report.note(
        "payment",
        "succeeded",
        scene.payment_until(&payment, "succeeded").await?.text("/status"),
    );
    report.note("intents", 1, scene.intents_of(&payment).await?.len());
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));
    Ok(report)
}
