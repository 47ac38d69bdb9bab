//! The merchant calls off a payment that was just paid: the provider says so, and the payment stands.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "cancel-too-late").await?;
    let mut report = CaseReport::default();
    let (payment, intent) = scene.payable(&body()).await?;

    // Nobody tells Sluice that it was paid, so that the provider has to when it is asked to close it.
    scene.set_callbacks(json!({ "paused": true })).await?;
    report.note(
        "the payer's card",
        "succeeded",
        scene.pay(&intent, "pm_card_visa").await?,
    );
    let refused = scene.cancel(&payment, &json!({})).await?;
    report.note(
        "cancel",
        "409 /problems/action-refused",
        format!("{} {}", refused.status, refused.problem()),
    );
    report.note("why", "payment_already_paid", refused.text("/code"));
    let stands = scene.merchant.api.payment(&payment).await?;
    report.note("payment", "succeeded", stands.text("/status"));
    scene.set_callbacks(json!({ "paused": false })).await?;
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));
    Ok(report)
}
