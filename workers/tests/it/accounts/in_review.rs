//! Payouts and accounts whose end the provider has not told are asked about until it does.

use chrono::TimeDelta;
use domain::{
    connect::AccountStatus,
    job::{ChangeWalletReply, CreateTransfer},
    wallet::{WalletStep, WithdrawalEnd, WithdrawalStatus},
};
use serde_json::{Value, json};

use super::payouts::SENDING;
use crate::support::{Ahead, World, world};

/// Every call there is.
const EVERYTHING: &str = "*";

/// A payout of 700 whose provider answered no try, and was silent when asked.
async fn lost_from_sight(world: &World, fault: &str) -> CreateTransfer {
    world.funded("anna").await;
    let wallet = world.filled("anna", 1_000).await;
    let job = world.withdrawn(wallet, "w", 700).await;
    world.fault(EVERYTHING, fault, json!({})).await;
    world.publish(&job).await;
    world
        .wait_until(true, async || is_in_review(world, &job).await)
        .await;
    job
}

pub async fn is_in_review(world: &World, job: &CreateTransfer) -> bool {
    let withdrawal = world.store.withdrawal(job.withdrawal_id).await.unwrap();
    withdrawal.unwrap().is_in_review()
}

/// What the merchant was told of the withdrawal, in the order of the names.
pub async fn told(world: &World) -> Vec<String> {
    let told = "select coalesce(array_agg(event_type order by event_type), '{}') from notifications
                where event_type like 'wallet.withdrawal%'";
    world.query(told).await
}

