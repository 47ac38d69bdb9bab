//! A worker dies while it has yesterday compared, or compares it: a payment of yesterday, whose fee nobody has posted.
//!
//! Each case has a merchant of its own, who has been there since yesterday, so that no older day is due.

use anyhow::ensure;
use e2e::{
    scene::{body_with, key},
    wait,
};
use uuid::Uuid;

use super::Play;
use crate::{ending::rest, stage::PATIENCE, table::Case};

/// The merchant came, and the provider was paid, at the first moment of the newest day that is due.
const SET_BACK: &str = "
update merchants
set created_at = (date_trunc('day', (now() at time zone 'utc') - interval '30 minutes') - interval '1 day')
                 at time zone 'utc'
where id = $1
returning extract(epoch from created_at)::bigint";

const SEEN: &str = "
select count(*), count(*) filter (where status = 'done' and entries = 1 and matched = 1),
       (select count(*) from reconciliation_differences),
       (select count(*) from ledger_transfers where kind = 'fee' and merchant_id = $1),
       (select count(*) from outbox)
from reconciliations where merchant_id = $1";

/// Comparisons, and those that ended with all in agreement; differences, fees, and what is left to relay.
type Seen = (i64, i64, i64, i64, i64);

/// One comparison, which ended and in which all agreed; no difference, one fee, and nothing left to do.
const EXPECTED: Seen = (1, 1, 0, 1, 0);

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let scene = play.stage.scene().await?;
    play.workers.start()?;
    let accepted = scene
        .merchant
        .api
        .create(&key(), &body_with("pm_card_visa"))
        .await?;
    let payment = accepted.success()?.text("/id").to_owned();
    let paid = scene.payment_until(&payment, "succeeded").await?;
    ensure!(paid.text("/status") == "succeeded", "it was not paid: {paid:?}");
    rest(play.stage, &mut play.workers).await?;

    let merchant: Uuid = scene.merchant.id.trim_start_matches("mer_").parse()?;
    let database = &play.stage.database;
    let since: i64 = sqlx::query_scalar(SET_BACK)
        .bind(merchant)
        .fetch_one(database)
        .await?;
    let sandbox = &play.stage.world.sandbox;
    sandbox.date_back(&scene.merchant.account, since).await?;
    play.workers.start_armed(case)?;
    play.workers.die(case).await?;
    play.workers.start()?;

    let see = async || {
        let seen: Seen = sqlx::query_as(SEEN).bind(merchant).fetch_one(database).await?;
        anyhow::Ok(seen)
    };
    let seen = wait::until(PATIENCE, see, |seen| *seen == EXPECTED).await?;
    ensure!(seen == EXPECTED, "expected {EXPECTED:?}, seen {seen:?}");
    rest(play.stage, &mut play.workers).await?;
    let seen = see().await?;
    ensure!(seen == EXPECTED, "it did not stay so: {seen:?}");
    let parked = play.stage.parked().await?;
    ensure!(parked.is_empty(), "parked: {parked:?}");
    Ok(())
}
