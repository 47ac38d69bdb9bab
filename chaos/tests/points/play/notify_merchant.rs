//! A worker dies while it notifies a merchant.
//!
//! The merchant's endpoint hangs at first. When the worker that waits for it is stopped, all is done but this one job.

use anyhow::ensure;
use e2e::{
    scene::{body_with, key},
    wait,
};
use serde_json::json;
use uuid::Uuid;

use super::Play;
use crate::{
    ending::{Ending, ends, see},
    stage::PATIENCE,
    table::{Case, Way},
};

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let payment = leave_unanswered(play).await?;
    play.stage.calm(&play.scene).await?;
    let mut expected = Ending::paid();
    match case.way {
        Way::Plain | Way::Waited | Way::Asked | Way::Absent => {}
        Way::Retried => behave(play, json!({ "mode": "fail", "times": 1 })).await?,
        Way::Parked => {
            forget(play, &payment).await?;
            expected = expected.parking("notify_merchant");
        }
    }
    play.workers.start_armed(case)?;
    play.workers.die(case).await?;
    play.workers.start()?;
    ends(play.stage, &play.scene, &mut play.workers, &payment, &expected).await
}

/// Leaves nothing to do but to notify the merchant of a payment.
async fn leave_unanswered(play: &mut Play<'_>) -> anyhow::Result<String> {
    behave(play, json!({ "mode": "hang" })).await?;
    play.workers.start()?;
    let accepted = play
        .scene
        .merchant
        .api
        .create(&key(), &body_with("pm_card_visa"))
        .await?
        .success()?;
    let payment = accepted.text("/id").to_owned();
    let look = async || see(play.stage, &play.scene, &payment).await;
    let seen = wait::until(PATIENCE, look, |seen| *seen == Ending::paid()).await?;
    ensure!(seen == Ending::paid(), "it was not paid: {seen:?}");
    play.workers.stop().await?;
    Ok(payment)
}

async fn behave(play: &Play<'_>, behaviour: serde_json::Value) -> anyhow::Result<()> {
    play.stage
        .world
        .sandbox
        .set_behaviour(&play.scene.merchant.name, behaviour)
        .await
}

/// A job that cannot be done: its notification is gone.
async fn forget(play: &Play<'_>, payment: &str) -> anyhow::Result<()> {
    let id: Uuid = payment.trim_start_matches("pay_").parse()?;
    let forgotten = sqlx::query("delete from notifications where payment_id = $1").bind(id);
    forgotten.execute(&play.stage.database).await?;
    Ok(())
}
