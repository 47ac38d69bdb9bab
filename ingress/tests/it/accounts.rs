//! Accounts of wallets' owners over HTTP: what is accepted, shown and refused at the door.

mod destinations;
mod ended;
mod paying;

use std::{cell::Cell, time::Duration};

use chrono::DateTime;
use domain::{
    channel::{AccountLink, Channel, Requirements},
    connect::{Abilities, AccountStatus, AccountView, ConnectedAccount},
    id::IdempotencyKey,
    job::{CreateAccount, CreateAccountLink, CreateAccountLinkReply, CreateAccountReply, CreateWallet},
    wallet::Wallet,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::Record;

use crate::{
    wallets::{WALLETS, wallet_of},
    worker::{ask, only_job},
    world::{World, world},
};

fn account_job(world: &World, wallet: &Wallet) -> CreateAccount {
    CreateAccount {
        merchant_id: world.shop.id,
        idempotency_key: IdempotencyKey::try_from("account".to_owned()).unwrap(),
        wallet_id: wallet.id,
        country: "US".into(),
    }
}

fn new_account(world: &World, wallet: &Wallet) -> ConnectedAccount {
    let job = account_job(world, wallet);
    ConnectedAccount {
        id: job.account_id(),
        merchant_id: world.shop.id,
        user_id: wallet.user_id.clone(),
        channel: Channel::Stripe,
        fingerprint: job.fingerprint(),
        idempotency_key: job.idempotency_key,
        country: job.country,
        status: AccountStatus::Pending,
        channel_account_id: None,
        abilities: Abilities::default(),
        requirements: Requirements::default(),
        failure: None,
        version: 0,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

/// The account of a wallet's owner, as a worker stores it.
pub async fn account_of(world: &World, wallet: &Wallet) -> ConnectedAccount {
    let account = new_account(world, wallet);
    let record = Record {
        new_account: Some(Box::new(account.clone())),
        ..Record::default()
    };
    world.write(record).await;
    account
}

/// The same once its provider has opened it.
async fn opened_for(world: &World, wallet: &Wallet) -> ConnectedAccount {
    let account = ConnectedAccount {
        status: AccountStatus::Onboarding,
        channel_account_id: Some("acct_1".into()),
        requirements: Requirements {
            currently_due: vec!["external_account".into()],
            ..Requirements::default()
        },
        ..account_of(world, wallet).await
    };
    let record = Record {
        account: Some(Box::new(account.clone())),
        ..Record::default()
    };
    world.write(record).await;
    account
}

/// The same once it can be sent money.
async fn payable_for(world: &World, wallet: &Wallet) -> ConnectedAccount {
    let account = ConnectedAccount {
        abilities: Abilities {
            transfers_enabled: true,
            ..Abilities::default()
        },
        version: 1,
        ..opened_for(world, wallet).await
    };
    let record = Record {
        account: Some(Box::new(account.clone())),
        ..Record::default()
    };
    world.write(record).await;
    account
}

fn account_at(wallet: &Wallet) -> String {
    format!("{WALLETS}/{}/account", wallet.id)
}

#[tokio::test]
async fn an_account_is_accepted_published_and_shown_with_what_is_required() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "anna", 1).await;
    let (path, body) = (account_at(&wallet), json!({"country": "US"}));
    let absent = world.send(world.get(&path)).await;
    absent.is_problem(404, "/problems/not-found");
    let answer = world.send(world.post(&path, "account", &body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.header("location"), Some(path.as_str()));
    let (published, _) = only_job::<CreateAccount>(&world).await;
    assert_eq!(published, account_job(&world, &wallet));
    let view = AccountView::from(&opened_for(&world, &wallet).await);
    let shown = serde_json::to_value(&view).unwrap();
    assert_eq!(world.send(world.get(&path)).await.body, shown);
    for key in ["account", "another"] {
        let again = world.send(world.post(&path, key, &body)).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &shown));
    }
    let elsewhere = json!({"country": "DE"});
    let refused = world.send(world.post(&path, "another", &elsewhere)).await;
    refused.is_problem(409, "/problems/action-refused");
    assert_eq!(refused.body["code"], "account_in_another_country");
    let conflict = world.send(world.post(&path, "account", &elsewhere)).await;
    conflict.is_problem(409, "/problems/idempotency-conflict");
    for bad in ["us", "USA", "", "U1"] {
        let answer = world.send(world.post(&path, "k", &json!({"country": bad}))).await;
        let problem = answer.is_problem(422, "/problems/invalid-request");
        problem.names("country", "ISO 3166-1");
    }
    assert_eq!(world.take_jobs("create_account", 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn whoever_waits_gets_the_account() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "anna", 1).await;
    let (path, job) = (account_at(&wallet), account_job(&world, &wallet));
    let view = AccountView::from(&new_account(&world, &wallet));
    let reply = CreateAccountReply::Account(Box::new(view.clone()));
    let request = world.post(&path, "account", &json!({"country": "US"}));
    let answer = ask(&world, request, &job, &reply).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body, serde_json::to_value(&view).unwrap());
    world.close().await;
}

