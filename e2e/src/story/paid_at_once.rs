//! The ordinary case: the merchant waits for the intent, the payer pays it, the provider calls back.

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "paid-at-once").await?;
    let mut report = CaseReport::default();

    let answer = scene.create(&body()).await?;
    let (payment, intent) = (
        answer.text("/id").to_owned(),
        answer.text("/channel_intent_id").to_owned(),
    );
    report.note(
        "answer",
        "201 requires_action",
        format!("{} {}", answer.status, answer.text("/status")),
    );
    let is_the_intents = !intent.is_empty() && answer.text("/next_action/client_secret").starts_with(&intent);
    report.note("client_secret of the intent", true, is_the_intents);

    report.note(
        "the payer's card",
        "succeeded",
        scene.pay(&intent, "pm_card_visa").await?,
    );
    let settled = scene.payment_until(&payment, "succeeded").await?;
    report.note("payment", "succeeded", settled.text("/status"));
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));

    let received: Vec<i64> = scene
        .intents_of(&payment)
        .await?
        .iter()
        .map(|intent| intent.amount_received)
        .collect();
    report.note("received at the provider", "[1999]", format!("{received:?}"));
    let list = scene.merchant.api.payments("status=succeeded").await?.success()?;
    let is_listed = list.body["data"]
        .as_array()
        .is_some_and(|list| list.iter().any(|listed| listed["id"] == *payment));
    report.note("in the merchant's list", true, is_listed);
    Ok(report)
}
