//! One kind of work, dying at each of its points in turn.

mod callback;
mod capture_payment;
mod closing;
mod confirm_payment;
mod create_account;
mod create_intent;
mod create_refund;
mod create_transfer;
mod move_payment;
mod notify_merchant;
mod process_callback;
mod query_payment;
mod query_refund;
mod reconcile;
mod refund_ending;
mod request;
mod wallet_payments;
mod wallet_refunds;
mod wallets;

use anyhow::ensure;
use e2e::{Scene, scene::body};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    ending::rest,
    stage::{Actor, Stage},
    table::{Case, Way, Work},
};

const ASK_NOBODY: &str = "update payments set next_query_at = now() + interval '1 hour' where id = $1";
const KEPT: &str = "select outcome->>'outcome' from payment_actions where payment_id = $1";

/// Everybody who takes part. The workers do not run when a case begins.
pub struct Play<'a> {
    stage: &'a Stage,
    scene: Scene<'a>,
    ingress: Actor,
    workers: Actor,
}

impl Play<'_> {
    /// Gives the merchant the accounts that the work needs.
    async fn prepare(&self, work: Work) -> anyhow::Result<()> {
        match work {
            Work::CapturePayment => capture_payment::prepare(self).await,
            Work::MovePayment => move_payment::prepare(self).await,
            Work::Request
            | Work::Callback
            | Work::CreateIntent
            | Work::ProcessCallback
            | Work::NotifyMerchant
            | Work::QueryPayment
            | Work::CreateRefund
            | Work::CreateAccount
            | Work::CreateTransfer
            | Work::QueryRefund
            | Work::CancelPayment
            | Work::ConfirmPayment
            | Work::ExpirePayment
            | Work::CreateWallet
            | Work::ChangeWallet
            | Work::PayFromWallet
            | Work::TopUp
            | Work::RefundIntoWallet
            | Work::RefundOfTopUp
            | Work::CaptureHold
            | Work::GiveToWallet
            | Work::Reconcile => Ok(()),
        }
    }

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
            Work::CreateAccount => create_account::play(self, case).await,
            Work::CreateTransfer => create_transfer::play(self, case).await,
            Work::QueryRefund => query_refund::play(self, case).await,
            Work::CancelPayment => closing::play_cancel(self, case).await,
            Work::ConfirmPayment => confirm_payment::play(self, case).await,
            Work::CapturePayment => capture_payment::play(self, case).await,
            Work::MovePayment => move_payment::play(self, case).await,
            Work::ExpirePayment => closing::play_expiry(self, case).await,
            Work::CreateWallet => wallets::play_opening(self, case).await,
            Work::ChangeWallet => wallets::play_step(self, case).await,
            Work::PayFromWallet => wallet_payments::play_payment(self, case).await,
            Work::TopUp => wallet_payments::play_top_up(self, case).await,
            Work::RefundIntoWallet => wallet_refunds::play_into(self, case).await,
            Work::RefundOfTopUp => wallet_refunds::play_out_of(self, case).await,
            Work::CaptureHold => wallets::play_capture(self, case).await,
            Work::GiveToWallet => wallets::play_gift(self, case).await,
        }
    }

    /// The job waits, dies with its first worker, and is done by a second one.
    async fn die(&mut self, case: &Case) -> anyhow::Result<()> {
        self.workers.start_armed(case)?;
        self.workers.die(case).await?;
        self.stage.calm(&self.scene).await?;
        self.workers.start().map(drop)
    }

    /// A payment that waits for its payer, with no worker running and no query due that could find out about it.
    async fn waiting_for_payer(&mut self) -> anyhow::Result<String> {
        let (payment, _) = self.opened(&body()).await?;
        Ok(payment)
    }

    /// The same for a payment like this; its intent as well.
    async fn opened(&mut self, body: &Value) -> anyhow::Result<(String, String)> {
        self.workers.start_and_wait().await?;
        let (payment, intent) = self.scene.payable(body).await?;
        rest(self.stage, &mut self.workers).await?;
        let put_off = sqlx::query(ASK_NOBODY).bind(id_of(&payment)?);
        let put_off = put_off.execute(&self.stage.database).await?.rows_affected();
        ensure!(put_off == 1, "no query about {payment} could be put off");
        Ok((payment, intent))
    }

    /// Checks that a wish about this payment was carried out, once.
    async fn ensure_done_once(&self, payment: &str) -> anyhow::Result<()> {
        let kept: Vec<String> = sqlx::query_scalar(KEPT)
            .bind(id_of(payment)?)
            .fetch_all(&self.stage.database)
            .await?;
        ensure!(kept == ["done"], "kept of the wish: {kept:?}");
        Ok(())
    }
}

fn id_of(payment: &str) -> anyhow::Result<Uuid> {
    Ok(payment.trim_start_matches("pay_").parse()?)
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
    play.prepare(work).await?;
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
async fn a_worker_dies_opening_an_account() -> anyhow::Result<()> {
    perform("points_create_account", Work::CreateAccount, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_paying_a_withdrawal_out() -> anyhow::Result<()> {
    perform("points_create_transfer", Work::CreateTransfer, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_learning_that_there_is_no_refund() -> anyhow::Result<()> {
    perform("points_query_refund", Work::QueryRefund, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_comparing_a_day() -> anyhow::Result<()> {
    perform("points_reconcile", Work::Reconcile, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_canceling_a_payment() -> anyhow::Result<()> {
    perform("points_cancel_payment", Work::CancelPayment, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_confirming_a_payment() -> anyhow::Result<()> {
    perform("points_confirm_payment", Work::ConfirmPayment, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_capturing_a_payment() -> anyhow::Result<()> {
    perform("points_capture_payment", Work::CapturePayment, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_moving_a_payment_to_another_channel() -> anyhow::Result<()> {
    perform("points_move_payment", Work::MovePayment, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_closing_a_payment_that_expired() -> anyhow::Result<()> {
    perform("points_expire_payment", Work::ExpirePayment, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_paying_from_a_wallet() -> anyhow::Result<()> {
    perform("points_pay_from_wallet", Work::PayFromWallet, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_topping_a_wallet_up() -> anyhow::Result<()> {
    perform("points_top_up", Work::TopUp, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_opening_a_wallet() -> anyhow::Result<()> {
    perform("points_create_wallet", Work::CreateWallet, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_setting_money_of_a_wallet_aside() -> anyhow::Result<()> {
    perform("points_change_wallet", Work::ChangeWallet, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_giving_money_back_into_a_wallet() -> anyhow::Result<()> {
    perform("points_refund_into_wallet", Work::RefundIntoWallet, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_giving_back_what_filled_a_wallet() -> anyhow::Result<()> {
    perform("points_refund_of_top_up", Work::RefundOfTopUp, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_taking_what_a_wallet_held() -> anyhow::Result<()> {
    perform("points_capture_hold", Work::CaptureHold, |_| true).await
}

#[tokio::test]
async fn a_worker_dies_moving_money_between_wallets() -> anyhow::Result<()> {
    perform("points_give_to_wallet", Work::GiveToWallet, |_| true).await
}
