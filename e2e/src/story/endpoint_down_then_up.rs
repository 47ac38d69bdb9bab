//! The merchant's endpoint is down when it is told of the payment: it is told again, under the same id.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "endpoint-down").await?;
    let mut report = CaseReport::default();
    world
        .sandbox
        .set_behaviour(
            &scene.merchant.name,
            json!({ "mode": "fail", "status": 503, "times": 1 }),
        )
        .await?;

    let (payment, intent) = scene.payable(&body()).await?;
    scene.pay(&intent, "pm_card_visa").await?;
    report.note(
        "payment",
        "succeeded",
        scene.payment_until(&payment, "succeeded").await?.text("/status"),
    );
    let told = scene.told_in_the_end(&payment, 2).await?;
    report.note(
        "merchant told",
        "payment.succeeded, payment.succeeded",
        told_as_text(&told),
    );
    let answers: Vec<u16> = told
        .iter()
        .map(|told| told.answered.unwrap_or_default())
        .collect();
    report.note("endpoint answered", "[503, 200]", format!("{answers:?}"));
    let is_same = told
        .windows(2)
        .all(|pair| pair[0].id == pair[1].id && !pair[0].id.is_empty());
    report.note("same webhook-id", true, is_same);
    report.note("signatures right", true, told.iter().all(|told| told.verified));
    Ok(report)
}
