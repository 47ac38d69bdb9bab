//! Somebody who does not know the secret claims that a payment was paid: refused, and nothing changes.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{
    Scene, World,
    client::post_callback,
    report::CaseReport,
    scene::{body, told_as_text},
};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "bad-signature").await?;
    let mut report = CaseReport::default();
    let (payment, intent) = scene.payable(&body()).await?;

    let claim = claim(&payment, &intent);
    let forged = format!("t={},v1={}", now_s()?, "0123456789abcdef".repeat(4));
    let attempts = [
        ("unsigned", None),
        ("signed wrongly", Some(forged.as_str())),
        ("nonsense", Some("t=,v1=")),
    ];
    for (what, signature) in attempts {
        let answer = post_callback(&world.http, &scene.merchant.callback_url, &claim, signature).await?;
        report.note(
            what,
            "400 /problems/bad-signature",
            format!("{} {}", answer.status, answer.problem()),
        );
    }

    let told = scene.told_in_the_end(&payment, 0).await?;
    report.note("merchant told", "nothing", told_as_text(&told));
    let payment = scene.merchant.api.payment(&payment).await?;
    report.note("payment", "requires_action", payment.text("/status"));
    Ok(report)
}

/// The forger's clock is right: only the secret is missing.
#[expect(
    clippy::disallowed_methods,
    reason = "the story is apart from Sluice's code, and so from its clock"
)]
fn now_s() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// The event that the provider would send, had the payment been paid.
fn claim(payment: &str, intent: &str) -> Value {
    json!({
        "id": "evt_forged", "object": "event", "type": "payment_intent.succeeded", "created": 1_700_000_000,
        "data": { "object": {
            "id": intent, "object": "payment_intent", "status": "succeeded", "amount": 1999, "amount_received": 1999,
            "currency": "usd", "metadata": { "sluice_payment_id": payment },
        } },
    })
}
