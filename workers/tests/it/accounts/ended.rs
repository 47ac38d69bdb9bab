//! Accounts that are over, payouts that are taken back, and who is told.

use domain::{
    connect::{AccountStatus, ConnectedAccount},
    job::CreateTransferReply,
    wallet::WithdrawalStatus,
};
use serde_json::json;

use super::{destinations::to, in_review::called_people, payouts::SENDING};
use crate::support::{World, world, world_with};

/// The owner of an account has taken it from the merchant, and the merchant was told.
pub async fn deauthorized(world: &World, id: &str) {
    taken_away(world, id).await;
    told_so(world, id).await;
}

async fn taken_away(world: &World, id: &str) {
    let path = format!("/sandbox/stripe/accounts/{id}/deauthorize");
    world.post(&path, json!({})).await;
}

async fn told_so(world: &World, id: &str) {
    let application = json!({ "id": "ca_sandbox", "object": "application" });
    let event = "account.application.deauthorized";
    world
        .publish(&world.callback_of(Some(id), "evt_gone", event, &application))
        .await;
    let gone = "select count(*) from connected_accounts where ended_as = 'deauthorized'";
    world.wait_until(1, async || world.count(gone).await).await;
}

pub async fn account_of(world: &World, user: &str) -> ConnectedAccount {
    let user = user.parse().unwrap();
    let account = world.store.account_of_user(world.merchant_id, &user);
    account.await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_taken_away_is_used_no_more_and_another_may_be_asked_for() {
    let world = world().await;
    let id = world.funded("anna").await;
    let wallet = world.filled("anna", 1_000).await;
    let payout = world.withdrawn(wallet, "w", 700).await;
    deauthorized(&world, &id).await;
    let account = account_of(&world, "anna").await;
    assert_eq!(account.status, AccountStatus::Deauthorized);
    assert!(!account.abilities.transfers_enabled);
    let told = "select (payload::jsonb) #>> '{data,status}' from notifications
                where event_type = 'account.updated' order by created_at desc limit 1";
    let told: String = world.query(told).await;
    assert_eq!(told, "deauthorized");
    // News of it from before change nothing.
    let object = json!({ "id": id, "object": "account" });
    world
        .publish(&world.callback_of(Some(&id), "evt_late", "account.updated", &object))
        .await;
    let late = "select count(*) from payment_callbacks where event_id = 'evt_late'";
    world.wait_until(1, async || world.count(late).await).await;

    let reply = world.answer_to(&payout).await.unwrap();
    let CreateTransferReply::Refused { code, .. } = serde_json::from_slice(&reply).unwrap() else {
        panic!("it is paid out")
    };
    assert_eq!(code, "account_over");
    world.publish(&world.job("to", to(&id))).await;
    let parked = world.parked("create_intent").await;
    assert!(parked.to_string().contains("is deauthorized"), "{parked}");
    assert!(!world.calls().await.contains(&SENDING.to_owned()));

    let again = world.account_job("again", wallet);
    world.publish(&again).await;
    let other = world.account_until(&again, AccountStatus::Onboarding).await;
    assert_eq!(account_of(&world, "anna").await.id, other.id);
    assert_eq!(world.parked_for("process_callback", "refused").await, 0);
    world.close().await;
}

/// The two callbacks come in any order, and the provider does not show the account that the first is about.
#[tokio::test(flavor = "multi_thread")]
async fn news_of_an_account_that_was_taken_away_wait_for_the_word_that_it_was() {
    let world = world_with(|config| config.broker.retry_unit *= 25).await;
    let id = world.activated("anna").await;
    taken_away(&world, &id).await;
    let object = json!({ "id": id, "object": "account" });
    world
        .publish(&world.callback_of(Some(&id), "evt_early", "account.updated", &object))
        .await;
    let retried =
        "select count(*) from job_failures where kind = 'process_callback' and disposition = 'retry'";
    world.wait_until(1, async || world.count(retried).await).await;
    told_so(&world, &id).await;
    let early = "select count(*) from payment_callbacks where event_id = 'evt_early'";
    world.wait_until(1, async || world.count(early).await).await;
    assert_eq!(world.parked_for("process_callback", "refused").await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_refused_for_good_may_have_another_account() {
    let world = world().await;
    let id = world.activated("anna").await;
    world
        .post(&format!("/sandbox/stripe/accounts/{id}/reject"), json!({}))
        .await;
    let object = json!({ "id": id, "object": "account" });
    world
        .publish(&world.callback_of(Some(&id), "evt_no", "account.updated", &object))
        .await;
    let gone = "select count(*) from connected_accounts where ended_as = 'rejected'";
    world.wait_until(1, async || world.count(gone).await).await;
    assert_eq!(account_of(&world, "anna").await.status, AccountStatus::Rejected);
    let again = world.account_job("again", world.wallet("anna").await);
    world.publish(&again).await;
    world.account_until(&again, AccountStatus::Onboarding).await;
    assert_eq!(world.accounts_at_provider().await.len(), 2);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_called_to_a_payout_that_was_taken_back() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    world.funded("anna").await;
    let wallet = world.filled("anna", 1_000).await;
    let job = world.withdrawn(wallet, "w", 700).await;
    world.publish(&job).await;
    let paid = world.withdrawal_until(&job, WithdrawalStatus::Completed).await;
    let mut sent = world.transfers_at_provider().await.remove(0);
    sent["amount_reversed"] = json!(200);
    let reversed = world.callback("evt_back", "transfer.reversed", &sent);
    world.publish(&reversed).await;
    let parked = async || world.parked_for("process_callback", "mismatch").await;
    world.wait_until(1, parked).await;
    assert!(called_people());
    let letter = world.parked("process_callback").await.to_string();
    let id = job.withdrawal_id.to_string();
    assert!(
        letter.contains("were taken back") && letter.contains(&id),
        "{letter}"
    );
    // It is not taken for known: told again, it waits for people again.
    world.publish(&reversed).await;
    world.parked("process_callback").await;
    // Whose it is now is for people to say.
    assert_eq!(
        world.store.withdrawal(job.withdrawal_id).await.unwrap(),
        Some(paid)
    );
    assert_eq!(world.wallet_figures(wallet).await, (300, 0));
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_before_it_was_known_to_be_sent_is_for_people() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    world.funded("anna").await;
    let wallet = world.filled("anna", 1_000).await;
    let job = world.withdrawn(wallet, "w", 700).await;
    world.fault(SENDING, "hang_after", json!({})).await;
    world
        .fault("GET /v1/transfers", "error", json!({ "status": 503 }))
        .await;
    world.publish(&job).await;
    let review = "select count(*) from wallet_withdrawals where in_review_since is not null";
    world.wait_until(1, async || world.count(review).await).await;
    let sent = world.transfers_at_provider().await.remove(0);
    let url = format!(
        "{}/v1/transfers/{}/reversals",
        world.sandbox.base_url(),
        sent["id"].as_str().unwrap()
    );
    let request = world.http.post(url).bearer_auth(&world.account);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request
        .body("amount=200")
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    world.mend_provider().await;
    world.wait_until(true, async || called_people()).await;
    let withdrawal = world.store.withdrawal(job.withdrawal_id).await.unwrap().unwrap();
    assert!(
        withdrawal.is_in_review(),
        "it does not count as paid, and gives nothing back"
    );
    assert_eq!(world.wallet_figures(wallet).await, (1_000, 700));
    world.books_agree().await;
    world.close().await;
}
