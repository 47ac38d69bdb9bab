//! The provider sends every callback three times: the payment is settled once.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "callback-three-times").await?;
    let mut report = CaseReport::default();
    scene.set_callbacks(json!({ "duplicate": 3 })).await?;

    let (payment, intent) = scene.payable(&body()).await?;
    scene.pay(&intent, "pm_card_visa").await?;
    let callbacks = scene.paid_callbacks(3).await?;
    let answers: Vec<u16> = callbacks
        .iter()
        .map(|callback| callback.status.unwrap_or_default())
        .collect();
    report.note("callbacks answered", "[200, 200, 200]", format!("{answers:?}"));
    report.note(
        "payment",
        "succeeded",
        scene.payment_until(&payment, "succeeded").await?.text("/status"),
    );
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));
    let charges: u32 = scene
        .intents_of(&payment)
        .await?
        .iter()
        .map(|intent| intent.charges_succeeded)
        .sum();
    report.note("charges", 1, charges);
    Ok(report)
}
