//! What callbacks do to accounts, and the links that are shown to their owners.

use domain::{
    connect::AccountStatus,
    id::WalletId,
    job::{CreateAccountLink, CreateAccountLinkReply, ProcessCallback},
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{World, key, world};

fn link_job(world: &World, wallet_id: WalletId) -> CreateAccountLink {
    CreateAccountLink {
        merchant_id: world.merchant_id,
        idempotency_key: key("link"),
        wallet_id,
        return_url: "https://shop.example/back".into(),
        refresh_url: "https://shop.example/again".into(),
    }
}

/// A callback that shows this object, of this account.
fn told(world: &World, event: &str, account: &Value, object: &Value) -> ProcessCallback {
    world.callback_of(account.as_str(), event, "account.updated", object)
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_in_any_order_leave_the_account_as_its_provider_has_it() {
    let world = world().await;
    let account = world.account("anna").await;
    let id = json!(account.channel_account_id);
    let old = world.accounts_at_provider().await.remove(0);
    world.complete(&account).await;
    let new = world.accounts_at_provider().await.remove(0);
    // The older one comes last, each of them twice, and all at once.
    let callbacks = [
        ("evt_new", &new),
        ("evt_old", &old),
        ("evt_new", &new),
        ("evt_old", &old),
    ];
    for (event, object) in callbacks {
        world.publish(&told(&world, event, &id, object)).await;
    }
    join_all(callbacks.map(|(event, object)| {
        let callback = told(&world, &format!("{event}_again"), &id, object);
        let world = &world;
        async move { world.publish(&callback).await }
    }))
    .await;
    world
        .wait_until(4, async || {
            world.count("select count(*) from payment_callbacks").await
        })
        .await;
    let now = world.store.connected_account(account.id).await.unwrap().unwrap();
    assert_eq!(now.status, AccountStatus::Active);
    assert!(now.requirements.currently_due.is_empty());
    // Opened, and active: each is told once.
    assert_eq!(world.count("select count(*) from notifications").await, 2);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_knows_is_ignored_and_one_that_claims_to_be_ours_is_parked() {
    let world = world().await;
    let stranger = json!("acct_stranger");
    let object = json!({ "id": "acct_stranger", "object": "account" });
    world.publish(&told(&world, "evt_1", &stranger, &object)).await;
    // The merchant's own account changed, not a connected one.
    world.publish(&told(&world, "evt_2", &Value::Null, &object)).await;
    let ignored = "select count(*) from payment_callbacks where outcome = 'ignored'";
    world.wait_until(2, async || world.count(ignored).await).await;
    let mut marked = object.clone();
    marked["metadata"] = json!({ "sluice_account_id": format!("cac_{}", "0".repeat(32)) });
    world.publish(&told(&world, "evt_3", &stranger, &marked)).await;
    let parked = "select count(*) from job_failures where error_class = 'mismatch'";
    world.wait_until(1, async || world.count(parked).await).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_told_to_whoever_waits_and_kept_nowhere() {
    let world = world().await;
    let wallet = world.wallet("anna").await;
    let ask = async || -> CreateAccountLinkReply {
        let reply = world.answer_to(&link_job(&world, wallet)).await.unwrap();
        serde_json::from_slice(&reply).unwrap()
    };
    assert_eq!(ask().await, CreateAccountLinkReply::NoAccount);
    world.account("anna").await;
    let CreateAccountLinkReply::Link(link) = ask().await else {
        panic!("there is no link")
    };
    assert!(link.url.starts_with(&world.sandbox.base_url()), "{link:?}");
    assert!(!format!("{link:?}").contains("http"), "it would reach a log");
    // Nobody waits for this one, so none is made.
    world.publish(&link_job(&world, wallet)).await;
    let dump = world.dump(&[]).await.to_string();
    assert!(!dump.contains("/onboarding/"), "it is stored");
    world
        .fault("POST /v1/account_links", "error", json!({ "status": 500 }))
        .await;
    assert!(matches!(ask().await, CreateAccountLinkReply::Unavailable { .. }));
    let calls = world.calls().await;
    let links = calls.iter().filter(|call| *call == "POST /v1/account_links");
    assert_eq!(links.count(), 2);
    world.close().await;
}
