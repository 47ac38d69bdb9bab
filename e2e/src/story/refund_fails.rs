//! A refund fails after it had succeeded: the payer's bank sends the money back. The merchant is told, and may try again.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "refund-fails").await?;
    let mut report = CaseReport::default();
    let (payment, intent) = scene.paid(&body(), "pm_card_visa").await?;

    let made = scene.refund(&payment, &json!({})).await?;
    let refund = made.text("/id").to_owned();
    report.note(
        "refund",
        "201 succeeded",
        format!("{} {}", made.status, made.text("/status")),
    );
    world
        .sandbox
        .settle_refund(made.text("/channel_refund_id"), false)
        .await?;
    let failed = scene.refund_until(&refund, "failed").await?;
    report.note("the bank sends it back", "failed", failed.text("/status"));
    report.note("it says why", true, !failed.text("/failure/message").is_empty());
    let told = scene.told_until(&refund, 2).await?;
    report.note(
        "merchant told",
        "refund.succeeded, refund.failed",
        told_as_text(&told),
    );

    let again = scene.refund(&payment, &json!({})).await?;
    report.note(
        "asked for again",
        "201 succeeded 1999",
        format!(
            "{} {} {}",
            again.status,
            again.text("/status"),
            again.body["amount"]
        ),
    );
    let given_back = scene.given_back(&intent).await?;
    report.note("at the provider", "1999 failed, 1999 succeeded", given_back);
    Ok(report)
}
