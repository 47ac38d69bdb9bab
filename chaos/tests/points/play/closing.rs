//! A worker dies while it closes a payment that waits for its payer: because its merchant wants it, or because its time is
//! over. The provider calls back about paid payments only, so nothing but the job closes it here.

use anyhow::ensure;
use e2e::scene::key;
use serde_json::json;

use super::{Play, id_of};
use crate::{
    ending::{Ending, ends},
    table::Case,
};

/// After so many attempts the next one comes six hours later, which is minutes here: long enough to notice one that a death
/// took away.
const CLOSED_BEFORE: i32 = 100;

const LET_EXPIRE: &str =
    "update payments set expires_at = now() - interval '1 second', closings = $2 where id = $1";
const CLOSINGS: &str = "select closings from payments where id = $1";

pub async fn play_cancel(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let payment = play.waiting_for_payer().await?;
    let api = &play.scene.merchant.api;
    api.cancel(&payment, &key(), &json!({}), None).await?.success()?;
    play.die(case).await?;
    let expected = closed("canceled");
    ends(play.stage, &play.scene, &mut play.workers, &payment, &expected).await?;
    play.ensure_done_once(&payment).await
}

pub async fn play_expiry(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let payment = play.waiting_for_payer().await?;
    let id = id_of(&payment)?;
    let expired = sqlx::query(LET_EXPIRE).bind(id).bind(CLOSED_BEFORE);
    expired.execute(&play.stage.database).await?;
    play.die(case).await?;
    let expected = closed("expired");
    ends(play.stage, &play.scene, &mut play.workers, &payment, &expected).await?;
    let closings = sqlx::query_scalar(CLOSINGS).bind(id);
    let closings: i32 = closings.fetch_one(&play.stage.database).await?;
    let attempts = closings - CLOSED_BEFORE;
    ensure!(attempts == 1, "it took {attempts} attempts");
    Ok(())
}

/// Closed everywhere, and the merchant was told.
fn closed(status: &str) -> Ending {
    Ending {
        status: status.into(),
        charges: 0,
        told: vec![format!("payment.{status}")],
        taken_in: 0,
        ..Ending::paid()
    }
}
