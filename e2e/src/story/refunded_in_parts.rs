//! A payment is given back in two parts. The second one names no amount, so it is what the first has left.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "refunded-in-parts").await?;
    let mut report = CaseReport::default();
    let (payment, intent) = scene.paid(&body(), "pm_card_visa").await?;

    let part = json!({ "amount": 500, "reason": "requested_by_customer", "operator": "Ada" });
    let first = scene.refund(&payment, &part).await?;
    report.note("a part of it", "201 succeeded 500", shown(&first));
    let rest = scene.refund(&payment, &json!({})).await?;
    report.note("and the rest", "201 succeeded 1499", shown(&rest));
    let more = scene.refund(&payment, &json!({ "amount": 1 })).await?;
    report.note(
        "and a cent more",
        "409 /problems/nothing-left-to-refund",
        format!("{} {}", more.status, more.problem()),
    );

    let given_back = scene.given_back(&intent).await?;
    report.note("given back", "500 succeeded, 1499 succeeded", given_back);
    let told = [
        scene.told_in_the_end(first.text("/id"), 1).await?,
        scene.told_in_the_end(rest.text("/id"), 1).await?,
    ];
    report.note(
        "merchant told of each",
        "refund.succeeded; refund.succeeded",
        told.map(|told| told_as_text(&told)).join("; "),
    );
    Ok(report)
}

fn shown(answer: &crate::Answer) -> String {
    format!(
        "{} {} {}",
        answer.status,
        answer.text("/status"),
        answer.body["amount"]
    )
}
