//! A worker dies while it has a withdrawal paid out: the owner's account was sent the money once in the end, and the wallet, its
//! statement and the books say so.

use anyhow::ensure;
use serde_json::json;

use super::{
    Play,
    wallets::{WalletEnding, ends},
};
use crate::{
    ending::rest,
    table::{Case, Way},
};

/// The call that sends money to an account.
const SENDING: &str = "POST /v1/transfers";
const FILLED: i64 = 1_000;
const PAID_OUT: i64 = 300;

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    play.workers.start_and_wait().await?;
    let wallet = filled(play).await?;
    let withdrawals = format!("wallets/{wallet}/withdrawals");
    let wish = json!({ "amount_minor": PAID_OUT });
    let withdrawal = play.scene.of_wallets(&withdrawals, &wish).await?.success()?;
    let withdrawal = withdrawal.text("/id").to_owned();
    rest(play.stage, &mut play.workers).await?;
    if case.way == Way::Retried {
        let once = json!({ "fault": "error", "status": 500, "times": 1 });
        play.scene.set_fault(SENDING, once).await?;
    }
    let api = &play.scene.merchant.api;
    let pay = format!("{withdrawals}/{withdrawal}/pay");
    let asked = api.of_wallets(&pay, &e2e::scene::key(), &json!({}), None).await?;
    ensure!(
        asked.status == 202,
        "asked for a payout, ingress answered {}: {}",
        asked.status,
        asked.problem()
    );
    play.die(case).await?;
    let left = FILLED - PAID_OUT;
    let expected = WalletEnding {
        // Filled, set aside, and paid out.
        row: (1, left, 0, 3, 1, left, 0),
        told: vec![
            "wallet.withdrawal_completed".into(),
            "wallet.withdrawal_requested".into(),
        ],
        parked: vec![],
    };
    ends(play, &wallet, Some(&withdrawal), &expected).await?;
    let sandbox = &play.stage.world.sandbox;
    let sent = sandbox.transfers(&play.scene.merchant.account).await?;
    let paid_out: Vec<_> = sent
        .iter()
        .filter(|sent| sent["transfer_group"] == withdrawal.as_str())
        .map(|sent| sent["amount"].as_i64())
        .collect();
    ensure!(
        paid_out == [Some(PAID_OUT)],
        "the provider has sent {paid_out:?} for {withdrawal}"
    );
    play.stage.ensure_books_agree().await
}

/// A wallet with money that is at the provider as well, whose owner has an account there that can be sent some.
async fn filled(play: &Play<'_>) -> anyhow::Result<String> {
    let scene = &play.scene;
    let wish = json!({ "user_id": e2e::scene::key(), "currency": "USD", "account": { "country": "US" } });
    let wallet = scene.wallet(&wish).await?;
    scene.account_until(&wallet, "onboarding").await?;
    let urls =
        json!({ "return_url": "https://shop.example/back", "refresh_url": "https://shop.example/again" });
    let link = scene
        .of_wallets(&format!("wallets/{wallet}/account/onboarding-link"), &urls)
        .await?
        .success()?;
    play.stage.world.sandbox.follow(link.text("/url")).await?;
    let account = scene.account_until(&wallet, "active").await?;
    ensure!(
        account.text("/status") == "active",
        "the account is not active: {account:?}"
    );
    let top_up =
        json!({ "amount": FILLED, "currency": "USD", "wallet_id": wallet, "payment_method": "pm_card_visa" });
    scene.create(&top_up).await?.success()?;
    let filled = scene.balance_until(&wallet, FILLED).await?;
    ensure!(filled == FILLED, "{filled} is in {wallet}");
    Ok(wallet)
}
