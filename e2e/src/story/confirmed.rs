//! The merchant's server pays with a card it knows: the first is declined, the second pays the same payment.

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "confirmed").await?;
    let mut report = CaseReport::default();
    let (payment, _) = scene.payable(&body()).await?;

    let declined = scene
        .confirm(&payment, "pm_card_chargeDeclinedInsufficientFunds")
        .await?;
    report.note(
        "first card",
        "200 failed, use_another_payment_method",
        format!(
            "{} {}, {}",
            declined.status,
            declined.text("/status"),
            declined.text("/failure/next_step")
        ),
    );
    let paid = scene.confirm(&payment, "pm_card_mastercard").await?;
    report.note(
        "second card",
        "200 succeeded",
        format!("{} {}", paid.status, paid.text("/status")),
    );
    let once_more = scene.confirm(&payment, "pm_card_visa").await?;
    report.note(
        "and a third",
        "409 payment_already_paid",
        format!("{} {}", once_more.status, once_more.text("/code")),
    );
    let charges: u32 = scene
        .intents_of(&payment)
        .await?
        .iter()
        .map(|intent| intent.charges_succeeded)
        .sum();
    report.note("charges", 1, charges);
    let told = scene.told_in_the_end(&payment, 2).await?;
    report.note(
        "merchant told",
        "payment.failed, payment.succeeded",
        told_as_text(&told),
    );
    Ok(report)
}
