//! Payouts and accounts whose job is lost: they are asked about, and come into review when nothing can be learnt of them.

use chrono::TimeDelta;
use domain::{
    channel::Channel,
    connect::{AccountStatus, ConnectedAccount},
    job::CreateTransfer,
    wallet::{Withdrawal, WithdrawalStatus},
};
use serde_json::json;
use store::{Record, Verdict};

use super::{
    ended::{account_of, deauthorized},
    in_review::{called_people, is_in_review, sent_otherwise, told},
};
use crate::{
    support::{World, now, world},
    twice::connect::pending,
};

/// Longer than a call may still be at work.
const LONG_AGO: TimeDelta = TimeDelta::hours(5);

/// A withdrawal has been on its way to an account since long ago; without one, as the version before began it.
async fn on_its_way(world: &World, job: &CreateTransfer, account: Option<&ConnectedAccount>) {
    let requested = world.store.withdrawal(job.withdrawal_id).await.unwrap().unwrap();
    let at = now() - LONG_AGO;
    let begun = Withdrawal {
        status: WithdrawalStatus::Processing,
        channel: Some(Channel::Stripe),
        account_id: account.map(|account| account.id),
        paying_since: account.map(|_| at),
        updated_at: at,
        ..requested
    };
    let record = Record {
        withdrawal: Some(Box::new(begun)),
        ..Record::default()
    };
    assert_eq!(world.recorder.write(record).await.unwrap(), Verdict::Written);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_payout_that_nobody_can_tell_about_comes_into_review() {
    let world = world().await;
    world.funded("anna").await;
    let job = world.withdrawn(world.filled("anna", 1_000).await, "w", 700).await;
    let silence = json!({ "status": 503 });
    world.fault("GET /v1/transfers", "error", silence).await;
    on_its_way(&world, &job, Some(&account_of(&world, "anna").await)).await;
    world
        .wait_until(true, async || is_in_review(&world, &job).await)
        .await;
    assert_eq!(
        told(&world).await,
        ["wallet.withdrawal_needs_review", "wallet.withdrawal_requested"]
    );
    assert_eq!(world.wallet_figures(job.wallet_id).await, (1_000, 700));
    world.mend_provider().await;
    world.withdrawal_until(&job, WithdrawalStatus::Failed).await;
    assert_eq!(world.wallet_figures(job.wallet_id).await, (1_000, 0));
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_payout_that_was_sent_otherwise_comes_into_review() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    let id = world.funded("anna").await;
    let job = world.withdrawn(world.filled("anna", 1_000).await, "w", 700).await;
    sent_otherwise(&world, &job, 701, &id).await;
    on_its_way(&world, &job, Some(&account_of(&world, "anna").await)).await;
    world
        .wait_until(true, async || is_in_review(&world, &job).await)
        .await;
    assert!(called_people());
    assert_eq!(world.wallet_figures(job.wallet_id).await, (1_000, 700));
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_account_that_nobody_can_tell_about_comes_into_review() {
    let world = world().await;
    let silence = json!({ "status": 503 });
    world.fault("GET /v1/accounts", "error", silence).await;
    let account = pending(&world, "anna").await;
    let status = async || {
        let account = world.store.connected_account(account.id).await.unwrap();
        account.unwrap().status
    };
    world.wait_until(AccountStatus::NeedsReview, status).await;
    world.mend_provider().await;
    world.wait_until(AccountStatus::Failed, status).await;
    world.close().await;
}

/// What was begun before accounts could be over went to the one that there was, whichever its owner has by now.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_version_before_began_is_looked_for_at_the_account_that_there_was() {
    let world = world().await;
    let id = world.funded("anna").await;
    let first = account_of(&world, "anna").await;
    let wallet = world.filled("anna", 1_000).await;
    let job = world.withdrawn(wallet, "w", 700).await;
    sent_otherwise(&world, &job, 700, &id).await;
    deauthorized(&world, &id).await;
    let again = world.account_job("again", wallet);
    world.publish(&again).await;
    world.account_until(&again, AccountStatus::Onboarding).await;
    on_its_way(&world, &job, None).await;
    let paid = world.withdrawal_until(&job, WithdrawalStatus::Completed).await;
    assert_eq!(paid.account_id, Some(first.id));
    assert!(paid.paying_since.unwrap() < now() - LONG_AGO / 2);
    world.books_agree().await;
    world.close().await;
}
