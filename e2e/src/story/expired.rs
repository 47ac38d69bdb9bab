//! Nobody pays in time: the payment is closed at the provider, and then here.

use crate::{Scene, World, report::CaseReport, scene::told_as_text};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "expired").await?;
    let mut report = CaseReport::default();
    let (payment, intent) = scene.payable_briefly().await?;

    let expired = scene.payment_until(&payment, "expired").await?;
    report.note("a little later", "expired", expired.text("/status"));
    report.note(
        "intent at the provider",
        "canceled",
        scene.intent_status(&payment).await?,
    );
    let late = scene.pay(&intent, "pm_card_visa").await?;
    report.note("a payer who comes now", "payment_intent_unexpected_state", late);
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.expired", told_as_text(&told));
    Ok(report)
}
