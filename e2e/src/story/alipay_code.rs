//! Alipay: the payer scans a code. A part is given back, and a stranger's notification is not believed.

use serde_json::json;

use crate::{Account, Scene, World, report::CaseReport, scene::told_as_text};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "alipay-code").await?;
    let mut report = CaseReport::default();
    world.open_account(&scene.merchant, Account::Alipay).await?;

    let body = json!({ "amount": 8800, "currency": "CNY", "method": "alipay", "flow": "qr_code" });
    let answer = scene.create(&body).await?;
    report.note(
        "answer",
        "201 requires_action, alipay, qr_code",
        format!(
            "{} {}, {}, {}",
            answer.status,
            answer.text("/status"),
            answer.text("/channel"),
            answer.text("/next_action/type")
        ),
    );
    let is_drawn = answer.text("/next_action/svg").contains("<svg");
    report.note("the code, drawn", true, is_drawn);
    let (payment, trade) = (answer.text("/id").to_owned(), answer.text("/channel_intent_id"));
    world
        .sandbox
        .act(
            &format!("/sandbox/alipay/trades/{trade}/pay"),
            json!({ "outcome": "paid" }),
        )
        .await?;
    let paid = scene.payment_until(&payment, "succeeded").await?;
    report.note("payment", "succeeded", paid.text("/status"));
    let refund = scene.refund(&payment, &json!({ "amount": 800 })).await?;
    report.note(
        "8 yuan back",
        "201 succeeded 800",
        format!(
            "{} {} {}",
            refund.status,
            refund.text("/status"),
            refund.body["amount"]
        ),
    );
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));
    Ok(report)
}
