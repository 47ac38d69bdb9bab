//! A worker dies while a payment moves on from WeChat Pay, which takes no more requests, to Stripe.

use anyhow::ensure;
use e2e::{Account, scene::key};
use serde_json::{Value, json};

use super::Play;
use crate::{
    ending::{Ending, ends},
    table::Case,
};

const FIRST: &str = "POST /v3/pay/transactions/native";

pub async fn prepare(play: &Play<'_>) -> anyhow::Result<()> {
    let (world, merchant) = (play.scene.world, &play.scene.merchant);
    world.open_account(merchant, Account::Wechat).await?;
    for (channel, priority) in [("wechat", "1"), ("stripe", "2")] {
        let route = [
            "routes",
            "add",
            "--merchant",
            &merchant.id,
            "--channel",
            channel,
            "--priority",
            priority,
        ];
        world.console.run(&route, "").await?;
    }
    Ok(())
}

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let sandbox = &play.scene.world.sandbox;
    sandbox
        .set_fault(json!({ "route": FIRST, "fault": "rate_limit" }))
        .await?;
    let body = json!({ "amount": 990, "currency": "CNY", "method": "wechat_pay", "flow": "qr_code" });
    let accepted = play.scene.merchant.api.create(&key(), &body).await?.success()?;
    play.workers.start_armed(case)?;
    play.workers.die(case).await?;
    // WeChat Pay goes on refusing.
    play.workers.start()?;
    let payment = accepted.text("/id");
    ends(
        play.stage,
        &play.scene,
        &mut play.workers,
        payment,
        &open_elsewhere(),
    )
    .await?;
    let sandbox = &play.scene.world.sandbox;
    let trades: Vec<Value> = sandbox.list("/sandbox/wechat/trades").await?;
    ensure!(trades.is_empty(), "WeChat Pay has {trades:?}");
    Ok(())
}

/// It waits for its payer at Stripe, and nobody was told anything but where.
fn open_elsewhere() -> Ending {
    Ending {
        status: "requires_action".into(),
        charges: 0,
        told: vec![],
        taken_in: 0,
        ..Ending::paid()
    }
}
