//! How a refund ends, seen from every side.

use std::collections::BTreeSet;

use anyhow::ensure;
use e2e::{
    Answer,
    scene::{body, key},
};
use serde_json::json;

use super::Play;
use crate::{
    ending::{ends_as, rest},
    stage::Stage,
};

/// What is given back, of 19.99.
pub const AMOUNT: i64 = 700;

/// What is left of a refund, and on its payment, when all is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundEnding {
    /// Its status.
    pub status: String,
    /// The amounts of the payment's refunds at the provider.
    pub made: Vec<i64>,
    /// How much the payment says was given back, and is set aside for that.
    pub figures: (i64, i64),
    /// What its merchant was told about it, each notification once however often it was delivered.
    pub told: Vec<String>,
    /// How many transfers of the ledger are about it: the reservation, and what resolved it.
    pub transfers: i64,
    /// How many messages are in the outbox, whosever they are.
    pub outbox: i64,
    /// The dead-letter queues of the jobs that were given up, each job once however often it was parked.
    pub parked: Vec<String>,
}

impl RefundEnding {
    /// It was made, and everybody knows.
    pub fn made() -> Self {
        Self {
            status: "succeeded".into(),
            made: vec![AMOUNT],
            figures: (AMOUNT, 0),
            told: vec!["refund.succeeded".into()],
            transfers: 2,
            outbox: 0,
            parked: vec![],
        }
    }

    /// It was given up, and the payment has its money.
    pub fn given_up(told: &[&str]) -> Self {
        Self {
            status: "failed".into(),
            made: vec![],
            figures: (0, 0),
            told: told.iter().map(|told| (*told).to_owned()).collect(),
            parked: vec!["dead.create_refund".into()],
            ..Self::made()
        }
    }
}

/// A payment that was paid, and nothing left to do about it; its id.
pub async fn paid(play: &mut Play<'_>) -> anyhow::Result<String> {
    play.workers.start()?;
    let (payment, _) = play.scene.paid(&body(), "pm_card_visa").await?;
    rest(play.stage, &mut play.workers).await?;
    Ok(payment)
}

/// Asks for a part of the payment; the refund's id.
pub async fn ask_for(play: &Play<'_>, payment: &str) -> anyhow::Result<String> {
    let api = &play.scene.merchant.api;
    let wanted = json!({ "amount": AMOUNT });
    let accepted: Answer = api
        .create_refund(payment, &key(), &wanted, None)
        .await?
        .success()?;
    Ok(accepted.text("/id").to_owned())
}

/// Waits until the refund has ended like this, and checks that it stays so and that the books agree.
pub async fn refund_ends(
    play: &mut Play<'_>,
    payment: &str,
    refund: &str,
    expected: &RefundEnding,
) -> anyhow::Result<()> {
    let (stage, scene) = (play.stage, &play.scene);
    let look = async || see(stage, scene, payment, refund).await;
    ends_as(stage, &mut play.workers, refund, expected, look).await?;
    let unbalanced = "select count(*) from (
        select from ledger_postings group by transfer_id, currency, layer having sum(amount_minor) <> 0) off";
    let unbalanced: i64 = sqlx::query_scalar(unbalanced).fetch_one(&stage.database).await?;
    ensure!(unbalanced == 0, "{unbalanced} transfers are not balanced");
    Ok(())
}

/// What there is of a refund now.
pub async fn see(
    stage: &Stage,
    scene: &e2e::Scene<'_>,
    payment: &str,
    refund: &str,
) -> anyhow::Result<RefundEnding> {
    let id = uuid::Uuid::parse_str(payment.trim_start_matches("pay_"))?;
    let figures = "select refunded_minor, refund_reserved_minor from payments where id = $1";
    let figures = sqlx::query_as(figures)
        .bind(id)
        .fetch_one(&stage.database)
        .await?;
    let transfers =
        sqlx::query_scalar("select count(*) from ledger_transfers where subject = $1").bind(refund);
    let outbox = sqlx::query_scalar("select count(*) from outbox");
    let told = scene.told(refund).await?;
    let told: BTreeSet<_> = told.into_iter().map(|told| (told.kind, told.id)).collect();
    let at_provider = stage.world.sandbox.refunds(&scene.merchant.account).await?;
    let intents = scene.intents_of(payment).await?;
    let of_payment = at_provider
        .iter()
        .filter(|made| intents.iter().any(|intent| intent.id == made.payment_intent));
    Ok(RefundEnding {
        status: scene
            .merchant
            .api
            .refund(refund)
            .await?
            .text("/status")
            .to_owned(),
        made: of_payment.map(|made| made.amount).collect(),
        figures,
        told: told.into_iter().map(|(kind, _)| kind).collect(),
        transfers: transfers.fetch_one(&stage.database).await?,
        outbox: outbox.fetch_one(&stage.database).await?,
        parked: stage.parked().await?,
    })
}
