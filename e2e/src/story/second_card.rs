//! A decline is not the end: the payer tries another card, and the same payment succeeds.

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "second-card").await?;
    let mut report = CaseReport::default();

    let (payment, intent) = scene.payable(&body()).await?;
    report.note(
        "first card",
        "generic_decline",
        scene.pay(&intent, "pm_card_chargeDeclined").await?,
    );
    report.note(
        "payment then",
        "failed",
        scene.payment_until(&payment, "failed").await?.text("/status"),
    );
    report.note(
        "merchant told",
        "payment.failed",
        told_as_text(&scene.told_until(&payment, 1).await?),
    );

    report.note(
        "second card",
        "succeeded",
        scene.pay(&intent, "pm_card_mastercard").await?,
    );
    let settled = scene.payment_until(&payment, "succeeded").await?;
    report.note("payment now", "succeeded", settled.text("/status"));
    report.note(
        "failure left on it",
        "none",
        if settled.body["failure"].is_null() {
            "none"
        } else {
            "one"
        },
    );
    let told = scene.told_in_the_end(&payment, 2).await?;
    report.note(
        "merchant told in all",
        "payment.failed, payment.succeeded",
        told_as_text(&told),
    );
    Ok(report)
}