#[tokio::test]
async fn a_link_is_told_to_whoever_waits() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "anna", 1).await;
    let path = format!("{}/onboarding-link", account_at(&wallet));
    let body =
        json!({"return_url": "https://shop.example/back", "refresh_url": "http://localhost:3000/again"});
    let job = CreateAccountLink {
        merchant_id: world.shop.id,
        idempotency_key: IdempotencyKey::try_from("k".to_owned()).unwrap(),
        wallet_id: wallet.id,
        return_url: "https://shop.example/back".into(),
        refresh_url: "http://localhost:3000/again".into(),
    };
    let link = AccountLink {
        url: "https://connect.stripe.com/setup/e/acct_1/x".into(),
        expires_at: DateTime::UNIX_EPOCH,
    };
    let request = || world.post(&path, "k", &body);
    let told = ask(
        &world,
        request(),
        &job,
        &CreateAccountLinkReply::Link(link.clone()),
    )
    .await;
    assert_eq!((told.status, &told.body), (StatusCode::OK, &json!(link)));
    assert_eq!(told.header("cache-control"), Some("no-store"));
    let none = ask(&world, request(), &job, &CreateAccountLinkReply::NoAccount).await;
    none.is_problem(409, "/problems/action-refused");
    assert_eq!(none.body["code"], "account_not_open");
    let message = "not done".to_owned();
    let away = ask(
        &world,
        request(),
        &job,
        &CreateAccountLinkReply::Unavailable { message },
    )
    .await;
    away.is_problem(503, "/problems/provider-unavailable");
    let unasked = world.send(request()).await;
    unasked.is_problem(400, "/problems/prefer-wait");
    for bad in [
        "http://shop.example",
        "http://localhost.example",
        "shop.example",
        "javascript:alert(1)",
    ] {
        let body = json!({"return_url": bad, "refresh_url": "https://shop.example"});
        let answer = world.send(world.post(&path, "k", &body)).await;
        let problem = answer.is_problem(422, "/problems/invalid-request");
        problem.names("return_url", "https://");
    }
    assert_eq!(
        world.take_jobs("create_account_link", 10).await,
        Vec::<Value>::new()
    );
    world.close().await;
}

#[tokio::test]
async fn an_account_is_asked_for_with_the_wallet_that_it_is_for() {
    let world = world().await;
    world.ready().await;
    let with_account = |country: &str| {
        let mut body = crate::wallets::body();
        body["account"] = json!({ "country": country });
        body
    };
    let post = async |key: &str, country: &str| {
        let request = world.post(WALLETS, key, &with_account(country));
        world.send(request).await
    };
    let bad = post("account", "us").await;
    let problem = bad.is_problem(422, "/problems/invalid-request");
    problem.names("account.country", "ISO 3166-1");
    let answer = post("account", "US").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let (published, _) = only_job::<CreateWallet>(&world).await;
    let wallet = wallet_of(&world, "user-42", 1).await;
    assert_eq!(published.create_account(), Some(account_job(&world, &wallet)));
    // The wallet is there, and its owner has no account yet.
    let answer = post("account", "US").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let (again, _) = only_job::<CreateWallet>(&world).await;
    assert_eq!(again, published);
    opened_for(&world, &wallet).await;
    // What PostgreSQL does not say in time is accepted, and found out by the worker.
    let accepted = Cell::new(0);
    let known = async |key: &str, country: &str| loop {
        let answer = post(key, country).await;
        if answer.status != StatusCode::ACCEPTED {
            break answer;
        }
        accepted.set(accepted.get() + 1);
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    for key in ["account", "another"] {
        assert_eq!(known(key, "US").await.status, StatusCode::OK);
    }
    let refused = known("another", "DE").await;
    refused.is_problem(409, "/problems/action-refused");
    assert_eq!(refused.body["code"], "account_in_another_country");
    let conflict = known("account", "DE").await;
    conflict.is_problem(409, "/problems/idempotency-conflict");
    assert_eq!(world.take_jobs("create_wallet", 100).await.len(), accepted.get());
    world.close().await;
}
