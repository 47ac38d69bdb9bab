//! The provider does not come back: three retries, then the payment is failed, its merchant told, and the job parked
//! where people see it, with the reason.

use serde_json::json;

use crate::{
    Scene, World,
    report::CaseReport,
    scene::{OPENING, body, key, keys_of, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "provider-down").await?;
    let mut report = CaseReport::default();
    // Only this amount, so that a later payment shows that nothing else is on its way.
    let dial = json!({ "fault": "error", "status": 503, "match": { "amount": 1999 } });
    scene.set_fault(OPENING, dial).await?;

    let answer = scene.merchant.api.create(&key(), &body()).await?;
    let payment = answer.text("/id").to_owned();
    report.note(
        "answer",
        "202 pending",
        format!("{} {}", answer.status, answer.text("/status")),
    );
    let is_the_payments = answer.header("location") == format!("/api/v1/payments/{payment}");
    report.note("Location of the payment", true, is_the_payments);

    let failed = scene.payment_until(&payment, "failed").await?;
    report.note("payment", "failed", failed.text("/status"));
    let why = format!(
        "{}, {}",
        failed.text("/failure/code"),
        failed.text("/failure/next_step")
    );
    report.note(
        "why, and what helps",
        "provider_unavailable, try_again_later",
        why,
    );
    let parked = scene.parked("dead.create_intent", &payment).await?;
    let parked = parked.map(|letter| {
        let reason = if letter.header("reason").is_empty() {
            "without a reason"
        } else {
            "with its reason"
        };
        format!(
            "{reason}, {}, attempt {}",
            letter.header("error_class"),
            letter.header("attempt")
        )
    });
    let parked = parked.unwrap_or_else(|| "nothing".into());
    report.note(
        "in dead.create_intent",
        "with its reason, provider_unavailable, attempt 4",
        parked,
    );

    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.failed", told_as_text(&told));
    let next_step = told
        .first()
        .map(|told| told.next_step.clone())
        .unwrap_or_default();
    report.note("told what helps", "try_again_later", next_step);
    let calls = scene.openings().await?;
    let refused: Vec<_> = calls
        .into_iter()
        .filter(|call| call.status == Some(503))
        .collect();
    report.note("tries at the provider", 4, refused.len());
    report.note("Idempotency-Keys", 1, keys_of(&refused));
    report.note("intents", 0, scene.intents_of(&payment).await?.len());
    Ok(report)
}
