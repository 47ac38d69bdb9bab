//! The provider calls back before it answers the call that opened the intent: the callback is accepted and waits.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body_with, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "callback-before-intent").await?;
    let mut report = CaseReport::default();
    scene.set_callbacks(json!({ "before_answer": true })).await?;

    let answer = scene.create(&body_with("pm_card_visa")).await?;
    let payment = answer.text("/id").to_owned();
    report.note(
        "answer",
        "201 succeeded",
        format!("{} {}", answer.status, answer.text("/status")),
    );
    let callbacks = scene.paid_callbacks(1).await?;
    let answers: Vec<u16> = callbacks
        .iter()
        .map(|callback| callback.status.unwrap_or_default())
        .collect();
    report.note("callback answered", "[200]", format!("{answers:?}"));
    // Both are RFC 3339 in UTC, with more or fewer digits of the second: their order is that of their texts without the Z.
    let stored_at = answer.text("/updated_at").trim_end_matches('Z');
    let came_first = callbacks
        .first()
        .is_some_and(|callback| callback.sent_at.trim_end_matches('Z') < stored_at);
    report.note("callback before the intent was stored", true, came_first);

    report.note(
        "payment",
        "succeeded",
        scene.payment_until(&payment, "succeeded").await?.text("/status"),
    );
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));
    report.note("intents", 1, scene.intents_of(&payment).await?.len());
    let parked = scene.world.rabbit.peek("dead.process_callback").await?;
    let parked = parked
        .iter()
        .filter(|letter| letter.payload.contains(&scene.merchant.id))
        .count();
    report.note("callbacks parked", 0, parked);
    Ok(report)
}
