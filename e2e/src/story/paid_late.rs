//! The payer's money arrives after the payment had expired. This merchant does not take late money: it is the merchant's,
//! and it is given back at once.

use crate::{Scene, World, report::CaseReport, scene::told_as_text};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "paid-late").await?;
    let mut report = CaseReport::default();
    let id = scene.merchant.id.as_str();
    let terms = [
        "merchants",
        "set-terms",
        "--merchant",
        id,
        "--late-payments",
        "refund",
    ];
    world.console.run(&terms, "").await?;
    let (payment, intent) = scene.payable_briefly().await?;
    scene.payment_until(&payment, "expired").await?;

    world.sandbox.pay_late(&intent, "pm_card_visa").await?;
    let paid = scene.payment_until(&payment, "succeeded").await?;
    report.note(
        "payment",
        "succeeded, late: true",
        format!("{}, late: {}", paid.text("/status"), paid.body["late"]),
    );
    let refund = scene.refund_of(&payment).await?;
    report.note(
        "refund",
        "succeeded 1999",
        format!(
            "{} {}",
            refund["status"].as_str().unwrap_or("there is none"),
            refund["amount"]
        ),
    );
    // They may arrive in any order.
    for kind in ["payment.expired", "payment.succeeded"] {
        scene.told_of_all_until(&payment, kind).await?;
    }
    let told = scene.told_of_all_until(&payment, "refund.succeeded").await?;
    report.note(
        "merchant told",
        "payment.expired, payment.succeeded, refund.succeeded",
        told_as_text(&told),
    );
    report.note("given back", "1999 succeeded", scene.given_back(&intent).await?);
    Ok(report)
}
