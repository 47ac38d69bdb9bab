//! A worker dies while it opens an intent that is paid at once. The provider's callback is held back until then, so that
//! nothing but this job is in its hands, and what follows from it.

use anyhow::ensure;
use e2e::{
    Answer,
    scene::{OPENING, body_with, key},
};
use serde_json::{Value, json};

use super::Play;
use crate::{
    ending::{Ending, ends},
    table::{Case, Way},
};

const WAIT_S: u32 = 30;

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    play.scene.set_callbacks(json!({ "paused": true })).await?;
    if let Some(dial) = fault(case.way) {
        play.scene.set_fault(OPENING, dial).await?;
    }
    let answer = match case.way {
        Way::Waited => wait_through_it(play, case).await?,
        Way::Plain | Way::Retried | Way::Asked | Way::Absent | Way::Parked => {
            let accepted = play
                .scene
                .merchant
                .api
                .create(&key(), &body_with("pm_card_visa"))
                .await?;
            play.die(case).await?;
            accepted.success()?
        }
    };
    let expected = if case.way == Way::Parked {
        refused()
    } else {
        Ending::paid()
    };
    ends(
        play.stage,
        &play.scene,
        &mut play.workers,
        answer.text("/id"),
        &expected,
    )
    .await
}

/// The client who waits gets the payment, whichever worker answers.
async fn wait_through_it(play: &mut Play<'_>, case: &Case) -> anyhow::Result<Answer> {
    let api = play.scene.merchant.api.clone();
    let (key, body) = (key(), body_with("pm_card_visa"));
    let (answer, died) = tokio::join!(api.create_and_wait(&key, &body, WAIT_S), play.die(case));
    died?;
    let answer = answer?.success()?;
    ensure!(
        answer.text("/status") == "succeeded",
        "waited for and not done: {answer:?}"
    );
    Ok(answer)
}

fn fault(way: Way) -> Option<Value> {
    match way {
        Way::Plain | Way::Waited | Way::Absent => None,
        Way::Retried => Some(json!({ "fault": "error", "status": 500, "times": 1 })),
        Way::Asked => Some(json!({ "fault": "reset_after" })),
        Way::Parked => Some(json!({ "fault": "error", "status": 400, "code": "parameter_invalid" })),
    }
}

/// The provider wanted none of it.
fn refused() -> Ending {
    Ending {
        status: "failed".into(),
        intents: 0,
        charges: 0,
        told: vec!["payment.failed".into()],
        taken_in: 0,
        ..Ending::paid().parking("create_intent")
    }
}
