//! A worker dies while it has PayPal capture what the payer has agreed to. PayPal's word that it did is held back until then.

use anyhow::ensure;
use e2e::{Account, Scene, wait};
use serde::Deserialize;
use serde_json::json;

use super::{Play, id_of};
use crate::{
    ending::{Ending, ends_as, see},
    stage::{PATIENCE, Stage},
    table::Case,
};

/// The callback that a capture is done.
const CAPTURED: &str = "PAYMENT.CAPTURE.COMPLETED";
const TAKEN_IN: &str = "select count(*) from payment_callbacks where payment_id = $1 and event_type = $2";
/// Between the payer's word and the money the payment is at work; whether that is told depends on what is heard first.
const AT_WORK: &str = "payment.processing";

/// An order or a capture at PayPal.
#[derive(Debug, Deserialize)]
struct Line {
    status: String,
}

pub async fn prepare(play: &Play<'_>) -> anyhow::Result<()> {
    let account = Account::Paypal;
    play.scene
        .world
        .open_account(&play.scene.merchant, account)
        .await
        .map(drop)
}

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let body = json!({
        "amount": 2450, "currency": "EUR", "method": "paypal", "return_url": "https://shop.example/back",
    });
    let (payment, order) = play.opened(&body).await?;
    let sandbox = &play.scene.world.sandbox;
    sandbox
        .act(&format!("/sandbox/paypal/orders/{order}/approve"), json!({}))
        .await?;
    let waiting = wait::until(
        PATIENCE,
        async || play.stage.waiting().await,
        |waiting| !waiting.is_empty(),
    )
    .await?;
    ensure!(!waiting.is_empty(), "PayPal has not called back about {order}");
    sandbox.set_callbacks(json!({ "paused": true })).await?;
    play.die(case).await?;
    let Play {
        stage,
        scene,
        workers,
        ..
    } = play;
    let look = async || captured(stage, scene, &payment, &order).await;
    ends_as(stage, workers, &payment, &Ending::paid(), look).await
}

/// What there is now, with PayPal's side of it.
async fn captured(stage: &Stage, scene: &Scene<'_>, payment: &str, order: &str) -> anyhow::Result<Ending> {
    let sandbox = &scene.world.sandbox;
    let orders: Vec<Line> = sandbox
        .list(&format!("/sandbox/paypal/orders?custom_id={payment}"))
        .await?;
    let captures: Vec<Line> = sandbox
        .list(&format!("/sandbox/paypal/captures?order={order}"))
        .await?;
    let paid = captures.iter().filter(|capture| capture.status == "COMPLETED");
    let taken_in = sqlx::query_scalar(TAKEN_IN).bind(id_of(payment)?).bind(CAPTURED);
    let mut ending = Ending {
        intents: orders.len(),
        charges: u32::try_from(paid.count())?,
        taken_in: taken_in.fetch_one(&stage.database).await?,
        ..see(stage, scene, payment).await?
    };
    ending.told.retain(|told| told != AT_WORK);
    Ok(ending)
}
