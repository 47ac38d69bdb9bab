//! One kind of work, dying at each of its points in turn.

mod callback;
mod create_intent;
mod create_refund;
mod notify_merchant;
mod process_callback;
mod query_payment;
mod query_refund;
mod reconcile;
mod refund_ending;
mod request;

use anyhow::ensure;
use e2e::Scene;

use crate::{
    stage::{Actor, Stage},
    table::{Case, Way, Work},
};

/// Everybody who takes part. The workers do not run when a case begins.
pub struct Play<'a> {
    stage: &'a Stage,
    scene: Scene<'a>,
    ingress: Actor,
    workers: Actor,
}

impl Play<'_> {
    async fn case(&mut self, work: Work, case: &Case) -> anyhow::Result<()> {
        self.stage.calm(&self.scene).await?;
        self.stage.forget_parked().await?;
        self.ingress.start_and_wait().await?;
        match work {
            Work::Request => request::play(self, case).await,
            Work::Callback => callback::play(self, case).await,
            Work::CreateIntent => create_intent::play(self, case).await,
            Work::ProcessCallback => process_callback::play(self, case).await,
            Work::NotifyMerchant => notify_merchant::play(self, case).await,
            Work::QueryPayment => query_payment::play(self, case).await,
            Work::Reconcile => reconcile::play(self, case).await,
            Work::CreateRefund => create_refund::play(self, case).await,
            Work::QueryRefund => query_refund::play(self, case).await,
        }
    }
}

/// Plays the cases of some work, all of them even when one fails, and shows which did.
async fn perform(name: &str, work: Work, is_wanted: impl Fn(&Case) -> bool) -> anyhow::Result<()> {
    let stage = Stage::set(name).await?;
    let mut play = Play {
        scene: stage.scene().await?,
        ingress: stage.ingress(),
        workers: stage.workers(),
        stage: &stage,
    };
    // The queues are there from now on.
    play.workers.start_and_wait().await?;
    play.workers.stop().await?;
    let mut failures = Vec::new();
    for case in work.cases().iter().filter(|case| is_wanted(case)) {
        println!("{work:?}, {case}");
        if let Err(error) = play.case(work, case).await {
            failures.push(format!("{work:?}, {case}: {error:#}"));
            play.workers = stage.workers();
            play.ingress = stage.ingress();
        }
    }
    drop(play);
    ensure!(
        failures.is_empty(),
        "{}\n\nlogs in {}",
        failures.join("\n\n"),
        stage.logs.display()
    );
    stage.strike().await
}

#[tokio::test]
async fn ingress_dies_on_a_request() -> anyhow::Result<()> {
    perform("points_request", Work::Request, |_| true).await
}

#[tokio::test]
async fn ingress_dies_on_a_callback() -> anyhow::Result<()> {
    perform("points_callback", Work::Callback, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_opening_an_intent() -> anyhow::Result<()> {
    perform("points_create_intent", Work::CreateIntent, |case| {
        case.way == Way::Plain
    })
    .await
}

#[tokio::test]
async fn a_worker_dies_opening_an_intent_with_difficulty() -> anyhow::Result<()> {
    perform("points_create_intent_2", Work::CreateIntent, |case| {
        case.way != Way::Plain
    })
    .await
}

#[tokio::test]
async fn a_worker_dies_taking_in_a_callback() -> anyhow::Result<()> {
    perform("points_process_callback", Work::ProcessCallback, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_notifying_a_merchant() -> anyhow::Result<()> {
    perform("points_notify_merchant", Work::NotifyMerchant, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_asking_about_a_payment() -> anyhow::Result<()> {
    perform("points_query_payment", Work::QueryPayment, |case| {
        case.way == Way::Plain
    })
    .await
}

#[tokio::test]
async fn a_worker_dies_learning_that_there_is_no_intent() -> anyhow::Result<()> {
    perform("points_query_payment_2", Work::QueryPayment, |case| {
        case.way != Way::Plain
    })
    .await
}

#[tokio::test]
async fn a_worker_dies_giving_money_back() -> anyhow::Result<()> {
    perform("points_create_refund", Work::CreateRefund, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_learning_that_there_is_no_refund() -> anyhow::Result<()> {
    perform("points_query_refund", Work::QueryRefund, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_comparing_a_day() -> anyhow::Result<()> {
    perform("points_reconcile", Work::Reconcile, |_| true).await
}
