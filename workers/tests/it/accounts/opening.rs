//! Opening accounts: one for each user, whatever goes wrong on the way and whoever asks how often.

use domain::{
    connect::AccountStatus,
    currency::Currency,
    job::{AccountWish, CreateAccountReply},
};
use futures::future::join_all;
use serde_json::{Value, json};

use super::OPENING;
use crate::support::{key, world};

/// Something that goes wrong with every try, or with the first so many; and how the account ends.
struct Trouble(&'static str, Value, AccountStatus);

fn troubles() -> Vec<Trouble> {
    use AccountStatus::{Failed, Onboarding};
    vec![
        Trouble("hang_before", json!({ "times": 1 }), Onboarding),
        Trouble("hang_after", json!({ "times": 1 }), Onboarding),
        Trouble("malformed", json!({ "times": 1 }), Onboarding),
        Trouble("error", json!({ "times": 3, "status": 503 }), Onboarding),
        // Only asking tells what the provider did.
        Trouble("hang_after", json!({}), Onboarding),
        Trouble("reset_after", json!({}), Onboarding),
        Trouble("error_after", json!({ "status": 500 }), Onboarding),
        Trouble("hang_before", json!({}), Failed),
        Trouble("error", json!({ "status": 500 }), Failed),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_trouble_ends_as_its_provider_has_it() {
    let world = world().await;
    let troubles = troubles();
    let mut jobs = Vec::new();
    for (number, Trouble(fault, more, _)) in troubles.iter().enumerate() {
        let user = format!("user-{number}");
        let job = world.account_job(&user, world.wallet(&user).await);
        let mut dial = more.clone();
        dial["match"] = json!({ "metadata": { "sluice_account_id": job.account_id() } });
        world.fault(OPENING, fault, dial).await;
        jobs.push(job);
    }
    join_all(jobs.iter().map(|job| world.publish(job))).await;
    for (job, Trouble(fault, more, end)) in jobs.iter().zip(&troubles) {
        world.account_until(job, *end).await;
        let made = world.accounts_at_provider().await;
        let mark = json!(job.account_id());
        let of_job = made
            .iter()
            .filter(|made| made["metadata"]["sluice_account_id"] == mark);
        let expected = usize::from(*end == AccountStatus::Onboarding);
        assert_eq!(of_job.count(), expected, "after {fault} {more}");
    }
    let told = "select count(*) from notifications where event_type = 'account.updated'";
    assert_eq!(world.count(told).await, troubles.len() as i64);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_one_account_whoever_asks_and_through_whichever_wallet() {
    let world = world().await;
    let mut other = world.wallet_job("anna");
    other.currency = Currency::USD;
    world.answer_to(&other).await.unwrap();
    let wallets = [world.wallet("anna").await, other.wallet_id()];
    let jobs: Vec<_> = (0..8)
        .map(|number| world.account_job(&format!("k{number}"), wallets[number % 2]))
        .collect();
    let replies = join_all(jobs.iter().map(|job| world.answer_to(job))).await;
    let mut ids: Vec<_> = replies
        .into_iter()
        .map(|reply| match serde_json::from_slice(&reply.unwrap()).unwrap() {
            CreateAccountReply::Account(view) => view.id,
            other => panic!("{other:?}"),
        })
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.accounts_at_provider().await.len(), 1);
    let mut elsewhere = world.account_job("k9", wallets[0]);
    elsewhere.country = "DE".into();
    let reply = world.answer_to(&elsewhere).await.unwrap();
    let reply: CreateAccountReply = serde_json::from_slice(&reply).unwrap();
    assert_eq!(reply, CreateAccountReply::OtherCountry);
    // The one whose key gave the account its id: the same key for another wallet is another request.
    let first = jobs.iter().position(|job| job.account_id() == ids[0]).unwrap();
    let mut again = jobs[first].clone();
    again.wallet_id = wallets[(first + 1) % 2];
    let reply = world.answer_to(&again).await.unwrap();
    let reply: CreateAccountReply = serde_json::from_slice(&reply).unwrap();
    assert_eq!(reply, CreateAccountReply::Conflict);
    assert_eq!(world.accounts_at_provider().await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_refuses_is_failed_and_another_may_be_asked_for() {
    let world = world().await;
    let wallet = world.wallet("anna").await;
    let mut job = world.account_job("k1", wallet);
    job.country = "KP".into();
    world.publish(&job).await;
    let failed = world.account_until(&job, AccountStatus::Failed).await;
    assert_eq!(failed.failure, Some(domain::payment::Failure::account_refused()));
    let words = "select count(*) from connect_records where error like '%KP%'";
    assert!(world.count(words).await > 0, "the merchant can read why");
    let parked = "select count(*) from job_failures";
    assert_eq!(
        world.count(parked).await,
        0,
        "users fill no queue of people's with countries"
    );
    // Sent again, it changes nothing.
    world.publish(&job).await;
    let good = world.account_job("k2", wallet);
    world.publish(&good).await;
    world.account_until(&good, AccountStatus::Onboarding).await;
    world.account_until(&job, AccountStatus::Failed).await;
    assert_eq!(world.accounts_at_provider().await.len(), 1);
    world.close().await;
}

/// That says nothing about the account: every user's would fail, and nobody would look.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_opens_no_accounts_is_for_people() {
    for (status, code) in [(401, "authentication_failed"), (403, "not_permitted")] {
        let world = world().await;
        let job = world.account_job("k", world.wallet("anna").await);
        world.fault(OPENING, "error", json!({ "status": status })).await;
        world.publish(&job).await;
        let letter = world.parked("create_account").await.to_string();
        assert!(letter.contains(code), "{letter}");
        assert_eq!(world.parked_for("create_account", "refused").await, 1);
        world.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_run_twice_is_opened_once_and_told_once() {
    let world = world().await;
    let job = world.account_job("k", world.wallet("anna").await);
    join_all((0..10).map(|_| world.publish(&job))).await;
    let account = world.account_until(&job, AccountStatus::Onboarding).await;
    world.publish(&job).await;
    world.answer_to(&job).await.unwrap();
    let after = world.store.connected_account(account.id).await.unwrap().unwrap();
    assert_eq!(after, account);
    assert_eq!(world.accounts_at_provider().await.len(), 1);
    assert_eq!(world.count("select count(*) from notifications").await, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_asked_for_with_a_wallet_is_opened_once() {
    let world = world().await;
    let mut job = world.wallet_job("anna");
    job.account = Some(AccountWish {
        idempotency_key: key("k"),
        country: "US".into(),
    });
    join_all((0..5).map(|_| world.publish(&job))).await;
    let opening = job.create_account().unwrap();
    let account = world.account_until(&opening, AccountStatus::Onboarding).await;
    assert_eq!(account.user_id, job.user_id);
    // A wallet that was there before, too, gets its owner an account, and the account that is there is it.
    let mut dollars = job.clone();
    dollars.currency = Currency::USD;
    world.wallet("bob").await;
    let mut of_bob = world.wallet_job("bob");
    of_bob.account = job.account.clone().map(|wish| AccountWish {
        idempotency_key: key("b"),
        ..wish
    });
    for job in [&dollars, &of_bob, &of_bob] {
        world.answer_to(job).await.unwrap();
    }
    world
        .account_until(&of_bob.create_account().unwrap(), AccountStatus::Onboarding)
        .await;
    assert_eq!(world.accounts_at_provider().await.len(), 2);
    assert_eq!(world.count("select count(*) from wallets").await, 3);
    let told = "select count(*) from notifications where event_type = 'account.updated'";
    assert_eq!(world.count(told).await, 2);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_with_an_account_in_no_country_is_not_opened() {
    let world = world().await;
    let mut job = world.wallet_job("anna");
    job.account = Some(AccountWish {
        idempotency_key: key("k"),
        country: "usa".into(),
    });
    world.publish(&job).await;
    let parked = "select count(*) from job_failures where error_class = 'invalid'";
    world.wait_until(1, async || world.count(parked).await).await;
    assert_eq!(world.count("select count(*) from wallets").await, 0);
    world.close().await;
}
