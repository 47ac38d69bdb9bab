//! WeChat Pay takes no more requests, so nothing was charged: the next route carries the payment, and the record says why.

use serde_json::json;

use crate::{Account, Scene, World, report::CaseReport};

const OPENING: &str = "POST /v3/pay/transactions/native";

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "other-channel").await?;
    let mut report = CaseReport::default();
    let account = world.open_account(&scene.merchant, Account::Wechat).await?;
    let id = scene.merchant.id.as_str();
    for (channel, priority) in [("wechat", "1"), ("stripe", "2")] {
        let route = [
            "routes",
            "add",
            "--merchant",
            id,
            "--channel",
            channel,
            "--method",
            "wechat_pay",
            "--priority",
            priority,
        ];
        world.console.run(&route, "").await?;
    }
    let dial = json!({ "route": OPENING, "fault": "rate_limit", "account": account });
    world.sandbox.set_fault(dial).await?;

    let body = json!({ "amount": 990, "currency": "CNY", "method": "wechat_pay", "flow": "qr_code" });
    let answer = scene.create(&body).await?;
    report.note(
        "answer",
        "201 requires_action, stripe, qr_code",
        format!(
            "{} {}, {}, {}",
            answer.status,
            answer.text("/status"),
            answer.text("/channel"),
            answer.text("/next_action/type")
        ),
    );
    let explain = ["routes", "explain", "--payment", answer.text("/id")];
    let explained = world.console.run(&explain, "").await?.to_string();
    let says_both = explained.contains("wechat") && explained.contains("stripe");
    report.note("console routes explain names both", true, says_both);
    let intents = scene.intents_of(answer.text("/id")).await?;
    report.note("intents opened", 1, intents.len());
    Ok(report)
}
