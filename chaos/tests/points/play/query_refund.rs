//! A worker dies while it learns that the provider never made a refund: every call that was to make it was cut off, and no
//! question was answered.

use anyhow::ensure;
use e2e::scene::REFUNDING;
use serde_json::json;
use uuid::Uuid;

use super::{
    Play,
    refund_ending::{RefundEnding, ask_for, paid, refund_ends},
};
use crate::{ending::rest, table::Case};

/// The call that looks for a refund.
const LOOKING: &str = "GET /v1/refunds";

/// After so many queries the next one comes an hour later, which is 36 s here: long enough to notice a query that a death
/// took away.
const ASKED_BEFORE: i32 = 100;

/// Nobody waits here until the calls that were cut off are surely over: they are moved back by more than that.
const LET_TIME_PASS: &str = "
with calls as (update refund_records set at = at - interval '1 minute' where refund_id = $1)
update refunds set created_at = created_at - interval '1 minute', queries = $2, next_query_at = now() where id = $1";

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let (payment, refund) = lose_sight(play).await?;
    play.stage.world.sandbox.clear_faults().await?;
    play.workers.start_armed(case)?;
    play.workers.die(case).await?;
    play.workers.start()?;
    let expected = RefundEnding::given_up(&["refund.failed", "refund.needs_review"]);
    refund_ends(play, &payment, &refund, &expected).await?;
    let queries: i32 = sqlx::query_scalar("select queries from refunds where id = $1")
        .bind(id_of(&refund)?)
        .fetch_one(&play.stage.database)
        .await?;
    ensure!(
        queries == ASKED_BEFORE + 1,
        "it took {} queries",
        queries - ASKED_BEFORE
    );
    Ok(())
}

/// Leaves a refund in review, its merchant told so, and nothing to do but to ask about it, which is due.
async fn lose_sight(play: &mut Play<'_>) -> anyhow::Result<(String, String)> {
    let payment = paid(play).await?;
    play.scene
        .set_fault(REFUNDING, json!({ "fault": "reset_before" }))
        .await?;
    let silent = json!({ "fault": "error", "status": 503 });
    play.scene.set_fault(LOOKING, silent).await?;
    let refund = ask_for(play, &payment).await?;
    play.workers.start()?;
    let lost = play.scene.refund_until(&refund, "needs_review").await?;
    ensure!(
        lost.text("/status") == "needs_review",
        "it was not lost from sight: {lost:?}"
    );
    rest(play.stage, &mut play.workers).await?;
    let made = sqlx::query(LET_TIME_PASS)
        .bind(id_of(&refund)?)
        .bind(ASKED_BEFORE);
    let made = made.execute(&play.stage.database).await?.rows_affected();
    ensure!(made == 1, "no query about {refund} could be made due");
    Ok((payment, refund))
}

fn id_of(refund: &str) -> anyhow::Result<Uuid> {
    Ok(refund.trim_start_matches("rfd_").parse()?)
}
