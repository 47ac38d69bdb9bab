//! Opening wallets: found or accepted, published, and what cannot be used.

use domain::{
    job::{CreateWallet, CreateWalletReply, Job},
    wallet::{Wallet, WalletView},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{WALLETS, body, opening, wallet_of};
use crate::{
    worker::{ask, only_job},
    world::world,
};

#[tokio::test]
async fn a_wallet_is_accepted_and_published_as_it_was_asked_for() {
    let world = world().await;
    world.ready().await;
    let job = opening(&world);
    let location = format!("{WALLETS}/{}", job.wallet_id());
    let answer = world.send(world.post(WALLETS, "k", &body())).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.header("location"), Some(location.as_str()));
    let expected = json!({
        "id": job.wallet_id(), "merchant_id": world.shop.id, "user_id": "user-42", "currency": "EUR",
    });
    assert_eq!(answer.body, expected);
    let (published, properties) = only_job::<CreateWallet>(&world).await;
    assert_eq!(published, job);
    assert_eq!(properties["correlation_id"], job.wallet_id().to_string());
    let answer = world.send(world.get(&location)).await;
    answer.is_problem(404, "/problems/not-found");
    assert_eq!(answer.header("retry-after"), Some("1"));
    world.close().await;
}

#[tokio::test]
async fn whoever_waits_gets_the_wallet() {
    let world = world().await;
    world.ready().await;
    let job = opening(&world);
    let wallet = Wallet::new(
        job.merchant_id,
        job.user_id.clone(),
        job.currency,
        chrono::DateTime::UNIX_EPOCH,
    );
    let view = WalletView::from(&wallet);
    let reply = CreateWalletReply::Wallet(Box::new(view.clone()));
    let answer = ask(&world, world.post(WALLETS, "k", &body()), &job, &reply).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body, serde_json::to_value(&view).unwrap());
    world.close().await;
}

/// Under whatever key, and with nothing for a worker to do.
#[tokio::test]
async fn a_wallet_that_is_there_is_found() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "user-42", 1).await;
    for key in ["k", "another"] {
        let answer = world.send(world.post(WALLETS, key, &body())).await;
        assert_eq!(answer.status, StatusCode::OK);
        let view: Value = serde_json::to_value(WalletView::from(&wallet)).unwrap();
        assert_eq!(answer.body, view);
    }
    let kind = CreateWallet::CONTRACT.kind.name();
    assert_eq!(world.take_jobs(kind, 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn what_names_no_owner_or_currency_is_explained() {
    let world = world().await;
    world.ready().await;
    for (body, field, words) in [
        (json!({"currency": "EUR"}), "user_id", "which of your users"),
        (
            json!({"currency": "EUR", "user_id": "two words"}),
            "user_id",
            "visible ASCII",
        ),
        (json!({"currency": "XXX", "user_id": "u"}), "currency", "XXX"),
    ] {
        let answer = world.send(world.post(WALLETS, "k", &body)).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names(field, words);
    }
    // Nobody says what is in a wallet.
    for field in ["balance_minor", "held_minor", "available_minor"] {
        let mut body = body();
        body[field] = 1.into();
        let answer = world.send(world.post(WALLETS, "k", &body)).await;
        answer.is_problem(400, "/problems/malformed-json");
    }
    assert_eq!(world.take_jobs("create_wallet", 10).await.len(), 0);
    world.close().await;
}
