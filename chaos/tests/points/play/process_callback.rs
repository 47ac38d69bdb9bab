//! A worker dies while it takes in the callback that a payment was paid.

use anyhow::ensure;
use e2e::scene::{OPENING, body, body_with, key};
use failpoints::Point;
use serde_json::json;

use super::Play;
use crate::{
    ending::{Ending, ends, rest},
    table::{Case, Way},
};

/// Long enough for a callback to overtake the answer of the call that caused it.
const SLOW_MS: u32 = 1_500;

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let payment = match case.way {
        Way::Retried => come_early(play).await?,
        Way::Plain | Way::Waited | Way::Asked | Way::Absent | Way::Parked => pay(play, case.way).await?,
    };
    play.workers.start_armed(case)?;
    play.workers.die(case).await?;
    play.stage.calm(&play.scene).await?;
    play.workers.start()?;
    let expected = if case.way == Way::Parked {
        contradicted()
    } else {
        Ending::paid()
    };
    ends(play.stage, &play.scene, &mut play.workers, &payment, &expected).await
}

/// The payer pays while no worker runs, or pays another sum than was asked for.
async fn pay(play: &mut Play<'_>, way: Way) -> anyhow::Result<String> {
    play.workers.start()?;
    let (payment, intent) = play.scene.payable(&body()).await?;
    rest(play.stage, &mut play.workers).await?;
    if way == Way::Parked {
        let (sandbox, account) = (&play.stage.world.sandbox, &play.scene.merchant.account);
        sandbox.change_amount(account, &intent, 199).await?;
    }
    let before = play.scene.paid_callbacks(0).await?.len();
    play.scene.pay(&intent, "pm_card_visa").await?;
    until_called_back(play, before + 1).await?;
    Ok(payment)
}

/// The worker that opened the intent died before it could say so, and the next one is answered late.
async fn come_early(play: &mut Play<'_>) -> anyhow::Result<String> {
    let before = play.scene.paid_callbacks(0).await?.len();
    let accepted = play
        .scene
        .merchant
        .api
        .create(&key(), &body_with("pm_card_visa"))
        .await?;
    let opened = Case::at(Point::ProviderCreated);
    play.workers.start_armed(&opened)?;
    play.workers.die(&opened).await?;
    until_called_back(play, before + 1).await?;
    let slow = json!({ "fault": "slow", "delay_ms": SLOW_MS, "times": 1 });
    play.scene.set_fault(OPENING, slow).await?;
    Ok(accepted.success()?.text("/id").to_owned())
}

async fn until_called_back(play: &Play<'_>, count: usize) -> anyhow::Result<()> {
    let callbacks = play.scene.paid_callbacks(count).await?;
    let last = callbacks.get(count - 1).and_then(|callback| callback.status);
    ensure!(
        last == Some(200),
        "ingress did not take the callback: {callbacks:?}"
    );
    Ok(())
}

/// Money moved, but not the sum that was asked for: people decide.
fn contradicted() -> Ending {
    Ending {
        status: "requires_action".into(),
        told: vec![],
        taken_in: 0,
        ..Ending::paid().parking("process_callback")
    }
}
