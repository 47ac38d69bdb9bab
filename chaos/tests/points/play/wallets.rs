//! A worker dies while it opens a wallet, or while it sets money of one aside, to be paid out.

use anyhow::ensure;
use e2e::{client::Client, scene::key};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Play;
use crate::{
    ending::{ends_as, rest},
    stage::Stage,
    table::Case,
};

const WAIT_S: u32 = 20;
const FILLED: i64 = 100;
const WITHDRAWN: i64 = 30;

const SEEN: &str = "
select (select count(*) from wallets where id = $1),
       (select coalesce(sum(balance_minor), 0)::bigint from wallets where id = $1),
       (select coalesce(sum(held_minor), 0)::bigint from wallets where id = $1),
       (select count(*) from wallet_transactions where wallet_id = $1),
       (select count(*) from wallet_withdrawals where wallet_id = $1),
       (select coalesce(sum(posting.amount_minor), 0)::bigint
        from wallets wallet
        join ledger_accounts account on account.merchant_id = wallet.merchant_id and account.detail = wallet.user_id
        join ledger_postings posting on posting.account_id = account.id
        where wallet.id = $1),
       (select count(*) from outbox)";

/// Wallets; what is in them, and held; lines, withdrawals; what is posted less what is held; what is left to relay.
type Row = (i64, i64, i64, i64, i64, i64, i64);

/// What is left when all is done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WalletEnding {
    pub(super) row: Row,
    pub(super) told: Vec<String>,
    pub(super) parked: Vec<String>,
}

pub async fn play_opening(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let accepted = ask_for(play, None).await?;
    play.die(case).await?;
    let expected = WalletEnding {
        row: (1, 0, 0, 0, 0, 0, 0),
        told: vec![],
        parked: vec![],
    };
    ends(play, &accepted, None, &expected).await
}

pub async fn play_step(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    play.workers.start_and_wait().await?;
    let wallet = ask_for(play, Some(WAIT_S)).await?;
    let merchant = &play.scene.merchant;
    let world = play.scene.world;
    let administrator = Client::of_administrator(world.http.clone(), &world.ingress, &merchant.id);
    let gift = json!({ "amount_minor": FILLED, "reason": "a gift" });
    let filled = administrator
        .of_wallets(
            &format!("wallets/{wallet}/adjustments"),
            &key(),
            &gift,
            Some(WAIT_S),
        )
        .await?
        .success()?;
    ensure!(filled.body["balance_minor"] == FILLED, "not filled: {filled:?}");
    rest(play.stage, &mut play.workers).await?;

    let body = json!({ "amount_minor": WITHDRAWN });
    let accepted = merchant
        .api
        .of_wallets(&format!("wallets/{wallet}/withdrawals"), &key(), &body, None)
        .await?
        .success()?;
    let withdrawal = accepted.text("/id").to_owned();
    play.die(case).await?;
    let expected = WalletEnding {
        row: (1, FILLED, WITHDRAWN, 2, 1, FILLED - WITHDRAWN, 0),
        told: vec!["wallet.withdrawal_requested".into()],
        parked: vec![],
    };
    ends(play, &wallet, Some(&withdrawal), &expected).await
}

/// Asks for a wallet of a user that nobody has heard of; its id.
async fn ask_for(play: &Play<'_>, wait_s: Option<u32>) -> anyhow::Result<String> {
    let body: Value = json!({ "user_id": key(), "currency": "EUR" });
    let api = &play.scene.merchant.api;
    let answer = api
        .of_wallets("wallets", &key(), &body, wait_s)
        .await?
        .success()?;
    Ok(answer.text("/id").to_owned())
}

pub(super) async fn ends(
    play: &mut Play<'_>,
    wallet: &str,
    withdrawal: Option<&str>,
    expected: &WalletEnding,
) -> anyhow::Result<()> {
    let (stage, scene) = (play.stage, &play.scene);
    let look = async || see(stage, scene, wallet, withdrawal).await;
    ends_as(stage, &mut play.workers, wallet, expected, look).await
}

async fn see(
    stage: &Stage,
    scene: &e2e::Scene<'_>,
    wallet: &str,
    withdrawal: Option<&str>,
) -> anyhow::Result<WalletEnding> {
    let id: Uuid = wallet.trim_start_matches("wal_").parse()?;
    let row: Row = sqlx::query_as(SEEN).bind(id).fetch_one(&stage.database).await?;
    let mut told = Vec::new();
    if let Some(withdrawal) = withdrawal {
        // One that was delivered twice is one.
        let mut heard = scene.told(withdrawal).await?;
        heard.sort_by(|one, other| one.id.cmp(&other.id));
        heard.dedup_by(|one, other| one.id == other.id);
        told = heard.into_iter().map(|told| told.kind).collect();
        told.sort();
    }
    Ok(WalletEnding {
        row,
        told,
        parked: stage.parked().await?,
    })
}
