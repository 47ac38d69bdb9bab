//! The same request again, at the same moment and later, is the same payment; another request under its key is refused.

use crate::{
    Answer, Scene, World,
    report::CaseReport,
    scene::{body, key, told_as_text},
    wait,
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "same-key-twice").await?;
    let mut report = CaseReport::default();
    let (key, body) = (key(), body());
    let create = || scene.merchant.api.create_and_wait(&key, &body, 20);

    let (first, at_once) = tokio::try_join!(create(), create())?;
    // Ingress answers by itself as soon as the payment is stored and PostgreSQL says so quickly; before, a worker does.
    let later = wait::until(world.patience, create, |answer| answer.status == 200).await?;
    let (payment, intent) = (
        first.text("/id").to_owned(),
        first.text("/channel_intent_id").to_owned(),
    );
    let same = |answer: &Answer| {
        let is_same = (answer.text("/id"), answer.text("/channel_intent_id")) == (&*payment, &*intent);
        if is_same && !intent.is_empty() {
            "the same payment"
        } else {
            "another payment"
        }
    };
    // Either may come second and be answered from what the other left behind.
    let strange = [&first, &at_once]
        .into_iter()
        .find(|answer| !matches!(answer.status, 200 | 201));
    let statuses = strange.map_or_else(|| "200 or 201".into(), |answer| answer.status.to_string());
    report.note("two at the same moment", "200 or 201", statuses);
    report.note("they are", "the same payment", same(&at_once));
    report.note(
        "later",
        "200 the same payment",
        format!("{} {}", later.status, same(&later)),
    );
    report.note("Idempotent-Replayed", "true", later.header("idempotent-replayed"));

    let mut other = body.clone();
    other["amount"] = 2000.into();
    let conflict = scene.merchant.api.create_and_wait(&key, &other, 20).await?;
    let conflict = format!("{} {}", conflict.status, conflict.problem());
    report.note("another body", "409 /problems/idempotency-conflict", conflict);

    scene.pay(&intent, "pm_card_visa").await?;
    report.note(
        "payment",
        "succeeded",
        scene.payment_until(&payment, "succeeded").await?.text("/status"),
    );
    report.note(
        "intents",
        1,
        world.sandbox.intents(&scene.merchant.account).await?.len(),
    );
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));
    Ok(report)
}
