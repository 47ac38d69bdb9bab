//! The payer's bank takes a payment back, and it is decided for the payer. What is disputed cannot be refunded as well.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "disputed").await?;
    let mut report = CaseReport::default();
    let (payment, intent) = scene.paid(&body(), "pm_card_visa").await?;

    let dispute = world
        .sandbox
        .open_dispute(&intent, json!({ "reason": "product_not_received" }))
        .await?;
    // They may arrive in any order.
    scene.told_of_all_until(&payment, "payment.succeeded").await?;
    let told = scene.told_of_all_until(&payment, "dispute.opened").await?;
    report.note(
        "merchant told",
        "payment.succeeded, dispute.opened",
        told_as_text(&told),
    );
    let refund = scene.refund(&payment, &json!({})).await?;
    report.note(
        "a refund meanwhile",
        "409 /problems/nothing-left-to-refund",
        format!("{} {}", refund.status, refund.problem()),
    );
    world.sandbox.close_dispute(&dispute, false).await?;
    let told = scene.told_of_all_until(&payment, "dispute.lost").await?;
    report.note(
        "merchant told in all",
        "payment.succeeded, dispute.opened, dispute.lost",
        told_as_text(&told),
    );
    Ok(report)
}
