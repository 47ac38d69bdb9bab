//! More is asked back than is left: refused, with what is left, and the provider never hears of it.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{REFUNDING, body},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "refund-too-large").await?;
    let mut report = CaseReport::default();
    let (payment, intent) = scene.paid(&body(), "pm_card_visa").await?;
    scene.refund(&payment, &json!({ "amount": 1500 })).await?;

    let refused = scene.refund(&payment, &json!({ "amount": 500 })).await?;
    report.note(
        "one cent too much",
        "409 /problems/refund-too-large",
        format!("{} {}", refused.status, refused.problem()),
    );
    report.note("left, it says", 499, &refused.body["amount_refundable"]);

    // Two at once who want the same money: it is there for one of them.
    let wanted = json!({ "amount": 300 });
    let (one, other) = tokio::try_join!(scene.refund(&payment, &wanted), scene.refund(&payment, &wanted))?;
    let mut answers = [one.status, other.status];
    answers.sort_unstable();
    report.note(
        "two who want the same 300 of it",
        "[201, 409]",
        format!("{answers:?}"),
    );

    report.note(
        "given back",
        "1500 succeeded, 300 succeeded",
        scene.given_back(&intent).await?,
    );
    let calls = world.sandbox.calls(&scene.merchant.account, REFUNDING).await?;
    report.note("calls to the provider", 2, calls.len());
    Ok(report)
}
