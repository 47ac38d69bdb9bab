//! A worker dies while it opens a wallet; while it sets money of one aside, to be paid out; while it takes what was held of one; or
//! while it moves money from one to another.

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
const HELD: i64 = 50;
const CAPTURED: i64 = 20;
const GIVEN: i64 = 40;

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
    ends(play, &accepted, None, &quiet((1, 0, 0, 0, 0, 0, 0))).await
}

pub async fn play_step(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let wallet = given(play).await?;
    let body = json!({ "amount_minor": WITHDRAWN });
    let withdrawal = take(play, &format!("wallets/{wallet}/withdrawals"), &body).await?;
    play.die(case).await?;
    let expected = WalletEnding {
        row: (1, FILLED, WITHDRAWN, 2, 1, FILLED - WITHDRAWN, 0),
        told: vec!["wallet.withdrawal_requested".into()],
        parked: vec![],
    };
    ends(play, &wallet, Some(&withdrawal), &expected).await
}

/// What was held is taken in part, and the rest is free again.
pub async fn play_capture(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let wallet = given(play).await?;
    play.workers.start_and_wait().await?;
    let holds = format!("wallets/{wallet}/holds");
    let body = json!({ "amount_minor": HELD, "reason": "a deposit" });
    let hold = play.scene.of_wallets(&holds, &body).await?.success()?;
    rest(play.stage, &mut play.workers).await?;
    let body = json!({ "amount_minor": CAPTURED });
    take(play, &format!("{holds}/{}/capture", hold.text("/id")), &body).await?;
    play.die(case).await?;
    let left = FILLED - CAPTURED;
    // Filled, held, and captured.
    let expected = quiet((1, left, 0, 3, 0, left, 0));
    ends(play, &wallet, None, &expected).await?;
    play.stage.ensure_books_agree().await
}

/// The two wallets are one record: neither gives or gains without the other.
pub async fn play_gift(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    play.workers.start_and_wait().await?;
    let other = ask_for(play, Some(WAIT_S)).await?;
    let wallet = given(play).await?;
    let body = json!({ "to_wallet_id": other, "amount_minor": GIVEN });
    take(play, &format!("wallets/{wallet}/transfers"), &body).await?;
    play.die(case).await?;
    let left = FILLED - GIVEN;
    ends(play, &wallet, None, &quiet((1, left, 0, 2, 0, left, 0))).await?;
    ends(play, &other, None, &quiet((1, GIVEN, 0, 1, 0, GIVEN, 0))).await?;
    play.stage.ensure_books_agree().await
}

/// Nobody is told, and nothing is parked.
const fn quiet(row: Row) -> WalletEnding {
    WalletEnding {
        row,
        told: vec![],
        parked: vec![],
    }
}

/// A wallet that an administrator has filled, and nothing left to do.
async fn given(play: &mut Play<'_>) -> anyhow::Result<String> {
    play.workers.start_and_wait().await?;
    let wallet = ask_for(play, Some(WAIT_S)).await?;
    let world = play.scene.world;
    let merchant = &play.scene.merchant.id;
    let administrator = Client::of_administrator(world.http.clone(), &world.ingress, merchant);
    let gift = json!({ "amount_minor": FILLED, "reason": "a gift" });
    let adjustments = format!("wallets/{wallet}/adjustments");
    let filled = administrator
        .of_wallets(&adjustments, &key(), &gift, Some(WAIT_S))
        .await?
        .success()?;
    ensure!(filled.body["balance_minor"] == FILLED, "not filled: {filled:?}");
    rest(play.stage, &mut play.workers).await?;
    Ok(wallet)
}

/// Asks for a step that no worker takes yet; the id of what it is about.
async fn take(play: &Play<'_>, path: &str, body: &Value) -> anyhow::Result<String> {
    let api = &play.scene.merchant.api;
    let accepted = api.of_wallets(path, &key(), body, None).await?.success()?;
    Ok(accepted.text("/id").to_owned())
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
