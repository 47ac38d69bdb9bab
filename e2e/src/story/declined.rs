//! The payer's only card is declined: the payment fails, and the merchant hears why and what helps.

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "declined").await?;
    let mut report = CaseReport::default();

    let (payment, intent) = scene.payable(&body()).await?;
    let card = scene
        .pay(&intent, "pm_card_chargeDeclinedInsufficientFunds")
        .await?;
    report.note("the payer's card", "insufficient_funds", card);
    let failed = scene.payment_until(&payment, "failed").await?;
    report.note("payment", "failed", failed.text("/status"));
    let why = format!(
        "{}, {}",
        failed.text("/failure/code"),
        failed.text("/failure/next_step")
    );
    report.note(
        "why, and what helps",
        "insufficient_funds, use_another_payment_method",
        why,
    );

    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.failed", told_as_text(&told));
    let next_step = told
        .first()
        .map(|told| told.next_step.clone())
        .unwrap_or_default();
    report.note("told what helps", "use_another_payment_method", next_step);
    Ok(report)
}
