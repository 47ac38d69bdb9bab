//! A worker dies while it has an account of a user opened: the user has one in the end, and so has the provider.

use anyhow::ensure;
use serde_json::json;

use super::Play;
use crate::{
    ending::rest,
    table::{Case, Way},
};

/// The call that opens an account.
const OPENING: &str = "POST /v1/accounts";

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    play.workers.start_and_wait().await?;
    let user = format!("user-{}", e2e::scene::key());
    let wish = json!({ "user_id": user, "currency": "USD" });
    let wallet = play.scene.of_wallets("wallets", &wish).await?;
    let wallet = wallet.text("/id").to_owned();
    rest(play.stage, &mut play.workers).await?;
    if case.way == Way::Retried {
        let once = json!({ "fault": "error", "status": 500, "times": 1 });
        play.scene.set_fault(OPENING, once).await?;
    }
    let key = e2e::scene::key();
    let body = json!({ "country": "US" });
    let path = format!("wallets/{wallet}/account");
    let asked = play
        .scene
        .merchant
        .api
        .of_wallets(&path, &key, &body, None)
        .await?;
    ensure!(
        asked.status == 202,
        "asked for an account, ingress answered {}",
        asked.status
    );
    play.die(case).await?;
    let account = play.scene.account_until(&wallet, "onboarding").await?;
    ensure!(
        account.text("/status") == "onboarding",
        "the account is {}",
        account.text("/status")
    );
    let id = account.text("/id").to_owned();
    let made = play
        .stage
        .world
        .sandbox
        .accounts(&play.scene.merchant.account)
        .await?;
    let of_user = made
        .iter()
        .filter(|made| made["metadata"]["sluice_account_id"] == id.as_str());
    ensure!(
        of_user.count() == 1,
        "the provider has other accounts of {id}: {made:?}"
    );
    rest(play.stage, &mut play.workers).await
}
