//! A worker dies while it tries to pay a payment from the merchant's server. The provider's callback is held back until then,
//! so that the first run at least does not hear of it.

use e2e::scene::key;
use serde_json::json;

use super::Play;
use crate::{
    ending::{Ending, ends},
    table::Case,
};

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let payment = play.waiting_for_payer().await?;
    play.scene.set_callbacks(json!({ "paused": true })).await?;
    let api = &play.scene.merchant.api;
    let body = json!({ "payment_method": "pm_card_visa" });
    api.confirm(&payment, &key(), &body, None).await?.success()?;
    play.die(case).await?;
    ends(
        play.stage,
        &play.scene,
        &mut play.workers,
        &payment,
        &Ending::paid(),
    )
    .await?;
    play.ensure_done_once(&payment).await
}
