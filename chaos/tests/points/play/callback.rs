//! Ingress dies with a callback in its hands. The provider gets no answer and repeats it by itself.

use e2e::scene::body;

use super::Play;
use crate::{
    ending::{Ending, ends},
    table::Case,
};

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    play.workers.start()?;
    let (payment, intent) = play.scene.payable(&body()).await?;
    play.ingress.stop().await?;
    play.ingress.start_armed(case)?;
    play.ingress.start_and_wait().await?;
    play.scene.pay(&intent, "pm_card_visa").await?;
    play.ingress.die(case).await?;
    play.ingress.start_and_wait().await?;
    ends(
        play.stage,
        &play.scene,
        &mut play.workers,
        &payment,
        &Ending::paid(),
    )
    .await
}
