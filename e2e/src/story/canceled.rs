//! The merchant calls a payment off before it is paid: it is closed at the provider, and nobody can pay it any more.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, key, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "canceled").await?;
    let mut report = CaseReport::default();
    let (payment, intent) = scene.payable(&body()).await?;

    let (key, wish) = (key(), json!({ "reason": "Out of tea", "operator": "Ada" }));
    let cancel = || scene.merchant.api.cancel(&payment, &key, &wish, Some(20));
    let canceled = cancel().await?;
    report.note(
        "answer",
        "200 canceled",
        format!("{} {}", canceled.status, canceled.text("/status")),
    );
    let again = cancel().await?;
    report.note(
        "the same again",
        "200 canceled true",
        format!(
            "{} {} {}",
            again.status,
            again.text("/status"),
            again.header("idempotent-replayed")
        ),
    );
    report.note(
        "intent at the provider",
        "canceled",
        scene.intent_status(&payment).await?,
    );
    let late = scene.pay(&intent, "pm_card_visa").await?;
    report.note("a payer who comes now", "payment_intent_unexpected_state", late);
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.canceled", told_as_text(&told));
    Ok(report)
}
