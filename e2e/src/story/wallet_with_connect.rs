//! A seller has a wallet and an account of its own at Stripe; a payment goes on to it, and a part comes back. What is in the
//! wallet is paid out to the account, once.

use serde_json::json;

use crate::{Scene, World, report::CaseReport, scene::body_with};

/// The call that opens an account.
const OPENING: &str = "POST /v1/accounts";
/// The call that sends money there.
const SENDING: &str = "POST /v1/transfers";

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "connect").await?;
    let mut report = CaseReport::default();
    let seller = json!({ "user_id": "seller-7", "currency": "USD" });
    let wallet = scene.of_wallets("wallets", &seller).await?;
    let wallet = wallet.text("/id").to_owned();
    let account_of = format!("wallets/{wallet}/account");

    // Stripe opens the account and never says so.
    let lost = json!({ "fault": "hang_after", "times": 1 });
    scene.set_fault(OPENING, lost).await?;
    scene.of_wallets(&account_of, &json!({ "country": "US" })).await?;
    let account = scene.account_until(&wallet, "onboarding").await?;
    report.note(
        "an account, though its answer was lost",
        "onboarding",
        account.text("/status"),
    );
    let due = account.text("/requirements/currently_due/0").to_owned();
    report.note("what is required", "business_type", due);
    let seller_account = account.text("/channel_account_id").to_owned();

    let urls =
        json!({ "return_url": "https://shop.example/back", "refresh_url": "https://shop.example/again" });
    let link = scene
        .of_wallets(&format!("{account_of}/onboarding-link"), &urls)
        .await?;
    report.note("a link for the seller", 200, link.status);
    world.sandbox.follow(link.text("/url")).await?;
    let active = scene.account_until(&wallet, "active").await?;
    report.note("once it has told all", "active", active.text("/status"));

    let mut sale = body_with("pm_card_visa");
    sale["destination"] = json!({ "wallet_id": wallet });
    sale["application_fee_minor"] = 301.into();
    let payment = scene.create(&sale).await?;
    let payment = payment.text("/id").to_owned();
    let paid = scene.payment_until(&payment, "succeeded").await?;
    report.note("a sale of 19.99, less 3.01", "succeeded", paid.text("/status"));
    scene.refund(&payment, &json!({ "amount": 500 })).await?;
    let transfers = world.sandbox.transfers(&scene.merchant.account).await?;
    let shown: Vec<String> = transfers
        .iter()
        .map(|sent| {
            let is_sellers = sent["destination"] == seller_account.as_str();
            format!(
                "{} less {}, the seller's: {is_sellers}",
                sent["amount"], sent["amount_reversed"]
            )
        })
        .collect();
    report.note(
        "sent on and taken back",
        "1999 less 500, the seller's: true",
        shown.join("; "),
    );
    paid_out(&scene, &wallet, &seller_account, &mut report).await?;
    Ok(report)
}

/// The wallet is filled by card, and a part of that is sent to the seller's account. Stripe sends it and never says so.
async fn paid_out(
    scene: &Scene<'_>,
    wallet: &str,
    seller_account: &str,
    report: &mut CaseReport,
) -> anyhow::Result<()> {
    let top_up =
        json!({ "amount": 1500, "currency": "USD", "wallet_id": wallet, "payment_method": "pm_card_visa" });
    scene.create(&top_up).await?;
    report.note("in the wallet", 1500, scene.balance_until(wallet, 1500).await?);
    let withdrawals = format!("wallets/{wallet}/withdrawals");
    let withdrawal = scene
        .of_wallets(&withdrawals, &json!({ "amount_minor": 700 }))
        .await?;
    let withdrawal = withdrawal.text("/id").to_owned();
    let lost = json!({ "fault": "hang_after", "times": 1 });
    scene.set_fault(SENDING, lost).await?;
    let pay = format!("{withdrawals}/{withdrawal}/pay");
    scene.of_wallets(&pay, &json!({})).await?;
    report.note("left in the wallet", 800, scene.balance_until(wallet, 800).await?);
    let again = scene.of_wallets(&pay, &json!({})).await?;
    report.note(
        "the withdrawal, asked for again",
        "200 completed",
        format!("{} {}", again.status, again.text("/status")),
    );
    let transfers = scene.world.sandbox.transfers(&scene.merchant.account).await?;
    let sent: Vec<String> = transfers
        .iter()
        .filter(|sent| sent["transfer_group"] == withdrawal.as_str())
        .map(|sent| {
            let is_sellers = sent["destination"] == seller_account;
            format!("{}, the seller's: {is_sellers}", sent["amount"])
        })
        .collect();
    report.note("paid out, once", "700, the seller's: true", sent.join("; "));
    Ok(())
}
