//! Ingress dies with a client's request in its hands. The client gets no answer and repeats it under the same key.

use anyhow::ensure;
use e2e::scene::{body_with, key};

use super::Play;
use crate::{
    ending::{Ending, ends},
    table::{Case, Way},
};

const WAIT_S: u32 = 20;

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    play.ingress.stop().await?;
    play.ingress.start_armed(case)?;
    play.ingress.start_and_wait().await?;
    let (key, body) = (key(), body_with("pm_card_visa"));
    let api = &play.scene.merchant.api;
    let cut_off = match case.way {
        Way::Waited => api.create_and_wait(&key, &body, WAIT_S).await,
        Way::Plain | Way::Retried | Way::Asked | Way::Absent | Way::Parked => api.create(&key, &body).await,
    };
    ensure!(cut_off.is_err(), "it was answered: {cut_off:?}");
    play.ingress.die(case).await?;

    play.ingress.start_and_wait().await?;
    let again = api.create(&key, &body).await?.success()?;
    play.workers.start()?;
    let waited = api.create_and_wait(&key, &body, WAIT_S).await?.success()?;
    ensure!(
        again.text("/id") == waited.text("/id"),
        "one key, two payments: {again:?}, {waited:?}"
    );
    ensure!(
        waited.text("/status") == "succeeded",
        "waited for and not done: {waited:?}"
    );
    ends(
        play.stage,
        &play.scene,
        &mut play.workers,
        again.text("/id"),
        &Ending::paid(),
    )
    .await
}
