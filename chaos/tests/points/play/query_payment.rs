//! A worker dies while it asks the provider about a payment in review: every call that was to open its intent was cut
//! off, and no question was answered.
//!
//! The provider's callback is held back until the payment is settled, so that nothing but the query can settle it.

use anyhow::ensure;
use e2e::scene::{ASKING, OPENING, body_with, key};
use serde_json::json;

use super::{Play, id_of};
use crate::{
    ending::{Ending, ends, rest},
    table::{Case, Way},
};

/// After so many queries the next one comes an hour later, which is 36 s here: long enough to notice a query that a death
/// took away.
const ASKED_BEFORE: i32 = 100;

/// Nobody waits here until the calls that were cut off are surely over: they are moved back by more than that.
const LET_TIME_PASS: &str = "
with calls as (update payment_records set at = at - interval '1 minute' where payment_id = $1)
update payments set created_at = created_at - interval '1 minute', queries = $2, next_query_at = now() where id = $1";

const QUERIES: &str = "select queries from payments where id = $1";

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
    let queries: i32 = sqlx::query_scalar(QUERIES)
        .bind(id_of(&payment)?)
        .fetch_one(&play.stage.database)
        .await?;
    ensure!(
        queries == ASKED_BEFORE + 1,
        "it took {} queries",
        queries - ASKED_BEFORE
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
    make_due(play, &payment).await?;
    Ok(payment)
}

async fn make_due(play: &Play<'_>, payment: &str) -> anyhow::Result<()> {
    let made = sqlx::query(LET_TIME_PASS)
        .bind(id_of(payment)?)
        .bind(ASKED_BEFORE);
    let made = made.execute(&play.stage.database).await?.rows_affected();
    ensure!(made == 1, "no query about {payment} could be made due");
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
