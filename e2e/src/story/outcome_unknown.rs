//! The provider answers nothing that tells whether it opened the intent, not even when asked. Nobody may guess: people
//! look at it.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{ASKING, body, key, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "outcome-unknown").await?;
    let mut report = CaseReport::default();
    scene
        .set_fault("*", json!({ "fault": "error", "status": 503 }))
        .await?;

    let answer = scene.merchant.api.create(&key(), &body()).await?;
    let payment = answer.text("/id").to_owned();
    let reviewed = scene.payment_until(&payment, "needs_review").await?;
    report.note("payment", "needs_review", reviewed.text("/status"));
    let why = format!(
        "{}, {}",
        reviewed.text("/failure/code"),
        reviewed.text("/failure/next_step")
    );
    report.note("why, and what helps", "outcome_unknown, wait", why);
    report.note("tries at the provider", 4, scene.openings().await?.len());
    let asked = world.sandbox.calls(&scene.merchant.account, ASKING).await?;
    report.note("provider was asked", true, !asked.is_empty());

    let told = scene.told_until(&payment, 1).await?;
    report.note("merchant told", "payment.needs_review", told_as_text(&told));
    let parked = scene.parked("dead.create_intent", &payment).await?;
    let parked = parked.map_or_else(|| "nothing".into(), |letter| letter.header("error_class"));
    report.note("in dead.create_intent", "outcome_unknown", parked);
    Ok(report)
}
