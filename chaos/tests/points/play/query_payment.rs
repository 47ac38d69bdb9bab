//! A worker dies while it asks the provider about a payment in review: every call that was to open its intent was cut
//! off, and no question was answered.
//!
//! The provider's callback is held back until the payment is settled, so that nothing but the query can settle it.

use anyhow::ensure;
use e2e::{
    scene::{ASKING, OPENING, body_with, key},
    wait,
};
use serde_json::json;
use uuid::Uuid;

use super::Play;
use crate::{
    ending::{Ending, ends, rest},
    stage::PATIENCE,
    table::{Case, Way},
};

/// Longer than the provider may take to finish a call that was cut off: three times as long as a call may take.
const SETTLING_S: f64 = 12.1;

/// Whether the next query is due, and about calls that are all over by now.
const IS_DUE: &str = "
select coalesce(next_query_at, updated_at) <= now() and updated_at < now() - make_interval(secs => $2)
from payments where id = $1";

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let payment = lose_sight(play, case.way).await?;
    play.stage.world.sandbox.clear_faults().await?;
    play.workers.start_armed(case)?;
    play.workers.die(case).await?;
    play.workers.start()?;

    let expected = ending(case.way);
    let settled = play.scene.payment_until(&payment, &expected.status).await?;
    ensure!(
        settled.text("/status") == expected.status,
        "no query settled it: {settled:?}"
    );
    play.stage.calm(&play.scene).await?;
    ends(play.stage, &play.scene, &mut play.workers, &payment, &expected).await
}

/// Leaves a payment in review, its merchant told so, and nothing to do but to ask about it, which is due.
async fn lose_sight(play: &mut Play<'_>, way: Way) -> anyhow::Result<String> {
    let cut_off = if way == Way::Absent {
        "reset_before"
    } else {
        "reset_after"
    };
    play.scene.set_callbacks(json!({ "paused": true })).await?;
    play.scene.set_fault(OPENING, json!({ "fault": cut_off })).await?;
    let silent = json!({ "fault": "error", "status": 503 });
    play.scene.set_fault(ASKING, silent).await?;
    let api = &play.scene.merchant.api;
    let accepted = api.create(&key(), &body_with("pm_card_visa")).await?.success()?;
    let payment = accepted.text("/id").to_owned();
    play.workers.start()?;
    let lost = play.scene.payment_until(&payment, "needs_review").await?;
    ensure!(
        lost.text("/status") == "needs_review",
        "it was not lost from sight: {lost:?}"
    );
    rest(play.stage, &mut play.workers).await?;
    until_due(play, &payment).await?;
    Ok(payment)
}

async fn until_due(play: &Play<'_>, payment: &str) -> anyhow::Result<()> {
    let id: Uuid = payment.trim_start_matches("pay_").parse()?;
    let look = async || {
        let due = sqlx::query_scalar(IS_DUE).bind(id).bind(SETTLING_S);
        anyhow::Ok(due.fetch_one(&play.stage.database).await?)
    };
    let is_due = wait::until(PATIENCE, look, |is_due| *is_due).await?;
    ensure!(is_due, "no query about {payment} is due");
    Ok(())
}

/// The merchant was told first that the payment is in review. The job that gave up stays parked.
fn ending(way: Way) -> Ending {
    let paid = Ending::paid().parking("create_intent");
    if way == Way::Absent {
        Ending {
            status: "failed".into(),
            intents: 0,
            charges: 0,
            told: vec!["payment.failed".into(), "payment.needs_review".into()],
            taken_in: 0,
            ..paid
        }
    } else {
        Ending {
            told: vec!["payment.needs_review".into(), "payment.succeeded".into()],
            ..paid
        }
    }
}
