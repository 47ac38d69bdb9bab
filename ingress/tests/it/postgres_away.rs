//! PostgreSQL away: ingress goes on accepting from everybody it knows.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use store::{Doing, StoreError};

use crate::{
    callbacks::{self, signed},
    refunds,
    world::{eventually, good_body, job_ids, open_shop, world, world_with},
};

#[tokio::test]
async fn known_keys_go_on_working() {
    let world = world_with(|config| config.limits.remembered_for = Duration::from_millis(100)).await;
    world.ready().await;
    let stranger = open_shop(&world.store).await;
    assert_eq!(
        world.send(world.pay("before", &good_body())).await.status,
        StatusCode::ACCEPTED
    );
    world.database.set_reachable(false).await;
    // Longer than a key is fresh, so that ingress has to ask and gets no answer.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let started = Instant::now();
    for n in 0..20 {
        let answer = world.send(world.pay(&format!("during-{n}"), &good_body())).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
    }
    // At most one quarter of a second is spent asking, per second.
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    let mut changed = good_body();
    changed["amount"] = 2000.into();
    let conflict = world.send(world.pay("before", &changed)).await;
    assert_eq!(
        conflict.status,
        StatusCode::ACCEPTED,
        "a conflict is for the worker to find then"
    );
    assert_eq!(job_ids(&world.take_jobs("create_intent", 100).await).len(), 22);

    let unknown = world
        .request(Method::GET, "/api/v1/payments")
        .bearer_auth(&stranger.key);
    let answer = world.send(unknown.try_clone().unwrap()).await;
    answer.is_problem(503, "/problems/store-unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let wrong = format!("{}0", &world.shop.key[..world.shop.key.len() - 1]);
    let wrong = if wrong == world.shop.key {
        format!("{}1", &wrong[..wrong.len() - 1])
    } else {
        wrong
    };
    let answer = world
        .send(world.request(Method::GET, "/api/v1/payments").bearer_auth(wrong))
        .await;
    answer.is_problem(401, "/problems/unauthorized");
    let answer = world.send(world.get("/api/v1/payments")).await;
    answer.is_problem(503, "/problems/store-unavailable");

    eventually("the probe tells", async || {
        let ready = world.send(world.request(Method::GET, "/readyz")).await;
        assert_eq!(ready.status, StatusCode::OK);
        ready.body["postgresql"] == "away"
    })
    .await;
    world.database.set_reachable(true).await;
    assert_eq!(world.send(unknown).await.status, StatusCode::OK);
    world.close().await;
}

#[tokio::test]
async fn refunds_and_wishes_are_taken_on_the_workers_word() {
    let world = world().await;
    world.ready().await;
    let payment = refunds::paid(&world, "k").await;
    let place = format!("/api/v1/payments/{}", payment.id);
    assert_eq!(world.send(world.get(&place)).await.status, StatusCode::OK);
    world.database.set_reachable(false).await;
    // More than was paid, and about a payment that nobody has: for the worker to find out.
    let unknown = world.job("never").payment_id();
    for (path, body) in [
        (
            refunds::REFUNDS.into(),
            json!({"payment_id": payment.id.to_string(), "amount": 5_000_000}),
        ),
        (format!("/api/v1/payments/{unknown}/refund"), json!({})),
        (format!("{place}/cancel"), json!({})),
        (format!("{place}/confirm"), json!({})),
    ] {
        let answer = world.send(world.post(&path, &path, &body)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{path}: {answer:?}");
    }
    for (kind, count) in [
        ("create_refund", 2),
        ("cancel_payment", 1),
        ("confirm_payment", 1),
    ] {
        assert_eq!(world.take_jobs(kind, 10).await.len(), count, "{kind}");
    }
    for path in [refunds::REFUNDS.to_owned(), format!("{place}/status")] {
        let answer = world.send(world.get(&path)).await;
        answer.is_problem(503, "/problems/store-unavailable");
    }
    world.database.set_reachable(true).await;
    world.close().await;
}

#[tokio::test]
async fn callbacks_of_known_merchants_go_on_arriving() {
    let world = world_with(|config| config.limits.remembered_for = Duration::from_millis(100)).await;
    world.ready().await;
    callbacks::set_secrets(&world, &[callbacks::SECRET]).await;
    let (header, body) =
        signed(r#"{"id": "evt_1", "object": "event", "type": "charge.refunded", "data": {"object": {}}}"#);
    assert_eq!(
        callbacks::send(&world, Some(&header), &body).await.status,
        StatusCode::OK
    );
    world.database.set_reachable(false).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        callbacks::send(&world, Some(&header), &body).await.status,
        StatusCode::OK
    );
    assert_eq!(world.take_jobs("process_callback", 10).await.len(), 2);
    world.database.set_reachable(true).await;
    world.close().await;
}

#[tokio::test]
async fn a_revoked_key_is_noticed() {
    let world = world_with(|config| config.limits.remembered_for = Duration::from_millis(500)).await;
    let listed = || world.get("/api/v1/payments");
    assert_eq!(world.send(listed()).await.status, StatusCode::OK);
    assert!(
        world
            .store
            .revoke_key(
                &world.shop.key_id,
                Doing::by("test", chrono::DateTime::UNIX_EPOCH)
            )
            .await
            .unwrap()
    );
    tokio::time::sleep(Duration::from_millis(600)).await;
    world
        .send(listed())
        .await
        .is_problem(401, "/problems/unauthorized");
    world.close().await;
}

#[tokio::test]
async fn ingress_cannot_write() {
    let world = world().await;
    let config = crate::world::config(&world.database, world.vhost.url().expose());
    let store = store::Store::connect_lazily(&config.store, config.vault).unwrap();
    assert_eq!(store.merchants().await.unwrap().len(), 1);
    let revoked = store
        .revoke_key(
            &world.shop.key_id,
            Doing::by("test", chrono::DateTime::UNIX_EPOCH),
        )
        .await;
    let error = revoked.unwrap_err();
    let refused = matches!(&error, StoreError::Refused(_) | StoreError::Unavailable(_));
    let text = error.to_string();
    assert!(
        refused && (text.contains("read-only") || text.contains("permission denied")),
        "{text}"
    );
    assert!(
        !world
            .store
            .key(&world.shop.key_id)
            .await
            .unwrap()
            .unwrap()
            .revoked
    );
    store.close().await;
    world.close().await;
}