async fn balance(world: &World, job: &CreateTransfer) -> (i64, i64) {
    world.wallet_figures(job.wallet_id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_found_when_the_provider_answers_again() {
    let world = world().await;
    let job = lost_from_sight(&world, "hang_after").await;
    assert_eq!(balance(&world, &job).await, (1_000, 700), "it is still set aside");
    assert_eq!(
        told(&world).await,
        ["wallet.withdrawal_needs_review", "wallet.withdrawal_requested"]
    );
    world.mend_provider().await;
    let paid = world.withdrawal_until(&job, WithdrawalStatus::Completed).await;
    assert_eq!(paid.in_review_since, None);
    assert_eq!(balance(&world, &job).await, (300, 0));
    assert_eq!(world.transfers_at_provider().await.len(), 1);
    assert_eq!(
        told(&world).await,
        [
            "wallet.withdrawal_completed",
            "wallet.withdrawal_needs_review",
            "wallet.withdrawal_requested"
        ]
    );
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_sent_is_free_again_when_the_provider_answers_again() {
    let world = world().await;
    let job = lost_from_sight(&world, "hang_before").await;
    world.mend_provider().await;
    let failed = world.withdrawal_until(&job, WithdrawalStatus::Failed).await;
    assert_eq!(failed.in_review_since, None);
    assert_eq!(balance(&world, &job).await, (1_000, 0));
    assert!(world.transfers_at_provider().await.is_empty());
    assert!(
        told(&world)
            .await
            .contains(&"wallet.withdrawal_failed".to_owned())
    );
    // Sent again from where it is parked, it pays nothing any more.
    world.publish(&job).await;
    world.answer_to(&job).await.unwrap();
    assert!(world.transfers_at_provider().await.is_empty());
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_by_hand_what_may_have_been_paid_and_is_told_why() {
    let world = world().await;
    let job = lost_from_sight(&world, "hang_after").await;
    let withdrawal_id = job.withdrawal_id;
    let complete = WalletStep::CompleteWithdrawal {
        withdrawal_id,
        reference: None,
    };
    let reject = WalletStep::RejectWithdrawal {
        withdrawal_id,
        reason: "it does not come".into(),
    };
    for (name, step) in [("c", complete), ("r", reject)] {
        let reply = world
            .ask_wallet(&world.wallet_wish(name, job.wallet_id, step))
            .await;
        let Some(ChangeWalletReply::Refused { code, message }) = reply else {
            panic!("{reply:?}")
        };
        assert_eq!(code, "withdrawal_in_review");
        assert!(message.contains("not known whether it did"), "{message}");
    }
    assert!(is_in_review(&world, &job).await);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_asked_again_and_no_query_is_parked() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    let job = lost_from_sight(&world, "hang_before").await;
    let ended = async || world.ended("query_transfer", "done") >= 2;
    world.wait_until(true, ended).await;
    assert!(is_in_review(&world, &job).await);
    let parked = "select count(*) from job_failures where kind = 'query_transfer'";
    assert_eq!(world.count(parked).await, 0);
    world.close().await;
}

/// A day later the provider knows the idempotency key no more; a second call would pay a second time.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_later_it_is_looked_for_and_not_paid_again() {
    let mut world = world().await;
    let job = lost_from_sight(&world, "hang_after").await;
    world.stop_workers().await;
    world.mend_provider().await;
    world.delete("/sandbox/stripe/idempotency_keys").await;
    let before = world.calls().await.len();
    world.start_workers(Ahead(TimeDelta::hours(25))).await;
    world.publish(&job).await;
    world.withdrawal_until(&job, WithdrawalStatus::Completed).await;
    let calls = world.calls().await.split_off(before);
    assert!(!calls.contains(&SENDING.to_owned()), "{calls:?}");
    assert_eq!(world.transfers_at_provider().await.len(), 1);
    world.books_agree().await;
    world.close().await;
}

/// Whoever sends the parked job again, while it is asked about: one of the two ends it.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_what_was_never_sent_asks_first_and_pays_once() {
    let mut world = world().await;
    let job = lost_from_sight(&world, "hang_before").await;
    world.stop_workers().await;
    world.mend_provider().await;
    world.delete("/sandbox/stripe/idempotency_keys").await;
    let before = world.calls().await.len();
    world.start_workers(Ahead(TimeDelta::hours(25))).await;
    world.publish(&job).await;
    let ended = async || {
        let withdrawal = world.store.withdrawal(job.withdrawal_id).await.unwrap();
        withdrawal.unwrap().status != WithdrawalStatus::Processing
    };
    world.wait_until(true, ended).await;
    let calls = world.calls().await.split_off(before);
    // A day later the books are compared as well.
    let first = calls.iter().find(|route| route.ends_with("/v1/transfers"));
    assert_eq!(first.map(String::as_str), Some("GET /v1/transfers"));
    let sent = world.transfers_at_provider().await.len();
    assert_eq!(calls.iter().filter(|route| *route == SENDING).count(), sent);
    assert_eq!(balance(&world, &job).await, (1_000 - 700 * sent as i64, 0));
    world.books_agree().await;
    world.close().await;
}

/// What a stranger made at the provider under the withdrawal's group and mark.
pub async fn sent_otherwise(world: &World, job: &CreateTransfer, amount: i64, destination: &str) {
    let id = job.withdrawal_id;
    let form = format!(
        "amount={amount}&currency=eur&destination={destination}&transfer_group={id}&metadata[sluice_withdrawal_id]={id}"
    );
    let url = format!("{}/v1/transfers", world.sandbox.base_url());
    let request = world.http.post(url).bearer_auth(&world.account);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let sent = request.body(form).send().await.unwrap();
    sent.error_for_status().unwrap();
}

/// Whether this process, which has to be the test's own, has called people to a payout.
pub fn called_people() -> bool {
    let text = runtime::telemetry::metrics_text();
    let counter = r#"sluice_people_called_total{channel="stripe",about="payout"} "#;
    let count = text.lines().find_map(|line| line.strip_prefix(counter));
    count.is_some_and(|count| count != "0")
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_called_to_what_was_sent_otherwise_than_it_was_asked_for() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    let account = world.funded("anna").await;
    let wallet = world.filled("anna", 1_000).await;
    let job = world.withdrawn(wallet, "w", 700).await;
    let ours = json!({ "match": { "amount": 700 } });
    world.fault(SENDING, "hang_before", ours).await;
    world
        .fault("GET /v1/transfers", "error", json!({ "status": 503 }))
        .await;
    world.publish(&job).await;
    world
        .wait_until(true, async || is_in_review(&world, &job).await)
        .await;
    sent_otherwise(&world, &job, 701, &account).await;
    world.mend_provider().await;
    world.wait_until(true, async || called_people()).await;
    assert!(is_in_review(&world, &job).await);
    assert_eq!(balance(&world, &job).await, (1_000, 700));
    world.books_agree().await;
    world.close().await;
}

/// What was sent otherwise stays so at its provider for good: without an administrator it would be set aside for ever.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_what_can_never_be_told_once_and_it_is_written_down() {
    for (end, status, figures) in [
        (WithdrawalEnd::Failed, WithdrawalStatus::Failed, (1_000, 0)),
        (WithdrawalEnd::Completed, WithdrawalStatus::Completed, (300, 0)),
    ] {
        let world = world().await;
        let account = world.funded("anna").await;
        let wallet = world.filled("anna", 1_000).await;
        let job = world.withdrawn(wallet, "w", 700).await;
        let step = WalletStep::EndWithdrawal {
            withdrawal_id: job.withdrawal_id,
            end,
            reason: "as the dashboard says".into(),
            administrator: "root".into(),
        };
        let early = world.wallet_wish("early", job.wallet_id, step.clone());
        let Some(ChangeWalletReply::Refused { code, .. }) = world.ask_wallet(&early).await else {
            panic!("it was ended before it was begun")
        };
        assert_eq!(code, "withdrawal_not_in_review");
        let ours = json!({ "match": { "amount": 700 } });
        world.fault(SENDING, "hang_before", ours).await;
        world
            .fault("GET /v1/transfers", "error", json!({ "status": 503 }))
            .await;
        world.publish(&job).await;
        world
            .wait_until(true, async || is_in_review(&world, &job).await)
            .await;
        sent_otherwise(&world, &job, 701, &account).await;
        world.mend_provider().await;
        assert!(is_in_review(&world, &job).await);
        let wish = world.wallet_wish("end", job.wallet_id, step);
        // Twice, as its message may come: the second finds what the first has done.
        for _ in 0..2 {
            let reply = world.ask_wallet(&wish).await;
            let Some(ChangeWalletReply::Withdrawal(view)) = reply else {
                panic!("{reply:?}")
            };
            assert_eq!((view.status, view.in_review_since), (status, None));
        }
        assert_eq!(balance(&world, &job).await, figures);
        let audit = format!(
            "select count(*) from audit_log where actor = 'root' and action = 'withdrawal.ended'
             and subject = '{} as {}: as the dashboard says'",
            job.withdrawal_id,
            end.name()
        );
        let written: i64 = world.query(audit.leak()).await;
        assert_eq!(written, 1);
        let told_end = format!("wallet.withdrawal_{}", end.name());
        assert!(told(&world).await.contains(&told_end));
        // The payout's own job, sent again, pays nothing any more.
        world.publish(&job).await;
        world.answer_to(&job).await.unwrap();
        assert_eq!(world.transfers_at_provider().await.len(), 1);
        assert_eq!(balance(&world, &job).await, figures);
        world.books_agree().await;
        world.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_review_is_asked_about_until_its_provider_tells() {
    runtime::telemetry::install_recorder().unwrap();
    for (fault, end) in [
        ("hang_after", AccountStatus::Onboarding),
        ("hang_before", AccountStatus::Failed),
    ] {
        let world = world().await;
        let job = world.account_job("k", world.wallet("anna").await);
        world.fault(EVERYTHING, fault, json!({})).await;
        world.publish(&job).await;
        world.account_until(&job, AccountStatus::NeedsReview).await;
        let before = world.ended("query_account", "done");
        let ended = async || world.ended("query_account", "done") > before;
        world.wait_until(true, ended).await;
        let parked = "select count(*) from job_failures where kind = 'query_account'";
        assert_eq!(world.count(parked).await, 0, "silence is no failure of the query");
        world.mend_provider().await;
        let ended = world.account_until(&job, end).await;
        let made: Vec<Value> = world.accounts_at_provider().await;
        assert_eq!(made.len(), usize::from(end == AccountStatus::Onboarding));
        assert_eq!(
            ended.channel_account_id.is_some(),
            end == AccountStatus::Onboarding
        );
        // In review, and then its end.
        let told = "select count(*) from notifications where event_type = 'account.updated'";
        assert_eq!(world.count(told).await, 2);
        world.close().await;
    }
}
