//! WeChat Pay: the payer scans a code, and all of it is given back. Its refunds are accepted first and made later.

use serde_json::json;

use crate::{Account, Scene, World, report::CaseReport, scene::told_as_text};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "wechat-code").await?;
    let mut report = CaseReport::default();
    world.open_account(&scene.merchant, Account::Wechat).await?;

    let body = json!({ "amount": 660, "currency": "CNY", "method": "wechat_pay", "flow": "qr_code", "channel": "wechat" });
    let answer = scene.create(&body).await?;
    report.note(
        "answer",
        "201 requires_action, wechat, qr_code",
        format!(
            "{} {}, {}, {}",
            answer.status,
            answer.text("/status"),
            answer.text("/channel"),
            answer.text("/next_action/type")
        ),
    );
    let (payment, trade) = (answer.text("/id").to_owned(), answer.text("/channel_intent_id"));
    world
        .sandbox
        .act(
            &format!("/sandbox/wechat/trades/{trade}/pay"),
            json!({ "outcome": "paid" }),
        )
        .await?;
    let paid = scene.payment_until(&payment, "succeeded").await?;
    report.note("payment", "succeeded", paid.text("/status"));
    let refund = scene.refund(&payment, &json!({})).await?;
    let refund = scene.refund_until(refund.text("/id"), "succeeded").await?;
    report.note(
        "all of it back",
        "succeeded 660",
        format!("{} {}", refund.text("/status"), refund.body["amount"]),
    );
    let told = scene.told_in_the_end(&payment, 1).await?;
    report.note("merchant told", "payment.succeeded", told_as_text(&told));
    Ok(report)
}
